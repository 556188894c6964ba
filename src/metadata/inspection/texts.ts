import type { ByteLimits } from "../../dialect/column-types";
import { inexact, wrongType, type Inspector, type Refusal } from "./refusal";

/** Texts of so many letters (code points, as databases count them); undefined for any number. */
export function textInspector(limit: number | undefined, refuses?: (text: string) => Refusal | undefined): Inspector {
  const most = limit ?? Infinity;
  const examine = (value: unknown): Refusal | undefined => {
    if (typeof value !== "string") return wrongType("it takes texts", textHint(value));
    if (!isWellFormed(value)) return inexact("half a letter (a lone surrogate) cannot be stored");
    if (value.length > most) {
      const length = [...value].length;
      if (length > most) return { reason: "too-long", words: `it takes ${limit} letters, and these are ${length}` };
    }
    return refuses?.(value);
  };
  if (refuses) return examine;
  return (value) =>
    typeof value === "string" && value.length <= most && isWellFormed(value) ? undefined : examine(value);
}

/** Every Node that Retort runs on has it; the compiler's library is older. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function textHint(value: unknown): string | undefined {
  return typeof value === "object" ? "a simple-json column takes objects" : "String(value)";
}

/** Texts of so many bytes; undefined for any number. */
export function textBytesInspector(most: number | undefined): Inspector {
  if (most === undefined) return textInspector(undefined);
  return textInspector(undefined, (text) =>
    // A UTF-16 unit takes three bytes at most.
    text.length * 3 > most && Buffer.byteLength(text) > most
      ? { reason: "too-long", words: `it takes ${most} bytes, and these are ${Buffer.byteLength(text)}` }
      : undefined,
  );
}

/** Blanks at the end of a `char` are filling on some databases, and so are lost. */
export function trailingBlanks(text: string): Refusal | undefined {
  return text.endsWith(" ")
    ? inexact("blanks at the end of a char column are not kept", "a varchar column keeps them")
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

/** UUIDs of a database that has a type for them: it gives them back in small letters. */
export const uuidInspector: Inspector = (value) => {
  if (typeof value === "string" && UUID.test(value)) return undefined;
  if (typeof value === "string" && UUID.test(value.toLowerCase()))
    return inexact("the database gives UUIDs back in small letters", "value.toLowerCase()");
  return wrongType("it takes UUIDs", "randomUUID() makes one");
};

/** @param takesTexts the database gives a text back as a text (SQLite) */
export function bytesInspector({ limit, isFixed }: ByteLimits, takesTexts: boolean): Inspector {
  return (value) => {
    if (!(value instanceof Uint8Array))
      return takesTexts && typeof value === "string" ? undefined : wrongType("it takes bytes", "Buffer.from(value)");
    if (limit === undefined || value.length === limit || (value.length < limit && !isFixed)) return undefined;
    return value.length > limit
      ? { reason: "too-long", words: `it takes ${limit} bytes, and these are ${value.length}` }
      : inexact(
          `it keeps exactly ${limit} bytes, and these are ${value.length}`,
          "a varbinary column keeps any number",
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
