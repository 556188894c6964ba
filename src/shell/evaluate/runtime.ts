import { inspect } from "node:util";
import { isObject } from "../../values";
import { isAwaitable } from "../../query/awaitable";
import { callbackMethod } from "./arrays";

/*
 * What rewritten code calls while it runs. Its methods are named for how the code reads:
 * `(H.is(value)?await H.it():H.it())`.
 */

/** Raised inside a statement that Ctrl-C has ended, so that it does not go on behind the prompt. */
export class Interrupted extends Error {
  constructor() {
    super("Interrupted");
    this.name = "Interrupted";
  }
}

/** What the prompt knows and JavaScript does not. */
export interface RuntimeHost {
  /** Whether a value is an entity's class or schema. */
  isEntity(target: unknown): boolean;
  /** Makes an entity with values. */
  create(target: unknown, values: Record<string, unknown> | undefined): object;
  /** Whether a method of this receiver takes Python's keywords: queries, collections, the session. */
  takesKeywords(receiver: unknown): boolean;
  /** Loads a module for `import`. */
  import(specifier: string): Promise<unknown>;
}

/** How long JavaScript may run before it lets the terminal be heard, in milliseconds. */
const TURN = 30;
/**
 * The same for a function that could still give its value at once: pausing makes that a promise, which what was typed waits
 * for, but a callback of somebody else's code would not.
 */
const TURN_OF_FUNCTION = 1_000;

/**
 * Calls of typed functions inside each other. V8's stack would end a little later, where there is no room left to hand the
 * error on: as deep as Python goes is deep enough at a prompt.
 */
const DEEPEST = 1_200;

/** The ground that all inputs share; rewritten code knows it as `__retort`. */
export class Runtime {
  /** The input that is running. */
  current: Input | undefined;
  /** `import.meta` of what is running. */
  meta: Record<string, unknown> = {};
  /** Values of names that are not put on the global object. */
  readonly names: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  /** The last error that was thrown by an input, as the object it is. */
  thrown: unknown;
  /** Calls that are on the stack. */
  #depth = 0;

  constructor(readonly host: RuntimeHost) {}

  /** Begins an input. */
  begin(): Input {
    // What Ctrl-C has ended did not count back.
    this.#depth = 0;
    return (this.current = new Input(this));
  }

  /** Runs the body of a function that was typed; synchronously when nothing has to be waited for. */
  call(body: (run: Call) => Promise<unknown>): unknown {
    if (this.#depth >= DEEPEST) throw new RangeError("Maximum call stack size exceeded");
    this.#depth += 1;
    try {
      const call = new Call(this, this.current);
      return call.outcome(body(call));
    } finally {
      this.#depth -= 1;
    }
  }

  /** Begins the body of an async function that was typed. */
  enter(): Call {
    const call = new Call(this, this.current);
    call.goOnLater();
    return call;
  }
}

/** One call of a function that was typed. */
export class Call {
  private held: unknown;
  private synchronous = true;
  private ended = false;
  private failed = false;
  private result: unknown;
  private lastRest = 0;
  private turns = 0;

  constructor(
    protected readonly runtime: Runtime,
    private readonly input: Input | undefined,
  ) {}

  /** Whether an interruption has reached the input this belongs to. */
  protected get isInterrupted(): boolean {
    return this.input?.interrupted ?? false;
  }

  goOnLater(): void {
    this.synchronous = false;
  }

  // Waiting -----------------------------------------------------------------------------------------------------------

  /** Whether a value has to be waited for; it is held for `it()`. */
  is(value: unknown): boolean {
    if (this.isInterrupted) throw new Interrupted();
    this.held = value;
    return isObject(value) && isAwaitable(value);
  }

  /** The value that was held. */
  it(): unknown {
    const { held } = this;
    this.held = undefined;
    return held;
  }

  /** Whether what stands before `.name` has to be waited for: not when it can answer `name` as it is. */
  on(receiver: unknown, name?: string): boolean {
    return this.is(receiver) && !answers(receiver as object, name);
  }

  /** Whether a value ends an optional chain. */
  none(value: unknown): boolean {
    if (this.isInterrupted) throw new Interrupted();
    this.held = value;
    return value === null || value === undefined;
  }

  /** A method with its receiver. */
  bound(receiver: Record<PropertyKey, unknown>, name: PropertyKey): unknown {
    const method = receiver[name];
    return typeof method === "function" ? (method.bind(receiver) as unknown) : method;
  }

