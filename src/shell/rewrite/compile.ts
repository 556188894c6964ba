import path from "node:path";
import { Worker } from "node:worker_threads";
import { tokenizer } from "acorn";
import { parse, parseDeep, type Parsed, type TypedSource } from "./parse";
import { render, Rewritten, type Mapped } from "./rope";
import { rewrite, type LastStatement } from "./rewrite";
import type { RewriteOptions } from "./scope";
import { stripTypes } from "./types";

/** An input that is ready to be evaluated. */
export interface CompiledInput {
  readonly status: "complete";
  readonly rewritten: Rewritten;
  readonly typed: TypedSource;
  readonly last: LastStatement;
  /** Names that the input declares. */
  readonly declares: readonly string[];
}

export type Compilation = CompiledInput | Extract<Parsed, { status: "incomplete" | "invalid" }>;

/** Parses and rewrites an input. One that is nested too deeply for this thread's stack is compiled in a thread with a larger one. */
export async function compile(text: string, options: RewriteOptions): Promise<Compilation> {
  const parsed = parse(text, stripTypes);
  if (parsed.status === "deep") return compileInThread(text, options);
  return parsed.status === "complete" ? compiled(parsed, options) : parsed;
}

function compiled(parsed: Extract<Parsed, { status: "complete" }>, options: RewriteOptions): CompiledInput {
  const { rope, last, declares } = rewrite(parsed.program, parsed.source, options);
  return { status: "complete", rewritten: render(rope, parsed.source), typed: parsed.typed, last, declares };
}

// Deep inputs ---------------------------------------------------------------------------------------------------------

/** Stack of the thread, in MiB: enough for the deepest input that V8 evaluates, and for errors in deeper ones. */
const STACK = 200;

/** What the thread sends back: data only. */
export type DeepCompilation =
  | Exclude<Compilation, CompiledInput>
  | (Omit<CompiledInput, "rewritten" | "typed"> & {
      readonly source: string;
      readonly code: string;
      readonly mapped: readonly Mapped[];
    });

/** Compiles a deep input in the thread that has the stack for it. */
export function compileDeep(text: string, options: RewriteOptions): DeepCompilation {
  const parsed = parseDeep(text);
  if (parsed.status === "deep") return { status: "invalid", message: tooDeep(text), offset: 0 };
  if (parsed.status !== "complete") return parsed;
  const { rewritten, last, declares } = compiled(parsed, options);
  const { source, code, mapped } = rewritten;
  return { status: "complete", source, code, mapped, last, declares };
}

async function compileInThread(text: string, options: RewriteOptions): Promise<Compilation> {
  const thread = new Worker(path.join(__dirname, "deep-thread.js"), {
    workerData: { text, options },
    resourceLimits: { stackSizeMb: STACK },
  });
  const result = await new Promise<DeepCompilation>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  await thread.terminate();
  if (result.status !== "complete") return result;
  const { source, code, mapped, last, declares } = result;
  const moved = source.length === text.length ? 0 : 1;
  const typed: TypedSource = { text, offset: (offset) => Math.min(Math.max(offset - moved, 0), text.length) };
  return { status: "complete", rewritten: new Rewritten(source, code, mapped), typed, last, declares };
}

/** What is said of an input that is nested too deeply to be evaluated. */
export function tooDeep(text: string): string {
  return `the input is nested ${depthOf(text)} levels deep, more than JavaScript can evaluate`;
}

/** How deep parentheses, brackets and braces are nested. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const { type } of tokenizer(text, { ecmaVersion: "latest" })) {
    if (/^(\(|\[|\{|\$\{)$/.test(type.label)) deepest = Math.max(deepest, (depth += 1));
    else if (/^[)\]}]$/.test(type.label)) depth -= 1;
  }
  return deepest;
}
