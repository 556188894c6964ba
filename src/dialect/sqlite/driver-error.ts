import { messageOf } from "../../errors";
import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

const KINDS: Record<string, DatabaseErrorKind> = {
  SQLITE_CONSTRAINT_UNIQUE: "unique",
  SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
  SQLITE_CONSTRAINT_ROWID: "unique",
  SQLITE_CONSTRAINT_FOREIGNKEY: "foreign-key",
  SQLITE_CONSTRAINT_NOTNULL: "not-null",
  SQLITE_CONSTRAINT_CHECK: "check",
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
  const message = messageOf(error);
  if (code === "SQLITE_ERROR") {
    const missing = /^no such (table|column): (?:(?:\w+\.)?(.+))$/.exec(message);
    if (missing?.[1] === "table") return { kind: "missing-table", table: missing[2] };
    if (missing?.[1] === "column") return { kind: "missing-column", column: missing[2] };
  }
  const kind = KINDS[code] ?? (code.startsWith("SQLITE_READONLY") ? "read-only" : "other");
  const place = /constraint failed: (?:index '(?<constraint>[^']+)'|(?<table>[^.,]+)\.(?<column>[^,]+))/.exec(
    message,
  )?.groups;
  return { kind, table: place?.["table"], column: place?.["column"], constraint: place?.["constraint"] };
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? "";
}
