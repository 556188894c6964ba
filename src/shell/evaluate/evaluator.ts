import { isObject } from "../../values";
import { createRequire } from "node:module";
import { parse, type Parsed, type TypedSource } from "../rewrite/parse";
import { subjectAt, type ErrorSubject } from "../rewrite/access";
import { compile, tooDeep } from "../rewrite/compile";
import { offsetAt, type Rewritten } from "../rewrite/rope";
import { RUNTIME } from "../rewrite/scope";
import type { LastStatement } from "../rewrite/rewrite";
import { stripTypes } from "../rewrite/types";
import { isAwaitable } from "../../query/awaitable";
import { Engine, type Completion } from "./engine";
import { showTypedFunctions } from "./function-text";
import { Interrupted, Runtime, type Input, type RuntimeHost } from "./runtime";

/** How an input ended. */
export type EvaluationResult =
  | { readonly kind: "value"; readonly value: unknown; readonly last: LastStatement }
  | { readonly kind: "error"; readonly error: unknown; readonly location: SourceLocation | undefined }
  | { readonly kind: "interrupted" };

/** A location in an input. */
export interface SourceLocation {
  readonly text: string;
  readonly offset: number;
}

/** A syntax error with its offset. */
export class InputError extends SyntaxError {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
    this.name = "SyntaxError";
  }
}

interface EvaluatedInput {
  readonly rewritten: Rewritten;
  readonly typed: TypedSource;
}

/** How long an interrupted input may take to end before it is abandoned, in milliseconds. */
const END_TIMEOUT = 400;

/** Inputs whose text is kept, to locate errors in functions that were typed earlier. */
const MAX_INPUTS = 500;

/**
 * What stands for a value in the message of an error that rewritten code throws. V8 names the type where it cannot parse the code again,
 * as in a field of a class with `await` in the name of a member.
 */
