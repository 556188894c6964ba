import { isAwaitable } from "../../query/awaitable";
import { cannotWait, type CannotWaitReason } from "../errors";
import { REWRITTEN_VALUE } from "../rewrite/scope";
import { callbackMethod } from "./arrays";
import { CallResult, UnclaimedResult } from "./call-result";
import { copied, settleParts, type Shape } from "./destructure";
import { StackGuard } from "./stack-guard";
import { isGenerator, nextOf, registerGenerator, returnPermit, takePermit, Waiting } from "./generators";
import { collect, isAsyncIterable, isIterable, Iteration, notIterable, valuesOf } from "./iteration";

/*
 * What rewritten code calls while it runs. The names of its methods are short, since they stand in every expression:
 * `(H.is(value)?await H.t:H.t)`.
 */

/** Thrown inside a statement that Ctrl-C has ended, so that it does not continue in the background. */
export class Interrupted extends Error {
  constructor() {
    super("Interrupted");
    this.name = "Interrupted";
  }
}

export interface RuntimeHost {
  /** Whether a value is an entity's class or schema. */
  isEntity(target: unknown): boolean;
  /** Creates an entity with values. */
  create(target: unknown, values: Record<string, unknown> | undefined): object;
  /** Whether the methods of this receiver take keyword arguments: queries, collections, the session. */
  takesKeywords(receiver: unknown): boolean;
  /** Loads a module for `import`. */
  import(specifier: string): Promise<unknown>;
}

/** How long JavaScript runs before it yields to the event loop, in milliseconds. */
const SLICE = 30;
/**
 * The same for a function that may still return synchronously: pausing makes its result a promise, which the input awaits, but a
 * foreign caller of a callback does not.
 */
const SLICE_OF_SYNC_FUNCTION = 1_000;

/** What all inputs share; `__retort` in rewritten code. */
export class Runtime {
  /** The input that is running. */
  current: Input | undefined;
  /** `import.meta` of what is running. */
  meta: Record<string, unknown> = {};
  /** Values of names that are not defined on the global object. */
  readonly names: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  /** Where the engine hands over thrown objects. */
  thrown: unknown;
  /** The helper of code that cannot wait. */
  readonly sync: FunctionCall = new SynchronousCode(this);
  /** The result of a call that what called it has not looked at. */
  readonly unclaimed = new UnclaimedResult();
  private readonly stack = new StackGuard();

  /**
   * @param describeError changes the message of an error of JavaScript so that it contains what was typed
   * @param entities names of entities
   */
  constructor(
    readonly host: RuntimeHost,
    private readonly describeError: (error: unknown) => void,
    private readonly entities: ReadonlySet<string> = new Set(),
  ) {}

  /** Whether a text contains the name of an entity. */
  mentionsEntity(text: string): boolean {
    return (text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu) ?? []).some((name) => this.entities.has(name));
  }

  /** Begins an input. */
  begin(): Input {
    this.stack.begin();
    this.unclaimed.begin();
    return (this.current = new Input(this));
  }

  /** Begins the body of a typed function; it runs synchronously where nothing has to be awaited. */
  call(): FunctionCall {
    this.stack.enter();
    return new FunctionCall(this, this.current);
  }

  /** The body of a typed function has returned, or waits. */
  left(): void {
    this.stack.leave();
  }

  /** Begins the body of a typed async function. */
  enter(): FunctionCall {
    const call = new FunctionCall(this, this.current);
    call.becomeAsync();
    return call;
  }

  /** Begins the body of a typed generator. */
  iteration(): GeneratorCall {
    return new GeneratorCall(this, this.current);
  }

  /** Registers a generator function, and names an anonymous one. */
  generator(target: unknown, name?: string): unknown {
    if (name !== undefined) Object.defineProperty(target, "name", { value: name, configurable: true });
    registerGenerator(target);
    return target;
  }

  /** Registers the methods of an object or a class that are generators. */
  methods(holder: object): object {
    const holders = typeof holder === "function" ? [holder, (holder as { prototype: object }).prototype] : [holder];
    for (const each of holders)
      for (const key of Reflect.ownKeys(each)) registerGenerator(Object.getOwnPropertyDescriptor(each, key)!.value);
    return holder;
  }

  /** An error that typed code catches, with a message about what was typed. */
  caught(error: unknown): unknown {
    const explained = this.unclaimed.explained(error);
    this.describeError(explained);
    return explained;
  }
}

