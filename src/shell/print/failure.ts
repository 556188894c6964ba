import { isObject } from "../../values";
import { firstLine } from "../../text";
import path from "node:path";
import { RetortError } from "../../errors";
import { didYouMean } from "../../suggestion";
import { ansi, EMPTY, escapeLine, escapeText, linesOf, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";
import { cut, wrap } from "../../terminal/width";
import { positionAt } from "../rewrite/rope";
import { accessAt } from "../rewrite/access";
import { adviceFor, type Advice, type KnownNames } from "./newcomers";
import type { SourceLocation } from "../evaluate/evaluator";

export interface FailureContext extends KnownNames {
  readonly style: Style;
  readonly width: number;
  /** Whether long lines are wrapped at a blank. */
  readonly isTerminal: boolean;
  readonly verbose: boolean;
  /** Known names, for "did you mean". */
  names(): Iterable<string>;
  /** The input that failed, where it is known. */
  readonly input: string | undefined;
  /** Whether the session needs a rollback, and the error is about it. */
  readonly needsRollback: boolean;
  /** Whether the shell is read-only. */
  readonly isReadOnly: boolean;
}

/** An error in one or two lines: what happened, and the next thing to type or where it happened. */
export function failureLines(
  error: unknown,
  location: SourceLocation | undefined,
  context: FailureContext,
): EscapedText[] {
  const { style } = context;
  const columns = context.isTerminal ? Math.max(20, context.width) : Infinity;
  const advice = adviceFor(error, location, context, context.input);
  const text = advice?.message ?? messageOf(error, location, context, advice !== undefined);
  const message = cut(escapeLine(text), Math.max(context.width, 400));
  const lines = wrap(message, columns).map((line, index) => style.bad(index === 0 ? line : ansi`  ${line}`));
  const next = advice?.hint ?? nextOf(error, context);
  if (next) lines.push(...hintLines(escapeLine(next), columns, style));
  else if (location && !isObvious(location, message)) lines.push(locationLine(location, context));
  if (context.verbose && error instanceof Error && error.stack)
    lines.push(...linesOf(escapeText(error.stack)).map(style.dim));
  return lines;
}

/** What to type instead of an input that has given nothing. */
export function adviceLines(
  { message = "", hint }: Advice,
  { style, width }: { style: Style; width: number },
): EscapedText[] {
  return [style.warn(escapeLine(message)), ...hintLines(escapeLine(hint), Math.max(20, width), style)];
}

function hintLines(text: EscapedText, columns: number, style: Style): EscapedText[] {
  return wrap(text, columns - 4).map((line, index) =>
    index === 0 ? ansi`  ${style.dim(ansi`→`)} ${line}` : ansi`    ${line}`,
  );
}

/** The next thing to type; a needed rollback comes first. */
function nextOf(error: unknown, context: FailureContext): string | undefined {
  const hint = hintOf(error, context);
  if (!context.needsRollback) return hint;
  const code = error instanceof RetortError ? error.code : "";
  if (code === "session/needs-rollback") return "db.session.rollback()";
  if (error instanceof RetortError && error.retryable) return "db.session.rollback(), then try the same work again";
  return ["the session needs db.session.rollback() first", hint].filter(Boolean).join("; ");
}

function hintOf(error: unknown, { isReadOnly, isTerminal }: FailureContext): string | undefined {
  if (!(error instanceof RetortError)) return undefined;
  if ((error.cause as { code?: unknown } | undefined)?.code === "SQLITE_READONLY_DBMOVED")
    return "the database file was moved or deleted while the shell was open; .reload opens the current one";
  if (error.code === "database/not-a-database") return "the database file was overwritten; restore it, then .reload";
  if (error.code === "session/closed") return ".reload opens a new one";
  // PostgreSQL requires a rollback after any statement that failed or was cancelled inside a transaction.
  if (isAborted(error)) return "db.session.rollback() ends the open transaction";
  if (isReadOnly && error.code === "database/read-only")
    return "this shell is read-only; open it without --read-only, or with --write for a remote host, to change data";
  // At the prompt the dot-command does the same.
  return isTerminal ? error.hint?.replace(/^retort migrate /, ".migrate ") : error.hint;
}

function isAborted(error: RetortError): boolean {
  return (error.cause as { code?: unknown } | undefined)?.code === "25P02";
}

function messageOf(
  error: unknown,
  location: SourceLocation | undefined,
  context: FailureContext,
  hasAdvice: boolean,
): string {
  if (!(error instanceof Error)) return `Thrown: ${thrown(error)}`;
  if (error instanceof RetortError) return firstLine(error.message);
  // What to type is better than a name that is near.
  const isNamed = hasAdvice && error.name === "ReferenceError";
  const message = (isNamed ? undefined : explained(error, location, context)) ?? firstLine(error.message);
  if (!message) return error.name;
  return error.name === "Error" ? message : `${error.name}: ${message}`;
}

/** JavaScript's message with the expression that was typed, and a suggestion. */
function explained(error: Error, location: SourceLocation | undefined, context: FailureContext): string | undefined {
  const missing = /^(\S+) is not defined$/.exec(error.message);
  if (missing) return `${error.message}${didYouMean(missing[1]!, without(missing[1]!, context.names()))}`;
  if (!location || !(error instanceof TypeError) || !isTyped(error)) return undefined;
  const empty = /^Cannot (?:read|set) properties of (null|undefined)(?: \((?:reading|setting) '(.*)'\))?/.exec(
    error.message,
  );
  if (empty) {
    const access = accessAt(location.text, location.offset, empty[2]);
    if (access?.object === undefined) return undefined;
    const misspelt = empty[1] === "undefined" ? suggestedMember(access.object, context) : "";
    return `${access.object} is ${empty[1]}, so it has no "${access.name}"${misspelt}`;
  }
  const access = accessAt(location.text, location.offset);
  if (/ is not a function$/.test(error.message) && access?.object) {
    return `${access.object}.${access.name} is not a function${didYouMean(access.name, context.members(access.object))}`;
  }
  return undefined;
}

/** `User.qery`: the member whose name is near, where what is read from has none of this name. */
function suggestedMember(expression: string, context: FailureContext): string {
  const dot = expression.lastIndexOf(".");
  const [owner, name] = [expression.slice(0, dot), expression.slice(dot + 1)];
  const members = dot < 0 ? [] : [...context.members(owner)];
  return members.includes(name) ? "" : didYouMean(name, members);
}

/** The shell's own frames between the input and what it calls. */
const EVALUATE = path.join(__dirname, "..", "evaluate");

/** Whether an error was thrown by the input itself, not by something that it called. */
function isTyped({ stack = "" }: Error): boolean {
  const first = stack.split("\n").find((line) => /^\s*at /.test(line) && !line.includes(EVALUATE));
  return first?.includes("retort:") ?? false;
}

function* without(word: string, names: Iterable<string>): Generator<string> {
  // A deleted name is still known.
  for (const name of names) if (name !== word) yield name;
}

/** Whether the message alone locates the error in a one-line input. */
function isObvious({ text, offset }: SourceLocation, message: string): boolean {
  const access = accessAt(text, offset);
  if (text.trim().includes("\n")) return false;
  const word = /[\p{ID_Continue}$]*/u.exec(text.slice(offset))![0];
  return (access?.object !== undefined && message.includes(access.object)) || text.trim() === word;
}

/** The line of the input, with the location marked. */
function locationLine({ text, offset }: SourceLocation, { style, width }: FailureContext): EscapedText {
  const { line, column } = positionAt(text, Math.min(offset, text.length));
  const source = text.split("\n")[line - 1] ?? "";
  const isMultiline = text.trimEnd().includes("\n");
  const before = source.slice(0, column - 1);
  const word = /^(?:[\p{ID_Continue}$]+|.)?/u.exec(source.slice(column - 1))?.[0] ?? "";
  // Of a long line the part around the location.
  const room = Math.max(30, width - 16 - word.length);
  const from = Math.max(0, before.length - Math.floor(room / 2));
  const shownBefore = escapeLine(`${from > 0 ? "…" : ""}${before.slice(from)}`.trimStart());
  const after = cut(escapeLine(source.slice(before.length + word.length)), Math.max(8, room - shownBefore.length));
  const where = isMultiline ? ansi`line ${line}: ` : style.enabled ? EMPTY : ansi`at column ${column}: `;
  return ansi`  ${style.dim(ansi`${where}${shownBefore}`)}${style.underline(escapeLine(word))}${style.dim(after)}`;
}

function thrown(value: unknown): string {
  return isObject(value) ? JSON.stringify(value) : String(value);
}
