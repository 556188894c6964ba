import path from "node:path";
import { isObject } from "../../values";
import { firstLine } from "../../text";
import { RetortError } from "../../errors";
import { didYouMean } from "../../suggestion";
import { oneLine } from "./cell";
import { cut, wrapped } from "./width";
import type { Theme } from "./theme";
import { positionAt } from "../rewrite/rope";
import { accessAt } from "../rewrite/access";
import type { Place } from "../evaluate/evaluator";

/** What can help to explain an error. */
export interface FailureContext {
  readonly theme: Theme;
  readonly width: number;
  /** Whether somebody reads it there: long lines go on below themselves at a blank, where a terminal would break a word. */
  readonly isTerminal: boolean;
  readonly verbose: boolean;
  /** Names that could have been meant by one that is not there. */
  names(): Iterable<string>;
  /** What could have been meant after `expression.`; asks types, runs nothing. */
  members(expression: string): Iterable<string>;
  /** Whether the session can do nothing before a rollback, and the error has to do with it. */
  readonly needsRollback: boolean;
  /** Whether the sitting has asked the database to refuse writes. */
  readonly isReadOnly: boolean;
}

/** An error in one or two lines: what happened, and where, or the next thing to type. */
export function failureLines(error: unknown, place: Place | undefined, context: FailureContext): string[] {
  const { theme } = context;
  const columns = context.isTerminal ? Math.max(20, context.width) : Infinity;
  const message = cut(messageOf(error, place, context), Math.max(context.width, 400));
  const lines = wrapped(message, columns).map((line, index) => theme.bad(index === 0 ? line : `  ${line}`));
  const next = nextOf(error, context);
  if (next) lines.push(...hintLines(next, columns, theme));
  else if (place && !isPlain(place, message)) lines.push(...whereLines(place, context));
  if (context.verbose && error instanceof Error && error.stack) lines.push(theme.quiet(error.stack));
  return lines;
}

function hintLines(text: string, columns: number, theme: Theme): string[] {
  return wrapped(text, columns - 4).map((line, index) =>
    index === 0 ? `  ${theme.quiet("→")} ${line}` : `    ${line}`,
  );
}

/** The next thing to type; that the session needs a rollback is said once. */
function nextOf(error: unknown, context: FailureContext): string | undefined {
  const hint = hintOf(error, context);
  if (!context.needsRollback) return hint;
  const code = error instanceof RetortError ? error.code : "";
  if (code === "session/needs-rollback") return "db.session.rollback()";
  if (error instanceof RetortError && error.retryable) return "db.session.rollback(), then try the same work again";
  return ["the session needs db.session.rollback() before it goes on", hint].filter(Boolean).join("; ");
}

function hintOf(error: unknown, { isReadOnly, isTerminal }: FailureContext): string | undefined {
  if (!(error instanceof RetortError)) return undefined;
  if ((error.cause as { code?: unknown } | undefined)?.code === "SQLITE_READONLY_DBMOVED")
    return "the database's file was moved or deleted since the shell was opened; .reload opens the one that is there now";
  if (error.code === "database/not-a-database")
    return "something else was written over the database's file; put it back, then .reload";
  if (error.code === "session/closed") return ".reload opens another one";
  // PostgreSQL wants a rollback after any statement that failed or was stopped inside a transaction.
  if (isAborted(error)) return "db.session.rollback() takes the open transaction back";
  if (isReadOnly && error.code === "database/read-only")
    return "this shell is read-only; one without --read-only, or with --write for a host that is far, may change things";
  // Whoever is at the prompt need not leave it.
  return isTerminal ? error.hint?.replace(/^retort migrate /, ".migrate ") : error.hint;
}

function isAborted(error: RetortError): boolean {
  return (error.cause as { code?: unknown } | undefined)?.code === "25P02";
}

function messageOf(error: unknown, place: Place | undefined, context: FailureContext): string {
  if (!(error instanceof Error)) return `Thrown: ${oneLine(thrown(error))}`;
  if (error instanceof RetortError) return printable(error.message);
  const message = explained(error, place, context) ?? printable(error.message);
  if (!message) return error.name;
  return error.name === "Error" ? message : `${error.name}: ${message}`;
}

/** What JavaScript says, in the words that were typed, and with what was probably meant. */
function explained(error: Error, place: Place | undefined, context: FailureContext): string | undefined {
  const missing = /^(\S+) is not defined$/.exec(error.message);
  if (missing) return `${error.message}${didYouMean(missing[1]!, without(missing[1]!, context.names()))}`;
  if (!place || !(error instanceof TypeError) || !isTyped(error)) return undefined;
  const empty = /^Cannot (?:read|set) properties of (null|undefined)(?: \((?:reading|setting) '(.*)'\))?/.exec(
    error.message,
  );
  if (empty) {
    const access = accessAt(place.text, place.offset, empty[2]);
    return access?.object && `${access.object} is ${empty[1]}, so it has no "${access.name}"`;
  }
  const access = accessAt(place.text, place.offset);
  if (/ is not a function$/.test(error.message) && access?.object) {
    return `${access.object}.${access.name} is not a function${didYouMean(access.name, context.members(access.object))}`;
  }
  return undefined;
}

/** The shell's own code that stands between what was typed and what it does. */
const EVALUATE = path.join(__dirname, "evaluate");

/** Whether an error came about in what was typed itself, not somewhere in what that called. */
function isTyped({ stack = "" }: Error): boolean {
  const first = stack.split("\n").find((line) => /^\s*at /.test(line) && !line.includes(EVALUATE));
  return first?.includes("retort:") ?? false;
}

function* without(word: string, names: Iterable<string>): Generator<string> {
  // A name that was deleted is known still.
  for (const name of names) if (name !== word) yield name;
}

/** Whether the message says where already, and one look at the line above shows it. */
function isPlain({ text, offset }: Place, message: string): boolean {
  const access = accessAt(text, offset);
  if (text.trim().includes("\n")) return false;
  const word = /[\p{ID_Continue}$]*/u.exec(text.slice(offset))![0];
  return (access?.object !== undefined && message.includes(access.object)) || text.trim() === word;
}

/** The line that was typed, with the place in it; nothing where a look at one short line tells as much. */
function whereLines({ text, offset }: Place, { theme, width }: FailureContext): string[] {
  const { line, column } = positionAt(text, Math.min(offset, text.length));
  const source = text.split("\n")[line - 1] ?? "";
  const many = text.trimEnd().includes("\n");
  const before = source.slice(0, column - 1);
  const word = /^(?:[\p{ID_Continue}$]+|.)?/u.exec(source.slice(column - 1))?.[0] ?? "";
  // Of a long line the surroundings of the place are enough.
  const room = Math.max(30, width - 16 - word.length);
  const from = Math.max(0, before.length - Math.floor(room / 2));
  const shownBefore = `${from > 0 ? "…" : ""}${before.slice(from)}`;
  const after = cut(source.slice(before.length + word.length), Math.max(8, room - shownBefore.length));
  const where = many ? `line ${line}: ` : theme.colours ? "" : `at column ${column}: `;
  return [`  ${theme.quiet(`${where}${shownBefore.trimStart()}`)}${theme.underlined(word)}${theme.quiet(after)}`];
}

function thrown(value: unknown): string {
  return isObject(value) ? JSON.stringify(value) : String(value);
}

/** The first line of a message, as the terminal may print it. */
function printable(message: string): string {
  return oneLine(firstLine(message));
}