/** A call with keyword arguments that is being evaluated. */
interface KeywordCall {
  readonly receiver: unknown;
  readonly method: unknown;
  /** Whether the receiver takes them. */
  readonly takesKeywords: boolean;
}

/** One call of a typed function. */
export class FunctionCall {
  /** The value of the last step. */
  t: unknown;
  private isSynchronous = true;
  private hasEnded = false;
  private hasFailed = false;
  private result: unknown;
  private lastPause = 0;
  private iterations = 0;
  private readonly keywordCalls: KeywordCall[] = [];

  constructor(
    protected readonly runtime: Runtime,
    private readonly input: Input | undefined,
  ) {}

  /** Whether the input of the call was interrupted. */
  protected get isInterrupted(): boolean {
    return this.input?.interrupted ?? false;
  }

  becomeAsync(): void {
    this.isSynchronous = false;
  }

  // Awaiting ----------------------------------------------------------------------------------------------------------

  /** Whether a value has to be awaited; it is stored in `t`. */
  is(value: unknown): boolean {
    this.store(value);
    return isAwaitable(this.t);
  }

  /** Whether the object of `.name` has to be awaited: not if it has the member without being loaded. */
  on(receiver: unknown, name?: string): boolean {
    this.store(receiver);
    return isAwaitable(this.t) && !hasWithoutLoading(this.t, name);
  }

  /** Whether a value ends an optional chain. */
  none(value: unknown): boolean {
    this.store(value);
    return value === null || value === undefined;
  }

  protected store(value: unknown): void {
    if (this.isInterrupted) throw new Interrupted();
    this.t = this.seen(value);
  }

  /** What an operator gave. It may have called a function: `valueOf`, `toString`, a trap of a Proxy. */
  of(value: unknown): unknown {
    return this.seen(value);
  }

  /** An object that is spread into another, with what its getters gave awaited. */
  copy(value: unknown): unknown {
    return Object(value) === value ? copied(value as object, (part) => this.seen(part)) : value;
  }

  /** A text that JavaScript itself evaluates, where nothing is awaited. @throws where it mentions an entity */
  code(text: unknown): unknown {
    if (typeof text === "string" && this.runtime.mentionsEntity(text)) throw cannotWait("text");
    return text;
  }

  /** A method bound to its receiver. */
  bound(receiver: Record<PropertyKey, unknown>, name: PropertyKey): unknown {
    const method = receiver[name];
    return typeof method === "function" ? (method.bind(receiver) as unknown) : method;
  }

  /** Something to spread: queries give their rows. */
  list(value: unknown): unknown {
    if (typeof value === "string" || Array.isArray(value) || !isIterable(value)) return this.rows(value);
    return valuesOf(this.iterate(value));
  }

  /** Something to iterate over: queries give their rows. */
  rows(value: unknown): unknown {
    return isAsyncIterable(value) && !isIterable(value) ? collect(value) : value;
  }

  /** A value that is destructured, with what the pattern reads awaited. */
  parts(value: unknown, shape: Shape): unknown {
    if (typeof shape === "object" && "e" in shape && !isAwaitable(value) && !isIterable(value)) throw notIterable();
    return settleParts(value, shape, (part) => this.seen(part));
  }

  /** Iterates over something; asynchronously in `for await`, where it can be. */
  iterate(source: unknown, prefersAsync = false): Iteration {
    return new Iteration(source, {
      prefersAsync,
      seen: (value) => this.seen(value),
      pause: () => (this.shouldPause() ? this.pause() : undefined),
    });
  }

