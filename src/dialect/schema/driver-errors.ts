import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

const ABOUT_ROWS: ReadonlySet<DatabaseErrorKind> = new Set(["unique", "foreign-key", "not-null", "check"]);

/** Whether a row violates a constraint: a duplicate, a missing value, a dangling foreign key. */
export function isConstraintViolation({ kind }: DriverErrorFacts): boolean {
  return ABOUT_ROWS.has(kind);
}

/** Whether the statement names a table or a column that does not exist. */
export function isMissingObject({ kind }: DriverErrorFacts): boolean {
  return kind === "missing-table" || kind === "missing-column";
}
