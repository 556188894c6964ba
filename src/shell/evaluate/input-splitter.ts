import type { Parsed } from "../rewrite/parse";

/** A statement or a dot-command. */
export interface ReplInput {
  readonly kind: "statement" | "command";
  readonly text: string;
  /** Lines before it in the text that it was taken from, for the location of an error. */
  readonly linesBefore: number;
}

export interface SplitterOptions {
  readonly parse: (text: string) => Parsed;
  /** Whether a dot-command of this name exists. */
  isCommand(name: string): boolean;
}

/**
 * Splits a whole text (a pipe, a file, what was pasted) into statements and dot-commands, in the order in which they run: functions are
 * declared first, as in a file of JavaScript. Where a statement is wrong anywhere, that part of the text is the only result, so that
 * running it prints the error and nothing else runs.
 */
export function splitInputs(text: string, options: SplitterOptions): ReplInput[] {
  const inputs: ReplInput[] = [];
  for (const part of partsOf(text, options)) {
    if (part.kind === "command") inputs.push(part);
    else {
      const parsed = options.parse(part.text);
      if (parsed.status === "incomplete" || parsed.status === "invalid") return [part];
      inputs.push(...(parsed.status === "complete" ? statementsOf(part, parsed, options) : wholeLines(part, options)));
    }
  }
  return inputs;
}

// Dot-commands ----------------------------------------------------------------------------------------------------------

/** `.name` without `(` after it; the name of a member that continues a chain may be indented. */
const COMMAND = /^\.(\w+)(?=\s|$)/;
/** `?name`, the help on a name; `? a` continues a condition. */
const HELP = /^\?(?:$|[\p{ID_Start}$_.])/u;

const MAY_BE_COMMAND = /^\s*[.?]/;

/** The dot-commands of a text, and the JavaScript between them. */
function partsOf(text: string, options: SplitterOptions): ReplInput[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const parts: ReplInput[] = [];
  let first = 0;
  const endPart = (end: number): void => {
    const part = lines.slice(first, end).join("\n");
    if (part.trim() !== "") parts.push({ kind: "statement", text: part, linesBefore: first });
  };
  lines.forEach((line, index) => {
    if (!MAY_BE_COMMAND.test(line)) return;
    const before = lines.slice(first, index).join("\n");
    if (!isCommandLine(line, before, lines[index + 1], options)) return;
    endPart(index);
    parts.push({ kind: "command", text: line.trim(), linesBefore: index });
    first = index + 1;
  });
  endPart(lines.length);
  return parts;
}

/** Whether a line is a dot-command: the text before it is complete, and the line does not continue it. */
function isCommandLine(line: string, before: string, next: string | undefined, options: SplitterOptions): boolean {
  const isFirst = before.trim() === "";
  const start = isFirst ? line.trimStart() : line;
  const name = COMMAND.exec(start)?.[1];
  if (name === undefined && !HELP.test(start)) return false;
  if (isFirst) return true;
  // `.name` of no command is a member, `.name (…)` a call, and `?name` before `:` a condition.
  if (name !== undefined && (!options.isCommand(name) || /^\.\w+\s*\(/.test(start))) return false;
  if (name === undefined && /^\s*:/.test(next ?? "")) return false;
  return options.parse(before).status !== "incomplete";
}

// Statements ------------------------------------------------------------------------------------------------------------

/** The statements of a text that was parsed as a whole. Those that share a line are one input, as they are when they are typed. */
function statementsOf(
  part: ReplInput,
  { program, typed }: Extract<Parsed, { status: "complete" }>,
  options: SplitterOptions,
): ReplInput[] {
  const inputs: { start: number; isFunction: boolean }[] = [];
  for (const { type, start } of program.body) {
    const at = typed.offset(start);
    const isFunction = type === "FunctionDeclaration";
    const sharesLine = isAfterCode(part.text.slice(part.text.lastIndexOf("\n", at - 1) + 1, at));
    const before = inputs.at(-1);
    if (before && sharesLine) before.isFunction &&= isFunction;
    else inputs.push({ start: at, isFunction });
  }
  if (inputs.length <= 1) return [part];
  const pieces = inputs.map(({ start }, index) => part.text.slice(index === 0 ? 0 : start, inputs[index + 1]?.start));
  const statements = asStatements(pieces, part, options);
  // Where TypeScript was compiled, a statement may have become several.
  if (statements.length !== inputs.length) return statements;
  const isFunction = (_: unknown, index: number): boolean => inputs[index]!.isFunction;
  return [...statements.filter(isFunction), ...statements.filter((_, index) => !isFunction(_, index))];
}

/** Whether something other than a comment or the end of the line before stands in what precedes a statement in its line. */
function isAfterCode(before: string): boolean {
  return /[^;\s]/.test(before.replace(/^.*\*\//, ""));
}

/** Each piece that is a statement by itself; one that is not belongs to the next one. */
function asStatements(pieces: readonly string[], part: ReplInput, { parse }: SplitterOptions): ReplInput[] {
  const statements: ReplInput[] = [];
  let [text, linesBefore] = ["", part.linesBefore];
  pieces.forEach((piece, index) => {
    text += piece;
    const { status } = parse(text);
    const isLast = index === pieces.length - 1;
    if (!isLast && (status === "incomplete" || status === "invalid")) return;
    statements.push({ kind: "statement", text: asBlock(text.trimEnd()), linesBefore });
    linesBefore += text.split("\n").length - 1;
    text = "";
  });
  return statements;
}

/** `{ … }` among other statements is a block; alone at the prompt it would be an object. */
function asBlock(text: string): string {
  return /^\s*\{/.test(text) && !text.endsWith(";") ? `${text};` : text;
}

/** A text that is nested too deeply to be parsed as a whole: lines are put together until they are complete. */
function wholeLines({ text, linesBefore }: ReplInput, { parse }: SplitterOptions): ReplInput[] {
  const inputs: ReplInput[] = [];
  const lines = text.split("\n");
  let first = 0;
  lines.forEach((_, index) => {
    const whole = lines.slice(first, index + 1).join("\n");
    if (whole.trim() === "" || (index < lines.length - 1 && parse(whole).status === "incomplete")) return;
    inputs.push({ kind: "statement", text: whole, linesBefore: linesBefore + first });
    first = index + 1;
  });
  return inputs;
}