  private seen(value: unknown): unknown {
    return this.runtime.unclaimed.isEmpty ? value : this.runtime.unclaimed.claim(value);
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

  /**
   * Whether what `new` gave has to be awaited: a function that had to wait. A promise that is made so does not wait for its function, and
   * may be settled later.
   */
  made(value: unknown): boolean {
    const isResult = value instanceof CallResult;
    if (value instanceof Promise && !isResult) this.runtime.unclaimed.clear();
    this.store(value);
    return isResult;
  }

  /** Begins a call with keyword arguments. The method is read before the arguments are evaluated. */
  begin(receiver: unknown, name: string): void {
    const method = (receiver as Record<string, unknown>)[name];
    this.keywordCalls.push({ receiver, method, takesKeywords: this.runtime.host.takesKeywords(receiver) });
  }

  /** Whether a value is given by keyword; otherwise it is assigned. */
  named(value: unknown): boolean {
    this.t = value;
    return this.keywordCalls.at(-1)!.takesKeywords;
  }

  /** Ends a call with keyword arguments: `[0, value]`, `[0, list, 1]` for a spread list, or `[name, value]`. */
  keywords(name: string, values: readonly (readonly [0 | string, unknown, 1?])[]): unknown {
    const { receiver, method, takesKeywords } = this.keywordCalls.pop()!;
    const isNamed = ([given]: readonly [0 | string, ...unknown[]]): boolean => takesKeywords && given !== 0;
    const plain = values
      .filter((value) => !isNamed(value))
      .flatMap(([, value, isSpread]) => (isSpread ? (value as unknown[]) : [value]));
    const named = values.filter(isNamed).map(([given, value]) => [given, value] as const);
    return callable(method, name).apply(receiver, takesKeywords ? [...plain, Object.fromEntries(named)] : plain);
  }

  /** Calls a method whose callback may have to be awaited. */
  callback(receiver: unknown, name: string, values: readonly unknown[]): unknown {
    if (isGenerator(receiver)) return nextOf(receiver, name as "next", values);
    const steps = callbackMethod(
      receiver,
      name,
      values,
      (value) => this.seen(value),
      (source) => this.list(source),
    );
    if (steps) return this.drive(steps);
    return methodOf(receiver, name).apply(receiver, values as unknown[]);
  }

  import(specifier: string): Promise<unknown> {
    return this.runtime.host.import(String(specifier));
  }

  private drive(steps: Generator<unknown, unknown, unknown>): unknown {
    let given: unknown;
    for (;;) {
      const step = steps.next(given);
      if (step.done) return step.value;
      if (this.is(step.value)) return this.driveOn(steps, this.t);
      given = this.t;
    }
  }

  private async driveOn(steps: Generator<unknown, unknown, unknown>, first: unknown): Promise<unknown> {
    let given = await first;
    for (;;) {
      const step = steps.next(given);
      if (step.done) return step.value;
      given = this.is(step.value) ? await this.t : this.t;
      if (this.shouldPause()) await this.pause();
    }
  }

  // Loops -------------------------------------------------------------------------------------------------------------

  /** Whether a loop has run for so long that it should yield to the event loop. @throws Interrupted after Ctrl-C */
  shouldPause(): boolean {
    if (this.isInterrupted) throw new Interrupted();
    // The clock is read every 64 iterations.
    if (((this.iterations += 1) & 63) !== 0) return false;
    const now = Date.now();
    if (this.lastPause === 0) this.lastPause = now;
    return now - this.lastPause > (this.isSynchronous ? SLICE_OF_SYNC_FUNCTION : SLICE);
  }

  /** Yields to timers, the network and the keyboard. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.lastPause = Date.now();
    if (this.isInterrupted) throw new Interrupted();
  }

  // The end of a function ---------------------------------------------------------------------------------------------

  /** `return value`. The body itself returns nothing: an async function would await a thenable that it returns. */
  give(value: unknown): void {
    this.result = this.seen(value);
  }

  /** The body threw. */
  fail(error: unknown): void {
    if (!this.isSynchronous) throw error;
    this.hasFailed = true;
    this.result = error;
  }

  /** The body has returned or thrown. */
  end(): void {
    this.hasEnded = true;
  }

  /**
   * What the caller gets: the value if the body has ended, otherwise a promise of it.
   * @param instance what `new` makes, where the function was called by it
   */
  outcome(promise: Promise<unknown>, instance?: object): unknown {
    this.runtime.left();
    this.isSynchronous = false;
    if (!this.hasEnded)
      return this.runtime.unclaimed.put(
        promise.then(() => (instance && Object(this.result) !== this.result ? instance : this.result)),
      );
    if (this.hasFailed) throw this.result;
    return this.result;
  }
}

/** Code that cannot wait: constructors, setters, field initializers, static blocks, parameters. */
class SynchronousCode extends FunctionCall {
  constructor(runtime: Runtime) {
    super(runtime, undefined);
  }