const REWRITTEN =
  /^(?:string ".*"|(?:number|boolean) \S+|object null|object|symbol|bigint)(?= is not a (?:constructor|function))|^(?:function|#<\w+>|\(\(__r.*)(?= is not a constructor)|__(?:run|retort[\d.sync]*)\.of\(\.\.\.\)|\(0\s*,\s*__(?:run|retort[\d.sync]*)\.t\)|__(?:run|retort[\d.sync]*)\.t(?:\.[\p{ID_Continue}$]+|\[[^\]]*\]|\.?\(intermediate value\))*|(?:\(intermediate value\))+/u;

/** A function that is the key of a member: `o.missing[f]`. */
const REWRITTEN_KEY = / \((?:reading|setting) '[^]*__r(?:un|etort)[^]*'\)$/;

const SUBJECTS: readonly (readonly [message: RegExp, subject: ErrorSubject])[] = [
  [/ is not a function/, "callee"],
  [/ is not a constructor/, "constructor"],
  [/ is not iterable/, "iterable"],
  [/^Cannot destructure /, "destructured"],
];

/** Evaluates inputs, one after the other. */
export class Evaluator {
  private readonly runtime: Runtime;
  private readonly engine: Engine;
  private readonly entities = new Set<string>();
  private readonly substitutes = new Map<string, string>();
  private readonly installed = new Map<string, PropertyDescriptor | undefined>();
  private readonly inputs = new Map<number, EvaluatedInput>();
  private readonly declared = new Set<string>();
  private readonly showRewrittenFunctions: () => void;
  private count = 0;
  private interruption: (() => void) | undefined;

  constructor(host: RuntimeHost) {
    this.runtime = new Runtime(host, (error) => this.describe(error), this.entities);
    Object.defineProperty(globalThis, RUNTIME, {
      value: this.runtime,
      configurable: true,
      enumerable: false,
      writable: true,
    });
    this.engine = new Engine(this.runtime, RUNTIME);
    this.showRewrittenFunctions = showTypedFunctions(() => this.inputs.values());
  }

  /**
   * Defines a name for inputs. A name that JavaScript or Node has already (an entity `Map`) has the new meaning in inputs and the
   * old one everywhere else.
   */
  define(name: string, value: unknown, kind: "entity" | "value" = "value"): void {
    if (kind === "entity") this.entities.add(name);
    // A declaration of an input cannot be removed, but substituted.
    if ((name in globalThis && !this.installed.has(name)) || this.declared.delete(name)) {
      this.runtime.names[name] = value;
      this.substitutes.set(name, `${RUNTIME}.names.${name}`);
      return;
    }
    this.installed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: false, writable: true });
  }

  /** Defines `require`, relative to a file of the project. */
  defineRequire(file: string): void {
    this.define("require", createRequire(file));
  }

  /** The value of a name, if it can be read without running anything. */
  peek(name: string): { readonly value: unknown } | undefined {
    return this.substitutes.has(name) ? { value: this.runtime.names[name] } : this.engine.peek(name);
  }

  /** Whether an input has given a name another value than it was defined with. */
  isRedefined(name: string, value: unknown): boolean {
    if (this.substitutes.has(name)) return false;
    return this.declared.has(name) || Object.getOwnPropertyDescriptor(globalThis, name)?.value !== value;
  }

  /** Names that inputs have declared. */
  declaredNames(): readonly string[] {
    return [...this.declared];
  }

  parse(text: string): Parsed {
    return parse(text, stripTypes);
  }

  /** Evaluates a complete input. */
  async evaluate(text: string, options: { breakable?: boolean } = {}): Promise<EvaluationResult> {
    const number = (this.count += 1);
    const helper = `${RUNTIME}${number}`;
    const { entities, substitutes } = this;
    const compiled = await compile(text, { helper, entities, substitutes });
    if (compiled.status === "incomplete")
      return syntaxError(text, new InputError("the input is incomplete", text.length));
    if (compiled.status === "invalid") return syntaxError(text, new InputError(compiled.message, compiled.offset));
    const { rewritten, typed, last } = compiled;
    this.keep(number, { rewritten, typed });
    // A declaration hides the substitute of its name.
    for (const name of compiled.declares) {
      this.substitutes.delete(name);
      this.declared.add(name);
    }
    const result = await this.run(
      `${rewritten.code}\n//# sourceURL=retort:${number}`,
      helper,
      last,
      options.breakable ?? false,
    );
    return isCompileOverflow(result) ? syntaxError(text, new InputError(tooDeep(text), 0)) : result;
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
      // An interrupted input ends at its next await or iteration, unless it awaits something that never settles.
      const ending = await Promise.race([running, interrupted.then(() => withTimeout(END_TIMEOUT, running))]);
      if (input.interrupted || ending === "late" || ending.kind === "interrupted") {
        input.interrupted = true;
        return { kind: "interrupted" };
      }
      if (ending.kind === "thrown") {
        if (ending.error instanceof Interrupted) return { kind: "interrupted" };
        const error = this.runtime.unclaimed.explained(ending.error);
        this.describe(error);
        return { kind: "error", error, location: this.locate(ending.error) };
      }
      return { kind: "value", value: input.last, last };
    } finally {
      this.interruption = undefined;
      input.last = undefined;
      Reflect.deleteProperty(scope, helper);
    }
  }

  /** A last value that is a promise (`new Promise(…)`) is awaited. */
  private async settled(ending: Completion, input: Input): Promise<Completion> {
    if (ending.kind !== "done" || !isAwaitable(input.last)) return ending;
    try {
      input.last = await input.last;
      return ending;
    } catch (error) {
      return { kind: "thrown", error };
    }
  }

  /** Ends the running input. The caller cancels what runs elsewhere, such as a query on a server. */
  interrupt(): void {
    this.interruption?.();
  }

  /** Where in an input an error was thrown. */
  locate(error: unknown): SourceLocation | undefined {
    const stack = isObject(error) ? (error as Error).stack : undefined;
    if (typeof stack !== "string") return undefined;
    for (const [, number, line, column] of stack.matchAll(/retort:(\d+):(\d+):(\d+)/g)) {
      const input = this.inputs.get(Number(number));
      if (!input) continue;
      const at = offsetAt(input.rewritten.code, Number(line), Number(column));
      return {
        text: input.typed.text,
        offset: input.typed.offset(input.rewritten.sourceOffset(at)),
      };
    }
    return undefined;
  }

  /** Changes the message of an error of JavaScript so that it names what was typed, not the rewritten code. */
  private describe(error: unknown): void {
    const message = isObject(error) ? (error as Error).message : undefined;
    if (typeof message !== "string" || !(REWRITTEN.test(message) || REWRITTEN_KEY.test(message))) return;
    const location = this.locate(error);
    const subject = SUBJECTS.find(([pattern]) => pattern.test(message))?.[1];
    const typed = location && subject && subjectAt(location.text, location.offset, subject);
    if (typed === undefined && !message.includes("__r")) return;
    const described = message.replace(REWRITTEN_KEY, "").replace(REWRITTEN, typed ?? "(intermediate value)");
    const { stack } = error as Error;
    (error as Error).message = described;
    // The stack begins with the message of the time when the error was made.
    if (typeof stack === "string") (error as Error).stack = stack.replace(message, () => described);
  }

  /** Removes the names from the global object. */
  close(): void {
    this.engine.close();
    this.showRewrittenFunctions();
    for (const [name, before] of this.installed) {
      if (before) Object.defineProperty(globalThis, name, before);
      else Reflect.deleteProperty(globalThis, name);
    }
    // The runtime stays: pending timers may call typed functions.
  }

  private keep(number: number, input: EvaluatedInput): void {
    this.inputs.set(number, input);
    this.inputs.delete(number - MAX_INPUTS);
  }
}

/** Whether V8's parser has run out of stack, before anything was evaluated. */
function isCompileOverflow(result: EvaluationResult): boolean {
  if (result.kind !== "error" || !(result.error instanceof RangeError)) return false;
  return result.location === undefined && !/\n\s*at retort:/.test(result.error.stack ?? "");
}

function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T | "late"> {
  return Promise.race([
    work,
    new Promise<"late">((resolve) => setTimeout(() => resolve("late"), milliseconds).unref()),
  ]);
}

function syntaxError(text: string, error: InputError): EvaluationResult {
  return { kind: "error", error, location: { text, offset: error.offset } };
}
