import { isObject } from "../values";
/**
 * Marks objects that stand for a value that is still in the database: relations that were not loaded. The prompt awaits
 * these and native promises, and nothing else, so that naming another thenable does not run it.
 */
export const awaitable: unique symbol = Symbol.for("typeorm-retort.awaitable") as never;

/** Whether the prompt should wait for this value: a native promise, or a relation that is not loaded. */
export function isAwaitable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  return isObject(value) && awaitable in value;
}
