import { Parser, type Options, type Program } from "acorn";

/** A text as the shell understands it. */
export type Parsed =
  | { readonly status: "complete"; readonly program: Program; readonly source: string; readonly typed: TypedSource }
  /** More lines are needed before it means anything. */
  | { readonly status: "incomplete" }
  | { readonly status: "invalid"; readonly message: string; readonly offset: number };

/** Where a place in the parsed text was typed; the two differ when types were stripped. */
export interface TypedSource {
  readonly text: string;
  offset(parsedOffset: number): number;
}

/** What strips TypeScript's syntax, or says why it cannot. */
export type StripTypes = (source: string) => Stripped;
export type Stripped =
  | { readonly status: "complete"; readonly source: string; offset(strippedOffset: number): number }
  | { readonly status: "incomplete" }
  | { readonly status: "invalid"; readonly message: string; readonly offset: number };

/** acorn's parser; the two getters are not in its published types. */
interface Acorn {
  readonly inClassStaticBlock: boolean;
}

/**
 * `await` is legal in every function, since the rewriting makes them all able to wait,
 * and a program is a script: names need no declaration.
 */
const ShellParser = Parser.extend((Base) => {
  class Awaiting extends (Base as unknown as new (...args: unknown[]) => Acorn) {
    get canAwait(): boolean {
      return !this.inClassStaticBlock;
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

/** Parses JavaScript; TypeScript's syntax is stripped only when JavaScript's does not fit, since its compiler is slow to load. */
export function parse(text: string, stripTypes?: StripTypes): Parsed {
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
    if (!isAcornError(error)) throw error;
    if (isCutShort(text, error)) return { status: "incomplete" };
    return { status: "invalid", message: error.message.replace(/ \(\d+:\d+\)$/, ""), offset: error.pos };
  }
}

/** `{ a: 1 }` at a prompt is meant as an object, not as a block with a label. */
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

/** Whether the parser met the end of the text where the grammar wants more. */
function isCutShort(text: string, error: AcornError): boolean {
  if (/^Unterminated (template|comment)/.test(error.message)) return true;
  if (/^Missing catch/.test(error.message)) return error.raisedAt >= text.trimEnd().length;
  if (/^Unterminated string/.test(error.message)) return text.endsWith("\\");
  // acorn names the place of the first token it cannot use: at the end of the text there is none.
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
