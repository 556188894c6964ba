import { inspect } from "node:util";

/** The iteration of a `for…of` loop. */
export class Iteration {
  done = false;
  value: unknown;
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly isAsync: boolean;

  constructor(
    source: unknown,
    private readonly pause: () => Promise<void> | undefined,
  ) {
    this.isAsync = !isIterable(source) && isAsyncIterable(source);
    if (this.isAsync) this.iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    else if (isIterable(source)) this.iterator = source[Symbol.iterator]();
    else throw new TypeError(`${describe(source)} is not iterable`);
  }

  /** Moves to the next value; gives a promise where that has to be awaited. */
  next(): Promise<void> | undefined {
    const pausing = this.pause();
    if (pausing) return pausing.then(() => this.step());
    return this.step();
  }

  /** Ends the loop early. */
  close(): unknown {
    if (this.done) return undefined;
    this.done = true;
    return this.iterator.return?.();
  }

  private step(): Promise<void> | undefined {
    // An iterator that throws has ended: there is nothing to close.
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

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return `this ${value.constructor?.name ?? "object"}`;
  return typeof value === "function" ? `function ${value.name}` : inspect(value);
}
