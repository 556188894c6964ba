import { inspect } from "node:util";
import { isAwaitable } from "../../query/awaitable";
import { REWRITTEN_VALUE } from "../rewrite/scope";
import { nextOf } from "./generators";

interface IterationOptions {
  /** Tells the runtime about a value that typed code returned. */
  readonly seen: (value: unknown) => unknown;
  /** Whether the asynchronous iteration is taken where a source has both, and values are awaited. */
  readonly prefersAsync?: boolean;
  /** Called before each value; a promise delays it. */
  readonly pause?: () => Promise<void> | undefined;
}

/** The iteration of a `for…of` loop, or of another construct that iterates. */
export class Iteration {
  done = false;
  value: unknown;
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly isAsync: boolean;
  private failed = false;

  constructor(
    source: unknown,
    private readonly options: IterationOptions,
  ) {
    this.isAsync = isAsyncIterable(source) && (options.prefersAsync === true || !isIterable(source));
    if (this.isAsync) this.iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    else if (isIterable(source)) this.iterator = source[Symbol.iterator]();
    else throw notIterable();
  }

  /** Moves to the next value; gives a promise where that has to be awaited. */
  next(): Promise<void> | undefined {
    const pausing = this.options.pause?.();
    if (pausing) return pausing.then(() => this.step());
    return this.step();
  }

  /** The loop's body threw: this is the error of the loop, whatever closing the iterator throws. */
  fail(error: unknown): never {
    this.failed = true;
    throw error;
  }

  /** Ends the loop early. */
  close(): unknown {
    if (this.done) return undefined;
    this.done = true;
    if (!this.failed) return this.closed();
    try {
      const closing = this.closed();
      return isAwaitable(closing) ? Promise.resolve(closing).catch(() => undefined) : undefined;
    } catch {
      return undefined;
    }
  }

  private closed(): unknown {
    return this.options.seen(nextOf(this.iterator, "return", []));
  }

  private step(): Promise<void> | undefined {
    // An iterator that throws has ended: there is nothing to close.
    this.done = true;
    const result = this.options.seen(nextOf(this.iterator, "next", []));
    if (this.isAsync || isAwaitable(result))
      return Promise.resolve(result as PromiseLike<IteratorResult<unknown>>).then((settled) => this.take(settled));
    this.take(result as IteratorResult<unknown>);
    return this.options.prefersAsync && isAwaitable(this.value) ? this.settle(this.value) : undefined;
  }

  private async settle(value: PromiseLike<unknown>): Promise<void> {
    this.value = await value;
  }

  private take(result: IteratorResult<unknown>): void {
    if (Object(result) !== result) throw new TypeError(`Iterator result ${inspect(result)} is not an object`);
    // Any value ends the iteration that counts as true, as in JavaScript.
    this.done = Boolean(result.done);
    this.value = this.done ? undefined : result.value;
  }
}

/** The values of an iteration; a promise where it has to wait. */
export function valuesOf(iteration: Iteration): unknown[] | Promise<unknown[]> {
  const list: unknown[] = [];
  const next = (): unknown[] | Promise<unknown[]> => {
    for (;;) {
      const waiting = iteration.next();
      if (waiting) return waiting.then(() => (take() ? next() : list));
      if (!take()) return list;
    }
  };
  const take = (): boolean => {
    if (!iteration.done) list.push(iteration.value);
    return !iteration.done;
  };
  return next();
}

export function notIterable(): TypeError {
  return new TypeError(`${REWRITTEN_VALUE} is not iterable`);
}

export function isIterable(value: unknown): value is Iterable<unknown> {
  return value !== null && value !== undefined && typeof (value as Iterable<unknown>)[Symbol.iterator] === "function";
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    value !== null &&
    value !== undefined &&
    typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === "function"
  );
}

/** The values of an async iterable. */
export async function collect(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const value of values) list.push(value);
  return list;
}
