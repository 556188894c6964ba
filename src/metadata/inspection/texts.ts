import type { ByteLimits } from "../../dialect/column-types";
import { inexact, wrongType, type Inspector, type Refusal } from "./refusal";

/** Texts of so many letters (code points, as databases count them); undefined for any number. */
export function textInspector(limit: number | undefined, refuses?: (text: string) => Refusal | undefined): Inspector {
  const most = limit ?? Infinity;
  const examine = (value: unknown): Refusal | undefined => {
    if (typeof value !== "string") return wrongType("it takes texts", textHint(value));
    if (!isWellFormed(value)) return inexact("half a character (a lone surrogate) cannot be stored");
    if (value.length > most) {
      const length = [...value].length;
      if (length > most)
        return { reason: "too-long", words: `it is ${length} characters long, the column holds ${limit}` };
    }
    return refuses?.(value);
  };
  if (refuses) return examine;
  return (value) =>
    typeof value === "string" && value.length <= most && isWellFormed(value) ? undefined : examine(value);
}

/** The compiler's library does not declare it; every supported Node has it. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function textHint(value: unknown): string | undefined {
  return typeof value === "object" ? "a simple-json column takes objects" : "String(value)";
}

/** @param most the bytes that the column holds; undefined: any number */
export function textBytesInspector(most: number | undefined): Inspector {
  if (most === undefined) return textInspector(undefined);
  return textInspector(undefined, (text) =>
    // A UTF-16 unit takes three bytes at most.
    text.length * 3 > most && Buffer.byteLength(text) > most
      ? { reason: "too-long", words: `it is ${Buffer.byteLength(text)} bytes long, the column holds ${most}` }
      : undefined,
  );
}

/** Some databases pad a `char` with spaces, and drop all of them on reading. */
export function trailingBlanks(text: string): Refusal | undefined {
  return text.endsWith(" ")
    ? inexact("spaces at the end of a char column are not stored", "a varchar column stores them")
    : undefined;
}

/** PostgreSQL cannot store the character NUL: not in a text, nor in a list or a JSON value. */
export function refusingNul(inspect: Inspector): Inspector {
  const nul = wrongType("PostgreSQL's texts cannot contain the character NUL", 'value.replaceAll("\\0", "")');
  return (value) => {
    if (typeof value === "string") return value.includes("\0") ? nul : inspect(value);
    const refusal = inspect(value);
    return refusal ?? (typeof value === "object" && containsNul(value) ? nul : undefined);
  };
}

function containsNul(value: unknown): boolean {
  if (typeof value === "string") return value.includes("\0");
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Object.entries(value).some(([key, member]) => key.includes("\0") || containsNul(member));
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** UUIDs of a database that has a type for them, which returns them in lower case. */
export const uuidInspector: Inspector = (value) => {
  if (typeof value === "string" && UUID.test(value)) return undefined;
  if (typeof value === "string" && UUID.test(value.toLowerCase()))
    return inexact("the database returns UUIDs in lower case", "value.toLowerCase()");
  return wrongType("it takes UUIDs", "randomUUID() generates one");
};

/** @param takesTexts whether the database returns a text as a text (SQLite) */
export function bytesInspector({ limit, isFixed }: ByteLimits, takesTexts: boolean): Inspector {
  return (value) => {
    if (!(value instanceof Uint8Array))
      return takesTexts && typeof value === "string" ? undefined : wrongType("it takes bytes", "Buffer.from(value)");
    if (limit === undefined || value.length === limit || (value.length < limit && !isFixed)) return undefined;
    return value.length > limit
      ? { reason: "too-long", words: `it is ${value.length} bytes long, the column holds ${limit}` }
      : inexact(
          `it is ${value.length} bytes long, the column holds exactly ${limit}`,
          "a varbinary column holds fewer, too",
        );
  };
}

/** Bits that are read as a Buffer, so that a Buffer has to be written. */
export function bitsInspector(bits: number): Inspector {
  const width = Math.ceil(bits / 8);
  return (value) => {
    if (!(value instanceof Uint8Array))
      return wrongType("what is read from a bit column is a Buffer", "give a Buffer, or the column a transformer");
    return value.length === width ? undefined : inexact(`it keeps ${width} bytes, and these are ${value.length}`);
  };
}
