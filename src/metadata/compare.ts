import { isPlainObject } from "../values";

/** The result of encoding a value; a value that cannot be encoded equals no stored one, and the flush reports why. */
export function attempt(encode: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return encode(value) ?? null;
  } catch {
    return UNSTORABLE;
  }
}

export const UNSTORABLE = Symbol("cannot be stored");

export function copyOfBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** A copy in depth; what a driver made an object of a class stays one. */
export function copy(raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null) return raw;
  if (raw instanceof Date) return new Date(raw);
  if (raw instanceof Uint8Array) return copyOfBytes(raw);
  if (Array.isArray(raw)) return raw.map(copy);
  const made = Object.create(Object.getPrototypeOf(raw) as object | null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(raw)) made[key] = copy(value);
  return made;
}

export function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * A text that two values share exactly when they are equal; keys of objects in any order.
 *
 * @param around the objects that the value is in, the outermost first: one that contains itself is named by its place there
 */
export function canonical(value: unknown, around: readonly object[] = []): string {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "object") return `${typeof value}:${String(value)}`;
  if (value instanceof Date) return `date:${value.getTime()}`;
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString("base64")}`;
  const place = around.indexOf(value);
  if (place >= 0) return `circular:${place}`;
  const inside = [...around, value];
  if (Array.isArray(value)) return `[${value.map((member) => canonical(member, inside)).join(",")}]`;
  const toJSON = (value as { toJSON?: () => unknown }).toJSON;
  if (typeof toJSON === "function") return canonical(toJSON.call(value), inside);
  const properties = value as Record<string, unknown>;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(properties[key], inside)}`).join(",")}}`;
}

/**
 * Whether `canonical` shows everything of a value. Objects of a class may have private fields, so that two of them may
 * differ and look alike.
 */
export function isTransparent(value: unknown, around: readonly object[] = []): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  if (value instanceof Date || value instanceof Uint8Array) return true;
  // One that contains itself is not copied.
  if (around.includes(value) || !(Array.isArray(value) || isPlainObject(value))) return false;
  const inside = [...around, value];
  return Object.values(value).every((part) => isTransparent(part, inside));
}
