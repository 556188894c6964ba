import { createHash } from "node:crypto";
import { damagedCursor } from "./errors";

/** The place of a row in an order, as text: for a URL. */
export interface Cursor {
  /** The name of the entity. */
  readonly entity: string;
  /** The terms of the order, `username ASC`. */
  readonly order: readonly string[];
  /** The row's values of them, as the database has given them, or as they are sent to it. */
  readonly values: readonly unknown[];
}

/** Characters of the digest at the end, by which a text that was cut or changed by mistake is recognized. */
const DIGEST = 6;

/** Letters, digits, `-` and `_` only. */
export function cursorText({ entity, order, values }: Cursor): string {
  const body = Buffer.from(JSON.stringify([entity, order, values.map(packed)])).toString("base64url");
  return body + digest(body);
}

/** @throws RetortError `query/cursor` for a text that is none, or not all of one */
export function parseCursor(text: string, method: string): Cursor {
  const body = text.slice(0, -DIGEST);
  if (body === "" || digest(body) !== text.slice(-DIGEST)) throw damagedCursor(text, method);
  try {
    const [entity, order, values] = JSON.parse(Buffer.from(body, "base64url").toString()) as [
      string,
      string[],
      unknown[],
    ];
    if (typeof entity !== "string" || values.length !== order.length) throw damagedCursor(text, method);
    return { entity, order, values: values.map((value) => unpacked(value, text, method)) };
  } catch {
    throw damagedCursor(text, method);
  }
}

function digest(body: string): string {
  return createHash("sha256").update(body).digest("base64url").slice(0, DIGEST);
}

/** JSON has no bytes, no long integers and no infinity. */
function packed(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) };
  return typeof value === "bigint" ? String(value) : value;
}

function unpacked(value: unknown, text: string, method: string): unknown {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
  const { bytes, number } = value as { bytes?: unknown; number?: unknown };
  if (typeof number === "string") return Number(number);
  if (typeof bytes !== "string") throw damagedCursor(text, method);
  return Buffer.from(bytes, "base64");
}
