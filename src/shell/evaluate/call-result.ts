import { isAwaitable } from "../../query/awaitable";
import { isObject } from "../../values";
import { cannotWait } from "../errors";

/**
 * The promise of what a typed function gives. A function that has to wait returns it to what has called it: typed code awaits it, and so
 * does a library that expects promises; anything else (`sort`, `replace`, a library's own loop) would take the promise itself for
 * the value.
 */
export class CallResult extends Promise<unknown> {
  isAwaited = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    // Who only listens for an error (an EventTarget) goes on without the result.
    if (typeof onFulfilled === "function") this.isAwaited = true;
    return super.then(onFulfilled, onRejected);
  }
}

/**
 * The result that was returned last, until typed code sees what came of it. Where that is another value than the promise itself, the
 * function was called by code that does not wait.
 */
export class UnclaimedResult {
  private result: CallResult | undefined;
  /** Whether a result was dropped by what had called the function, since the beginning of the input. */
  private isLost = false;

  /** Begins an input. */
  begin(): void {
    this.result = undefined;
    this.isLost = false;
  }

  get isEmpty(): boolean {
    return this.result === undefined;
  }

  clear(): void {
    this.result = undefined;
  }

  put(outcome: Promise<unknown>): CallResult {
    const result = new CallResult((resolve, reject) => void outcome.then(resolve, reject));
    this.result = result;
    // What runs after the synchronous code that got the result has nothing to do with it: a timer's callback, a handler.
    queueMicrotask(() => {
      if (this.result !== result) return;
      this.result = undefined;
      this.isLost ||= !result.isAwaited;
    });
    return result;
  }

  /**
   * The value that typed code gets, of a call or of a member.
   * @throws a RetortError `shell/cannot-wait` where a function had to wait and its caller did not
   */
  claim(value: unknown): unknown {
    const { result } = this;
    this.result = undefined;
    if (result === undefined || value === result || result.isAwaited) return value;
    if (isAwaitable(value)) return value instanceof Promise ? awaitedBoth(value, result) : value;
    result.catch(() => undefined);
    throw cannotWait("callback");
  }

  /** The error of an input: what JavaScript says where it got the promise of a result is explained. */
  explained(error: unknown): unknown {
    const message = isObject(error) ? (error as Error).message : undefined;
    const isMistaken = typeof message === "string" && MISTAKEN.test(message);
    return isMistaken && (this.isLost || this.result !== undefined) ? cannotWait("callback") : error;
  }
}

/** Messages of JavaScript where it got a promise in the place of a value: from `toString`, `valueOf`, a getter that is cloned. */
const MISTAKEN = /^Cannot convert object to primitive value$|#<CallResult>| could not be cloned\.$/;

/** What an async function gives, which must have awaited its callback's result. */
async function awaitedBoth(value: Promise<unknown>, result: CallResult): Promise<unknown> {
  const settled = await value;
  if (result.isAwaited) return settled;
  result.catch(() => undefined);
  throw cannotWait("callback");
}