  /** Something to spread: queries give their rows. */
  list(value: unknown): unknown {
    return isAsyncIterable(value) && !isIterable(value) ? collect(value) : value;
  }

  /** A value whose named properties are about to be taken out; those that have to be waited for are. */
  parts(value: unknown, shape: Shape): unknown {
    return settleParts(value, shape);
  }

  /** Steps through something. */
  steps(source: unknown): Steps {
    return new Steps(source, () => (this.turn() ? this.rest() : undefined));
  }

  // Calls -------------------------------------------------------------------------------------------------------------

  /** `User(…)`. */
  make(target: unknown, values: readonly unknown[]): unknown {
    const { host } = this.runtime;
    if (host.isEntity(target)) return host.create(target, values[0] as Record<string, unknown> | undefined);
    return (target as (...given: readonly unknown[]) => unknown)(...values);
  }

  /** `new User(…)`. */
  construct(target: unknown, values: readonly unknown[]): unknown {
    const { host } = this.runtime;
    const [only] = values;
    if (host.isEntity(target) && values.length <= 1 && isValues(only) && !hasOwnConstructor(target)) {
      return host.create(target, only);
    }
    return new (target as new (...given: readonly unknown[]) => unknown)(...values);
  }

  /** Whether keywords may be given to a method of the receiver, which is held for `it()`. */
  keywords(receiver: unknown): boolean {
    this.held = receiver;
    return this.runtime.host.takesKeywords(receiver);
  }

  /** A method that takes a callback, which may have to be waited for. */
  callback(receiver: unknown, name: string, values: readonly unknown[]): unknown {
    const steps = callbackMethod(receiver, name, values);
    if (steps) return this.drive(steps);
    const method = (receiver as Record<string, (...given: readonly unknown[]) => unknown>)[name];
    if (typeof method !== "function") throw new TypeError(`${name} is not a function`);
    return method.apply(receiver, values as unknown[]);
  }

  import(specifier: string): Promise<unknown> {
    return this.runtime.host.import(String(specifier));
  }

  private drive(steps: Generator<unknown, unknown, unknown>): unknown {
    let given: unknown;
    for (;;) {
      const step = steps.next(given);
      if (step.done) return step.value;
      if (this.is(step.value)) return this.driveOn(steps, step.value);
      given = this.it();
    }
  }

  private async driveOn(steps: Generator<unknown, unknown, unknown>, first: unknown): Promise<unknown> {
    let given = await first;
    for (;;) {
      const step = steps.next(given);
      if (step.done) return step.value;
      given = this.is(step.value) ? await this.it() : this.it();
      if (this.turn()) await this.rest();
    }
  }

  // Loops -------------------------------------------------------------------------------------------------------------

  /** Whether a loop has run for so long that the terminal should be heard; throws when Ctrl-C was pressed. */
  turn(): boolean {
    if (this.isInterrupted) throw new Interrupted();
    // The clock is read every so many turns only.
    if (((this.turns += 1) & 63) !== 0) return false;
    const now = Date.now();
    if (this.lastRest === 0) this.lastRest = now;
    return now - this.lastRest > (this.synchronous ? TURN_OF_FUNCTION : TURN);
  }

  /** Lets timers, the network and the keyboard have their turn. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.lastRest = Date.now();
    if (this.isInterrupted) throw new Interrupted();
  }

  // The end of a function ---------------------------------------------------------------------------------------------

  /** `return value`. The body itself returns nothing: an async function would run a thenable that it returns. */
  give(value: unknown): void {
    this.result = value;
  }

  /** The body threw. */
  fail(error: unknown): void {
    if (!this.synchronous) throw error;
    this.failed = true;
    this.result = error;
  }

  /** The body has ended, in whichever way. */
  end(): void {
    this.ended = true;
  }

  /** What the caller gets: the value when the body has ended already, otherwise the promise of it. */
  outcome(promise: Promise<unknown>): unknown {
    this.synchronous = false;
    if (!this.ended) return promise.then(() => this.result);
    if (this.failed) throw this.result;
    return this.result;
  }
}

/** One input at the prompt. */
export class Input extends Call {
  interrupted = false;
  /** The value of the last statement. */
  last: unknown;

  constructor(runtime: Runtime) {
    super(runtime, undefined);
    this.goOnLater();
  }

  protected override get isInterrupted(): boolean {
    return this.interrupted;
  }
}

/** A `for…of` loop's position. */
export class Steps {
  done = false;
  value: unknown;
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly isAsync: boolean;

