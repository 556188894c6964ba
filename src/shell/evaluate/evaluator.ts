import { isObject } from "../../values";
import { createRequire } from "node:module";
import { parse, type Parsed, type TypedSource } from "../rewrite/parse";
import { offsetAt, render, type Rewritten } from "../rewrite/rope";
import { rewrite, type LastStatement } from "../rewrite/rewrite";
import { stripTypes } from "../rewrite/types";
import { isAwaitable } from "../../query/awaitable";
import { Engine, type Completion } from "./engine";
import { Interrupted, Runtime, type Input, type RuntimeHost } from "./runtime";

/** How an input ended. */
export type EvaluationResult =
  | { readonly kind: "value"; readonly value: unknown; readonly last: LastStatement }
  | { readonly kind: "error"; readonly error: unknown; readonly location: SourceLocation | undefined }
  | { readonly kind: "interrupted" };

/** A place in what was typed. */
export interface SourceLocation {
  readonly text: string;
  readonly offset: number;
  /** The expression there, when it is known. */
  readonly expression: string | undefined;
}

/** A syntax error, with its place. */
export class InputError extends SyntaxError {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
    this.name = "SyntaxError";
  }
}

interface Remembered {
  readonly rewritten: Rewritten;
  readonly typed: TypedSource;
}

/** How long an interrupted input may take to come to its end, in milliseconds; then it is left behind. */
const END_WITHIN = 400;

/** Inputs whose text is kept, so that an error in a function typed earlier can be shown. */
const REMEMBERED = 500;

/** The name of the runtime on the global object; rewritten code calls it. */
const RUNTIME = "__retort";

/** Evaluates inputs, one after the other, in the realm of the process. */
export class Evaluator {
  private readonly runtime: Runtime;
  private readonly engine: Engine;
  private readonly entities = new Set<string>();
  private readonly substitutes = new Map<string, string>();
  private readonly installed = new Map<string, PropertyDescriptor | undefined>();
  private readonly inputs = new Map<number, Remembered>();
  private readonly declared = new Set<string>();
  private count = 0;
  private interruption: (() => void) | undefined;

  constructor(host: RuntimeHost) {
    this.runtime = new Runtime(host);
    Object.defineProperty(globalThis, RUNTIME, {
      value: this.runtime,
      configurable: true,
      enumerable: false,
      writable: true,
    });
    this.engine = new Engine(this.runtime, RUNTIME);
  }

