/** Numbers and texts as SQLite and PostgreSQL write them; undefined for what has no spelling that both its reader and its column agree on. */
export function exactLiteral(value: unknown): string | undefined {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  // A NUL ends a statement, whatever stands behind it.
  if (typeof value === "string") return value.includes("\0") ? undefined : `'${value.replaceAll("'", "''")}'`;
  return undefined;
}
