import { inexact, wrongType, type Inspector, type Refusal } from "./refusal";

/** JSON: refuses what JSON.stringify would drop or change. */
export const jsonInspector: Inspector = (value) =>
  typeof value === "string" || typeof value === "boolean" ? undefined : examine(value, [], "");

function examine(value: unknown, around: object[], path: string): Refusal | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value)
        ? undefined
        : { reason: "not-a-number", words: `JSON has no ${value}${at(path)}`, hint: "null, or a text" };
    case "object":
      return value === null ? undefined : examineObject(value, around, path);
    default:
      return inexact(`JSON has no ${typeof value}${at(path)}`, typeof value === "bigint" ? "String(value)" : undefined);
  }
}

function examineObject(value: object, around: object[], path: string): Refusal | undefined {
  if (around.includes(value))
    return {
      reason: "cyclic",
      words: `it contains itself${at(path)}`,
      hint: "JSON cannot represent cycles; leave it out",
    };
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { reason: "invalid-date", words: `it is not a date${at(path)}` } : undefined;
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value))
    return inexact(`JSON has no ${value.constructor.name}${at(path)}`, "Array.from(value), Object.fromEntries(value)");
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  around.push(value);
  let refusal: Refusal | undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && !refusal; index++) {
      const member: unknown = value[index];
      refusal =
        member === undefined
          ? inexact(`JSON has no undefined${at(`${path}[${index}]`)}`, "null")
          : examine(member, around, `${path}[${index}]`);
    }
  } else
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      // JSON.stringify omits an undefined property, so it is undefined when it is read.
      if (member !== undefined) refusal = examine(member, around, path === "" ? key : `${path}.${key}`);
      if (refusal) break;
    }
  around.pop();
  return refusal;
}

function at(path: string): string {
  return path === "" ? "" : ` (at ${path})`;
}

/** TypeORM's `simple-array`: texts with commas between them. */
export const listInspector: Inspector = (value) => {
  if (!Array.isArray(value)) return wrongType("it takes lists of texts");
  for (const member of value as unknown[]) {
    if (typeof member !== "string")
      return inexact(`it keeps texts, and ${String(member)} is none`, "a simple-json column keeps any value");
    if (member.includes(",")) return inexact(`a comma begins the next text ("${member}")`, "use a simple-json column");
  }
  return value.length === 1 && value[0] === ""
    ? inexact("one empty text is read as an empty list", "use a simple-json column")
    : undefined;
};

/** One of these, or where the column is a list, any number of them. */
export function enumInspector(values: readonly (string | number)[], isList: boolean, isSet: boolean): Inspector {
  const known = new Set<unknown>(values);
  const refused = (value: unknown): Refusal | undefined =>
    known.has(value) ? undefined : wrongType(`it takes ${values.map((one) => JSON.stringify(one)).join(", ")}`);
  if (!isList) return refused;
  return (value) => {
    if (!Array.isArray(value)) return wrongType("it takes a list");
    for (const member of value as unknown[]) {
      const refusal = refused(member);
      if (refusal) return refusal;
      if (typeof member === "string" && member.includes(","))
        return inexact(`a comma begins the next value ("${member}")`);
    }
    return isSet && new Set(value).size < value.length ? inexact("a set has each value once") : undefined;
  };
}

/** Every member of a list, lists in lists too. */
export function arrayInspector(member: Inspector): Inspector {
  const inspect: Inspector = (value) => {
    if (!Array.isArray(value)) return wrongType("it takes lists", "[value]");
    for (const one of value as unknown[]) {
      if (one === null) continue;
      if (one === undefined) return inexact("a list has no undefined", "null");
      const refusal = Array.isArray(one) ? inspect(one) : member(one);
      if (refusal) return refusal;
    }
    return undefined;
  };
  return inspect;
}