  override is(value: unknown): boolean {
    if (super.is(value)) throw refuse(this.t, "synchronous");
    return false;
  }

  override on(receiver: unknown, name?: string): boolean {
    if (super.on(receiver, name)) throw refuse(this.t, "synchronous");
    return false;
  }

  override made(value: unknown): boolean {
    if (super.made(value)) throw refuse(this.t, "synchronous");
    return false;
  }

  /** The value of a field: a relation that is not loaded is stored as it is. */
  stored(value: unknown): unknown {
    this.store(value);
    if (value instanceof Promise) throw refuse(value, "synchronous");
    return value;
  }

  protected override get isInterrupted(): boolean {
    return this.runtime.current?.interrupted ?? false;
  }
}

/** One run of a typed generator. */
class GeneratorCall extends FunctionCall {
  /** Whether the running step may wait. */
  private mayWait = takePermit();

  /** What the generator yields in order to wait for a value. */
  wait(): Waiting {
    this.mayWait ||= takePermit();
    if (!this.mayWait) throw refuse(this.t, "generator");
    return new Waiting(this.t as PromiseLike<unknown>);
  }

  /** The value that is yielded. */
  out(value: unknown): unknown {
    this.mayWait = false;
    return value;
  }

  /** What the generator delegates to; another generator of the prompt may wait in its place. */
  delegate(values: unknown): unknown {
    if (isGenerator(values)) returnPermit(this.mayWait);
    return this.out(values);
  }

  /** What the generator was resumed with. */
  sent(value: unknown): unknown {
    this.mayWait = takePermit();
    return value;
  }

  override shouldPause(): boolean {
    return super.shouldPause() && this.mayWait;
  }

  override end(): void {
    returnPermit(this.mayWait);
  }
}

function refuse(value: unknown, reason: CannotWaitReason): Error {
  // Its failure would be an unhandled rejection, beside the error that is thrown.
  if (value instanceof Promise) value.catch(() => undefined);
  return cannotWait(reason);
}

type AnyMethod = (...values: readonly unknown[]) => unknown;

function methodOf(receiver: unknown, name: string): AnyMethod {
  return callable((receiver as Record<string, unknown>)[name], name);
}

function callable(method: unknown, name: string): AnyMethod {
  if (typeof method !== "function") throw new TypeError(`${REWRITTEN_VALUE}.${name} is not a function`);
  return method as AnyMethod;
}

/** One input at the prompt. */
export class Input extends FunctionCall {
  interrupted = false;
  private value: unknown;

  constructor(runtime: Runtime) {
    super(runtime, undefined);
    this.becomeAsync();
  }

  /** The value of the last statement. */
  get last(): unknown {
    return this.value;
  }

  set last(value: unknown) {
    this.value = this.of(value);
  }

  protected override get isInterrupted(): boolean {
    return this.interrupted;
  }
}

/**
 * Whether a relation that is not loaded has a member: `u.posts.count()` needs no posts, `u.posts.length` does. It has its methods
 * and `query`, but not its other accessors.
 */
function hasWithoutLoading(receiver: object, name: string | undefined): boolean {
  if (name === undefined || name === "constructor" || name === "toJSON") return false;
  if (name === "then" || name === "catch" || name === "finally") return true;
  if (receiver instanceof Promise) return false;
  for (let holder: unknown = receiver; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    const own = Object.getOwnPropertyDescriptor(holder, name);
    if (own) return name === "query" || typeof own.value === "function";
  }
  return false;
}

function isValues(value: unknown): value is Record<string, unknown> | undefined {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a class, or one that it extends, has a constructor with parameters. */
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
    // `constructor()` has none; nor does `constructor(...args) { super(...args); … }`, which compilers write.
    if (written && written[1] === undefined) return true;
  }
  return false;
}
