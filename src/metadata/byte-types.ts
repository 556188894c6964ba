/** Types of columns that hold bytes. */
export const BYTE_TYPES = new Set<unknown>([
  "blob",
  "tinyblob",
  "mediumblob",
  "longblob",
  "binary",
  "varbinary",
  "bytea",
  "long raw",
  "raw",
  "image",
]);

/** Whether a class given as a column's type is one of bytes: `@Column() picture: Buffer`. */
export function isByteClass(type: unknown): boolean {
  return typeof type === "function" && (type as { prototype?: unknown }).prototype instanceof Uint8Array;
}
