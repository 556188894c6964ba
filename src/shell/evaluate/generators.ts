/*
 * Generators of the prompt. JavaScript's generators cannot await, so one that has to wait yields a `Waiting` to what iterates over
 * it, which awaits the value and resumes it. Only the shell's own iteration understands that: it announces itself before each
 * step, and a generator that other code resumes throws where it would have to wait.
 */

/** Yielded by a generator in place of a value, to be resumed with what the promise gives. */
export class Waiting {
  constructor(readonly promise: PromiseLike<unknown>) {}
}

/** Whether what resumes a generator now lets it wait, for this one step. */
let isOffered = false;
const prototypes = new WeakSet<object>();
const GeneratorFunction = Object.getPrototypeOf(function* () {}) as { readonly prototype: object };
const nativeMethods = GeneratorFunction.prototype as Readonly<Record<string, unknown>>;

/** Registers a generator function of the prompt. Other values are ignored. */
export function registerGenerator(target: unknown): void {
  if (typeof target !== "function" || Object.getPrototypeOf(target) !== GeneratorFunction) return;
  const prototype: unknown = target.prototype;
  if (Object(prototype) === prototype) prototypes.add(prototype as object);
}

/** Takes the permission that what resumes the running generator has given. */
export function takePermit(): boolean {
  const permit = isOffered;
  isOffered = false;
  return permit;
}

/** Gives the permission back, to the generator that has delegated to one that ends. */
export function returnPermit(permit: boolean): void {
  isOffered = permit;
}

/** Whether a value is a generator that a function of the prompt gave. */
export function isGenerator(value: unknown): value is Generator {
  return Object(value) === value && prototypes.has(Object.getPrototypeOf(value) as object);
}

type Method = "next" | "return" | "throw";

/** Calls a method of an iterator; of a generator of the prompt, a promise where it has to wait. */
export function nextOf(iterator: object, method: Method, values: readonly unknown[]): unknown {
  const call = (iterator as Record<string, unknown>)[method];
  if (method === "return" && (call === undefined || call === null)) return undefined;
  const own = call as (...given: readonly unknown[]) => unknown;
  if (!isGenerator(iterator) || call !== nativeMethods[method]) return own.apply(iterator, values as unknown[]);
  return settled(iterator, resume(iterator, method, values));
}

function resume(generator: Generator, method: Method, values: readonly unknown[]): IteratorResult<unknown> {
  isOffered = true;
  try {
    return (nativeMethods[method] as (...given: readonly unknown[]) => IteratorResult<unknown>).apply(
      generator,
      values as unknown[],
    );
  } finally {
    isOffered = false;
  }
}

function settled(generator: Generator, result: IteratorResult<unknown>): unknown {
  const value: unknown = result.value;
  if (!(value instanceof Waiting)) return result;
  return Promise.resolve(value.promise).then(
    (given) => settled(generator, resume(generator, "next", [given])),
    (error: unknown) => settled(generator, resume(generator, "throw", [error])),
  );
}
