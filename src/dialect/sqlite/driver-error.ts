import { messageOf } from "../../errors";
import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

const KINDS: Record<string, DatabaseErrorKind> = {
  SQLITE_CONSTRAINT_UNIQUE: "unique",
  SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
  SQLITE_CONSTRAINT_ROWID: "unique",
  SQLITE_CONSTRAINT_FOREIGNKEY: "foreign-key",
  SQLITE_CONSTRAINT_NOTNULL: "not-null",
  SQLITE_CONSTRAINT_CHECK: "check",
  SQLITE_CONSTRAINT_DATATYPE: "invalid-value",
  SQLITE_MISMATCH: "invalid-value",
  SQLITE_TOOBIG: "too-long",
  SQLITE_BUSY: "locked",
  SQLITE_BUSY_SNAPSHOT: "serialization",
  SQLITE_LOCKED: "locked",
  SQLITE_READONLY: "read-only",
  SQLITE_INTERRUPT: "cancelled",
  SQLITE_NOTADB: "not-a-database",
  SQLITE_CANTOPEN: "connection-lost",
};

/** Whether another connection holds the lock, so that the same statement can be retried. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED" || code === "SQLITE_BUSY_RECOVERY";
}

/** Reads kind, table and column from better-sqlite3's error: `UNIQUE constraint failed: user.username`. */
export function readDriverError(error: unknown): DriverErrorFacts {
  const code = codeOf(error);
  const statusCode = code.startsWith("SQLITE_") ? code : undefined;
  return { statusCode, ...factsOf(code, messageOf(error)) };
}

function factsOf(code: string, message: string): DriverErrorFacts {
  if (code === "SQLITE_ERROR") {
    const missing = /^no such (table|column): (?:(?:\w+\.)?(.+))$/.exec(message);
    if (missing?.[1] === "table") return { kind: "missing-table", table: missing[2] };
    if (missing?.[1] === "column") return { kind: "missing-column", column: missing[2] };
  }
  const kind = KINDS[code] ?? (code.startsWith("SQLITE_READONLY") ? "read-only" : "other");
  const failed = /constraint failed: (.+)$/s.exec(message)?.[1];
  return { kind, ...(failed === undefined ? {} : placeOf(kind, failed)) };
}

/** What SQLite says of a constraint: the columns of a unique one, the name of an index over expressions, the name or text of a check. */
function placeOf(kind: DatabaseErrorKind, failed: string): Partial<DriverErrorFacts> {
  if (kind === "check") return { constraint: failed };
  const index = /^index '(.+)'$/.exec(failed)?.[1];
  if (index !== undefined) return { constraint: index };
  const columns = failed.split(", ").map((path) => path.slice(path.lastIndexOf(".") + 1));
  const [first] = failed.split(", ");
  return { table: first!.slice(0, first!.lastIndexOf(".")), column: columns.join(", ") };
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? "";
}
