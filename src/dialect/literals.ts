/** How values are written in SQL, for statements that people read or run by hand. */
export interface Literals {
  boolean(value: boolean): string;
  bytes(value: Uint8Array): string;
  date(value: Date): string;
  text(value: string): string;
  /** Undefined where columns cannot be lists. */
  readonly array: ((elements: readonly string[]) => string) | undefined;
}

/** A name in double quotes, as the SQL standard has it. */
export function doubleQuoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export function backtickQuoted(identifier: string): string {
  return `\`${identifier.replaceAll("`", "``")}\``;
}

/** A string as a literal. */
export function quotedText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A string as a literal, where a backslash escapes in strings. */
export function escapedText(value: string): string {
  return quotedText(value.replaceAll("\\", "\\\\"));
}

export function hexadecimal(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

/**
 * A value as SQLite and PostgreSQL write it, to be sent in place of a parameter; undefined for a value that they could
 * read as another one.
 */
export function exactLiteral(value: unknown): string | undefined {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  // A NUL character ends the statement.
  if (typeof value === "string") return value.includes("\0") ? undefined : quotedText(value);
  return undefined;
}