  constructor(
    source: unknown,
    private readonly rest: () => Promise<void> | undefined,
  ) {
    this.isAsync = !isIterable(source) && isAsyncIterable(source);
    if (this.isAsync) this.iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    else if (isIterable(source)) this.iterator = source[Symbol.iterator]();
    else throw new TypeError(`${describe(source)} is not iterable`);
  }

  /** Goes on to the next value; a promise when that takes time. */
  next(): Promise<void> | undefined {
    const resting = this.rest();
    if (resting) return resting.then(() => this.step());
    return this.step();
  }

  /** Ends the loop early. */
  close(): unknown {
    if (this.done) return undefined;
    this.done = true;
    return this.iterator.return?.();
  }

  private step(): Promise<void> | undefined {
    // A step that fails has ended the iterator: nothing is left to close.
    this.done = true;
    const result = this.iterator.next();
    if (this.isAsync) return Promise.resolve(result).then((settled) => this.take(settled));
    this.take(result as IteratorResult<unknown>);
    return undefined;
  }

  private take(result: IteratorResult<unknown>): void {
    this.done = result.done === true;
    this.value = this.done ? undefined : result.value;
  }
}

/** What a destructuring pattern reads: properties by name, elements by place. */
type Shape = 0 | 1 | readonly Shape[] | { readonly [name: string]: Shape };

function settleParts(value: unknown, shape: Shape): unknown {
  if (isObject(value) && isAwaitable(value)) {
    return Promise.resolve(value).then((settled) => settleParts(settled, shape));
  }
  if (typeof shape !== "object" || value === null || typeof value !== "object") return value;
  if (Array.isArray(shape) && !Array.isArray(value)) return value;
  const settled = Object.entries(shape).flatMap(([name, inner]: [string, Shape]) => {
    const part = (value as Record<string, unknown>)[name];
    const parts = settleParts(part, inner);
    return parts === part ? [] : [[name, parts] as const];
  });
  if (settled.length === 0) return value;
  const needsWaiting = settled.some(([, part]) => isAwaitable(part));
  const replaced = needsWaiting
    ? Promise.all(settled.map(([, part]) => part)).then((parts) =>
        settled.map(([name], index) => [name, parts[index]] as const),
      )
    : settled;
  return replaced instanceof Promise ? replaced.then((parts) => withParts(value, parts)) : withParts(value, replaced);
}

/** The same value, with some of its properties replaced. */
function withParts(value: object, parts: readonly (readonly [string, unknown])[]): object {
  const copy: object = Array.isArray(value)
    ? [...(value as unknown[])]
    : (Object.create(Object.getPrototypeOf(value) as object | null, enumerable(value)) as object);
  for (const [name, part] of parts) {
    Object.defineProperty(copy, name, { value: part, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function enumerable(value: object): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([, own]) => own.enumerable),
  );
}

/**
 * Whether something that stands for a value can answer for itself: `u.posts.count()` needs no posts, `u.posts.length` does.
 * Its methods can, its accessors cannot, but for the query.
 */
function answers(receiver: object, name: string | undefined): boolean {
  if (name === undefined || name === "constructor" || name === "toJSON") return false;
  if (name === "then" || name === "catch" || name === "finally") return true;
  if (receiver instanceof Promise) return false;
  for (let holder: unknown = receiver; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    const own = Object.getOwnPropertyDescriptor(holder, name);
    if (own) return name === "query" || typeof own.value === "function";
  }
  return false;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return value !== null && value !== undefined && typeof (value as Iterable<unknown>)[Symbol.iterator] === "function";
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    value !== null &&
    value !== undefined &&
    typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === "function"
  );
}

async function collect(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const value of values) list.push(value);
  return list;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return `this ${value.constructor?.name ?? "object"}`;
  return typeof value === "function" ? `function ${value.name}` : inspect(value);
}

function isValues(value: unknown): value is Record<string, unknown> | undefined {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a class, or one it extends, has a constructor that takes something. */
function hasOwnConstructor(target: unknown): boolean {
  for (
    let held = target;
    typeof held === "function" && held !== Function.prototype;
    held = Object.getPrototypeOf(held)
  ) {
    if (held.length > 0) return true;
    const written = /\bconstructor\s*\(\s*(\.\.\.\s*args\s*\)\s*\{\s*super\(\s*\.\.\.\s*args\s*\)|\))?/.exec(
      Function.prototype.toString.call(held),
    );
    // `constructor()` and the one that compilers write, `constructor(...args) { super(...args); … }`, take nothing of their own.
    if (written && written[1] === undefined) return true;
  }
  return false;
}
