import { isObject, isPlainObject } from "../values";
import { describe } from "../metadata/errors";
import { NOT_A_NUMBER, wrongType, type Refusal } from "../metadata/inspection/refusal";
import { isAwaitable } from "./awaitable";

/** The property of an object of the query API that says why it is no value: a relation, an order, an alias. */
export const notAValue: unique symbol = Symbol("not a value");

/** An object that users may take for a value. */
export interface NotAValue {
  readonly [notAValue]: Refusal;
}

/** Why something cannot be a value in a query, whatever its column; undefined for what may be one. Null and undefined are not examined. */
export function misuseOf(value: unknown): Refusal | undefined {
  if (typeof value === "function")
    return wrongType("a function or a class is not a value", "call it, or take a value of it");
  if (typeof value === "symbol") return wrongType("a symbol is not a value");
  if (!isObject(value)) return undefined;
  if (value instanceof Promise) return wrongType("it is a promise", "await it first");
  const explained = (value as Partial<NotAValue>)[notAValue];
  if (explained) return explained;
  return isAwaitable(value) ? wrongType("it is a relation that is not loaded", "await it first") : undefined;
}

/** Why something cannot be a parameter where no column decides its type: in sql`…`, as an argument of a function. */
export function parameterRefusal(value: unknown): Refusal | undefined {
  const misuse = misuseOf(value);
  if (misuse) return misuse;
  if (typeof value === "number") return Number.isNaN(value) ? NOT_A_NUMBER : undefined;
  if (!isObject(value) || value instanceof Uint8Array) return undefined;
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { reason: "invalid-date", words: "it is not a date" } : undefined;
  if (Array.isArray(value)) return memberRefusal(value);
  if (isPlainObject(value)) return wrongType("an object is not a value", "JSON.stringify(value)");
  return wrongType(`${describe(value)} is not a value`, "pass one of its properties, such as its key");
}

function memberRefusal(list: readonly unknown[]): Refusal | undefined {
  for (const member of list) {
    const refusal = member === undefined ? wrongType("a list has no undefined", "null") : parameterRefusal(member);
    if (refusal) return refusal;
  }
  return undefined;
}
