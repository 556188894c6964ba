import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

/**
 * What keeps a statement that changes a schema from being done, the same kinds for every database:
 * - `rows`: values that are there (duplicates, NULLs, keys that point at nothing, a check);
 * - `conversion`: values that cannot be converted to the new type, or do not fit it;
 * - `permission`, `read-only`: the user, or the server, may not;
 * - `missing`, `exists`: an object that is not there, or is there already;
 * - `name`: a name that is too long or stands for another thing;
 * - `dependents`: other objects need the one that is changed;
 * - `space`: the disk, or memory, is full;
 * - `connection`: the server cannot be reached, or has ended the connection.
 */
export type FailureKind =
  | "rows"
  | "conversion"
  | "permission"
  | "read-only"
  | "missing"
  | "exists"
  | "name"
  | "dependents"
  | "space"
  | "connection"
  | "other";

const KINDS: Partial<Record<DatabaseErrorKind, FailureKind>> = {
  unique: "rows",
  "foreign-key": "rows",
  "not-null": "rows",
  check: "rows",
  "too-long": "conversion",
  "out-of-range": "conversion",
  "invalid-value": "conversion",
  "read-only": "read-only",
  "missing-table": "missing",
  "missing-column": "missing",
  "connection-lost": "connection",
};

/** @param codes the database's codes (SQLSTATE, error number) of what a session does not meet with */
export function failureKind(
  { kind, statusCode }: DriverErrorFacts,
  codes: Readonly<Record<string, FailureKind>>,
): FailureKind {
  return (statusCode === undefined ? undefined : codes[statusCode]) ?? KINDS[kind] ?? "other";
}
