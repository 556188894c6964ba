import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

const ABOUT_ROWS: ReadonlySet<DatabaseErrorKind> = new Set(["unique", "foreign-key", "not-null", "check"]);

/** Whether the database objected to a row: a duplicate, a missing value, a key that points at nothing. */
export function isConstraintViolation({ kind }: DriverErrorFacts): boolean {
  return ABOUT_ROWS.has(kind);
}

/** Whether the statement speaks of a table or a column that the database does not have. */
export function isMissingObject({ kind }: DriverErrorFacts): boolean {
  return kind === "missing-table" || kind === "missing-column";
}