  /**
   * Puts a name at hand. A name that JavaScript or Node has already (an entity `Map`) means the new thing in what is typed,
   * and the old one everywhere else.
   */
  define(name: string, value: unknown, kind: "entity" | "value" = "value"): void {
    if (kind === "entity") this.entities.add(name);
    // What was declared at the prompt cannot be taken back, but passed over.
    if ((name in globalThis && !this.installed.has(name)) || this.declared.delete(name)) {
      this.runtime.names[name] = value;
      this.substitutes.set(name, `${RUNTIME}.names.${name}`);
      return;
    }
    this.installed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: false, writable: true });
  }

  /** Gives the prompt a `require` that looks from a file of the project. */
  defineRequire(file: string): void {
    this.define("require", createRequire(file));
  }

  /** The value of a name, if it can be had without running anything. */
  peek(name: string): { readonly value: unknown } | undefined {
    return this.substitutes.has(name) ? { value: this.runtime.names[name] } : this.engine.peek(name);
  }

  /** Whether what was typed has given a name another meaning than it was defined with. */
  isRedefined(name: string, value: unknown): boolean {
    if (this.substitutes.has(name)) return false;
    return this.declared.has(name) || Object.getOwnPropertyDescriptor(globalThis, name)?.value !== value;
  }

  /** Names that were declared by what was typed. */
  declaredNames(): readonly string[] {
    return [...this.declared];
  }

  /** `import.meta`, for a file that is run. */
  set meta(meta: Record<string, unknown>) {
    this.runtime.meta = meta;
  }

  parse(text: string): Parsed {
    return parse(text, stripTypes);
  }

  /** Evaluates an input that is whole. */
  async evaluate(text: string, options: { breakable?: boolean } = {}): Promise<EvaluationResult> {
    const parsed = this.parse(text);
    if (parsed.status === "incomplete") return wrong(text, new InputError("the input ends too early", text.length));
    if (parsed.status === "invalid") return wrong(text, new InputError(parsed.message, parsed.offset));
    const number = (this.count += 1);
    const helper = `${RUNTIME}${number}`;
    const program = rewrite(parsed.program, parsed.source, {
      helper,
      entities: this.entities,
      substitutes: this.substitutes,
    });
    const rewritten = render([program.rope, `\n//# sourceURL=retort:${number}`], parsed.source);
    this.remember(number, { rewritten, typed: parsed.typed });
    // What is declared at the prompt hides what was there under its name.
    for (const name of program.declares) {
      this.substitutes.delete(name);
      this.declared.add(name);
    }
    return this.run(rewritten.code, helper, program.last, options.breakable ?? false);
  }

  private async run(code: string, helper: string, last: LastStatement, breakable: boolean): Promise<EvaluationResult> {
    const input = this.runtime.begin();
    const scope = globalThis as Record<string, unknown>;
    Object.defineProperty(scope, helper, { value: input, configurable: true, enumerable: false });
    const interrupted = new Promise<void>((resolve) => {
      this.interruption = () => {
        input.interrupted = true;
        resolve();
      };
    });
    try {
      const running = this.engine.evaluate(code, breakable).then((ended) => this.settled(ended, input));
      // An interrupted input ends by itself at its next step, unless it waits for something that never comes.
      const ending = await Promise.race([running, interrupted.then(() => within(END_WITHIN, running))]);
      if (input.interrupted || ending === "late" || ending.kind === "interrupted") {
        input.interrupted = true;
        return { kind: "interrupted" };
      }
      if (ending.kind === "thrown") {
        if (ending.error instanceof Interrupted) return { kind: "interrupted" };
        return { kind: "error", error: ending.error, location: this.locate(ending.error) };
      }
      return { kind: "value", value: input.last, last };
    } finally {
      this.interruption = undefined;
      input.last = undefined;
      Reflect.deleteProperty(scope, helper);
    }
  }

  /** A promise that was not waited for while it was made (`new Promise(…)`) is, when it is all that is left. */
  private async settled(ending: Completion, input: Input): Promise<Completion> {
    if (ending.kind !== "done" || !isAwaitable(input.last)) return ending;
    try {
      input.last = await input.last;
      return ending;
    } catch (error) {
      return { kind: "thrown", error };
    }
  }

  /** Ends the running input; what it has begun elsewhere (a query on a server) is for the caller to end. */
  interrupt(): void {
    this.interruption?.();
  }

  get isRunning(): boolean {
    return this.interruption !== undefined;
  }

  /** Where in what was typed an error came about. */
  locate(error: unknown): SourceLocation | undefined {
    const stack = isObject(error) ? (error as Error).stack : undefined;
    if (typeof stack !== "string") return undefined;
    for (const [, number, line, column] of stack.matchAll(/retort:(\d+):(\d+):(\d+)/g)) {
      const input = this.inputs.get(Number(number));
      if (!input) continue;
      const at = offsetAt(input.rewritten.code, Number(line), Number(column));
      return {
        text: input.typed.text,
        offset: input.typed.offset(input.rewritten.typedOffset(at)),
        expression: undefined,
      };
    }
    return undefined;
  }

  /** Takes the names back off the global object. */
  close(): void {
    this.engine.close();
    for (const [name, before] of this.installed) {
      if (before) Object.defineProperty(globalThis, name, before);
      else Reflect.deleteProperty(globalThis, name);
    }
    // The runtime stays: functions that were typed may be called by timers that are still waiting.
  }

  private remember(number: number, input: Remembered): void {
    this.inputs.set(number, input);
    this.inputs.delete(number - REMEMBERED);
  }
}

function within<T>(milliseconds: number, work: Promise<T>): Promise<T | "late"> {
  return Promise.race([
    work,
    new Promise<"late">((resolve) => setTimeout(() => resolve("late"), milliseconds).unref()),
  ]);
}

function wrong(text: string, error: InputError): EvaluationResult {
  return { kind: "error", error, location: { text, offset: error.offset, expression: undefined } };
}
