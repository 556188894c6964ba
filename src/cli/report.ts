import { firstLine } from "../text";
import { ExitCode, RetortError } from "../errors";
import { errorLocation } from "./error-location";
import { ansi, escapeText, join, type EscapedText } from "../terminal/escaped-text";
import type { Style } from "../terminal/style";

export interface ReportOptions {
  readonly verbose: boolean;
  readonly style: Style;
  /** Nothing caught the error: its location is printed whatever the error. */
  readonly uncaught?: boolean;
}

/**
 * An error as text for stderr: one line that says what happened, and one with the next thing to type; with `verbose` the stack and all
 * causes below them. Ends with a newline.
 */
export function report(error: unknown, { verbose, style, uncaught = false }: ReportOptions): EscapedText {
  const where = uncaught || !(error instanceof RetortError) ? errorLocation(error) : undefined;
  const lines = [ansi`${style.bad(ansi`error:`)} ${escapeText(`${where ? `${where}: ` : ""}${errorText(error)}`)}`];
  const hint = hintOf(error, verbose || where !== undefined);
  if (hint) lines.push(ansi`  ${style.dim(ansi`→`)} ${escapeText(hint)}`);
  if (verbose)
    lines.push(...chainOf(error).map((one, index) => style.dim(escapeText(index === 0 ? one : `caused by ${one}`))));
  return ansi`${join(lines, ansi`\n`)}\n`;
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof RetortError ? error.exitCode : ExitCode.failure;
}

/** The message of an error, with the name of an error of JavaScript. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return inWords(error);
  // TypeORM puts the class of the driver's error before its message.
  const { driverError } = error as { driverError?: unknown };
  if (driverError instanceof Error) return firstLine(driverError.message);
  // Retort's own messages may have several lines.
  if (error instanceof RetortError) return error.message;
  const message = firstLine(error.message);
  if (error.name === "Error") return message || "an error without a message";
  return message ? `${error.name}: ${message}` : error.name;
}

function inWords(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : `thrown: ${String(error)}`;
}

function hintOf(error: unknown, isPlaced: boolean): string | undefined {
  if (error instanceof RetortError) return error.hint;
  return isPlaced ? undefined : "add --verbose to see where it comes from";
}

/** The stacks of an error and its causes. */
function chainOf(error: unknown, seen = new Set<unknown>()): string[] {
  if (error === undefined || error === null || seen.has(error)) return [];
  seen.add(error);
  const { stack, cause, errors } = error as { stack?: unknown; cause?: unknown; errors?: unknown };
  const own = typeof stack === "string" ? stack : errorText(error);
  const below = Array.isArray(errors) ? errors.flatMap((one) => chainOf(one, seen)) : [];
  return [own, ...chainOf(cause, seen), ...below];
}
