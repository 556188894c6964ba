import { Parser, type Options, type Program } from "acorn";
import { childrenOf, type Node } from "./ast";

export type Parsed =
  | { readonly status: "complete"; readonly program: Program; readonly source: string; readonly typed: TypedSource }
  /** More lines are needed. */
  | { readonly status: "incomplete" }
  /** Nested too deeply for code that visits it recursively; see ./compile. */
  | { readonly status: "deep" }
  | { readonly status: "invalid"; readonly message: string; readonly offset: number };

/** Maps offsets of the parsed text to the input; the two differ where types were stripped. */
export interface TypedSource {
  readonly text: string;
  offset(parsedOffset: number): number;
}

export type StripTypes = (source: string) => Stripped;
export type Stripped =
  | { readonly status: "complete"; readonly source: string; offset(strippedOffset: number): number }
  | { readonly status: "incomplete" }
  | { readonly status: "invalid"; readonly message: string; readonly offset: number };

/** A getter of acorn's parser that is not in its published types. */
interface Acorn {
  readonly inClassStaticBlock: boolean;
  readonly scopeStack: readonly unknown[];
  raiseRecoverable(offset: number, message: string): void;
}

/**
 * `await` is allowed in every function, since the rewriter makes all of them async where needed. A program is a script: names need
 * no declaration.
 */
const ShellParser = Parser.extend((Base) => {
  class Awaiting extends (Base as unknown as new (...args: unknown[]) => Acorn) {
    get canAwait(): boolean {
      return !this.inClassStaticBlock;
    }
    // A name can be declared again by a later statement of a text, as at the prompt. V8 refuses it within one input.
    override raiseRecoverable(offset: number, message: string): void {
      const isDeclaredAgain = this.scopeStack.length === 1 && message.endsWith("has already been declared");
      if (!isDeclaredAgain) super.raiseRecoverable(offset, message);
    }
  }
  return Awaiting as unknown as typeof Base;
});

const OPTIONS: Options = {
  ecmaVersion: "latest",
  sourceType: "script",
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowHashBang: true,
};

/** How deep nodes may be nested, so that visiting them does not exhaust the stack. */
const MAX_DEPTH = 400;

/** Parses JavaScript, and TypeScript where that fails: its compiler is slow to load. */
export function parse(text: string, stripTypes?: StripTypes): Parsed {
  const parsed = parseDeep(text, stripTypes);
  return parsed.status === "complete" && isDeeper(parsed.program, MAX_DEPTH) ? { status: "deep" } : parsed;
}

/** The same without a limit of depth, for a thread with a large stack. */
export function parseDeep(text: string, stripTypes?: StripTypes): Parsed {
  const plain = parseScript(text);
  if (plain.status !== "invalid" || !stripTypes) return plain;
  const stripped = stripTypes(text);
  if (stripped.status === "incomplete") return stripped;
  if (stripped.status === "invalid") return { status: "invalid", message: plain.message, offset: plain.offset };
  const again = parseScript(stripped.source);
  if (again.status !== "complete") return plain;
  return { ...again, typed: { text, offset: (offset) => stripped.offset(offset) } };
}

function parseScript(text: string): Parsed {
  const source = asExpression(text);
  const moved = source === text ? 0 : 1;
  const typed: TypedSource = {
    text,
    offset: (offset) => Math.min(Math.max(offset - moved, 0), text.length),
  };
  try {
    return { status: "complete", program: ShellParser.parse(source, OPTIONS), source, typed };
  } catch (error) {
    if (isStackOverflow(error)) return { status: "deep" };
    if (!isAcornError(error)) throw error;
    if (isCutShort(text, error)) return { status: "incomplete" };
    return { status: "invalid", message: error.message.replace(/ \(\d+:\d+\)$/, ""), offset: error.pos };
  }
}

/** `{ a: 1 }` at a prompt is an object, not a block with a label. */
function asExpression(text: string): string {
  if (!/^\s*\{/.test(text) || /;\s*$/.test(text)) return text;
  const wrapped = `(${text}\n)`;
  try {
    ShellParser.parse(wrapped, OPTIONS);
    return wrapped;
  } catch {
    return text;
  }
}

interface AcornError extends SyntaxError {
  pos: number;
  raisedAt: number;
}

function isAcornError(error: unknown): error is AcornError {
  return error instanceof SyntaxError && "pos" in error;
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError || (isAcornError(error) && error.message.startsWith("Not enough stack space"));
}

/** Whether nodes are nested deeper than a limit, found without recursion. */
function isDeeper(program: Program, limit: number): boolean {
  let level: Node[] = [program];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

/** Whether the text ends where the grammar needs more. */
function isCutShort(text: string, error: AcornError): boolean {
  if (/^Unterminated (template|comment)/.test(error.message)) return true;
  if (/^Missing catch/.test(error.message)) return error.raisedAt >= text.trimEnd().length;
  if (/^Unterminated string/.test(error.message)) return text.endsWith("\\");
  // acorn gives the offset of the unexpected token: here the end of the text.
  return error.message.startsWith("Unexpected token") && error.pos >= text.trimEnd().length && isAtEnd(text, error);
}

function isAtEnd(text: string, error: AcornError): boolean {
  return (
    text
      .slice(error.pos)
      .replace(/\/\/[^\n]*|\/\*[^]*?\*\//g, "")
      .trim() === ""
  );
}
