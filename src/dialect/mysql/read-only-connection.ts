import type { PoolConnection } from "mysql2";
import { areWritesAllowed } from "../write-permission";

type Send = (...values: unknown[]) => unknown;

/** What replaces the methods of mysql2's connection. */
interface Internals {
  query: Send;
  execute: Send;
}

const BEGIN = /^\s*(?:BEGIN(?:\s+WORK)?|START\s+TRANSACTION\b[^;]*?)\s*;?\s*$/i;
const END = /^\s*(?:COMMIT|ROLLBACK)(?:\s+WORK)?\s*;?\s*$/i;
/** Concerns the next transaction, and is refused inside one. */
const NEXT_TRANSACTION = /^\s*SET\s+TRANSACTION\b[^;]*;?\s*$/i;

const guarded = new WeakSet<PoolConnection>();

/**
 * Makes the server refuse every write that is sent over a connection: each statement is sent in a transaction that is READ ONLY. While
 * that is open, so are the transactions that the statement itself would begin (CALL, an implicit commit). Nothing stays set on the
 * connection, which a proxy between here and the server may give to somebody else after each transaction.
 */
export function forbidWritesOf(connection: PoolConnection): void {
  if (guarded.has(connection)) return;
  guarded.add(connection);
  new ReadOnlyConnection(connection as unknown as Internals);
}

class ReadOnlyConnection {
  readonly #query: Send;
  #transaction: "none" | "read-only" | "exempt" = "none";

  constructor(connection: Internals) {
    this.#query = connection.query.bind(connection);
    const execute = connection.execute.bind(connection);
    connection.query = (...values) => this.#guarded(values, this.#query);
    connection.execute = (...values) => this.#guarded(values, execute);
  }

  /** Statements are sent one after the other, in the order in which they are given to the driver. */
  #guarded(values: readonly unknown[], send: Send): unknown {
    const sql = textOf(values[0]);
    if (BEGIN.test(sql)) return this.#begin(sql, values);
    if (NEXT_TRANSACTION.test(sql) || (this.#transaction !== "none" && !END.test(sql))) return send(...values);
    if (this.#transaction === "exempt") {
      this.#transaction = "none";
      return send(...values);
    }
    if (this.#transaction === "none") this.#open();
    if (!END.test(sql)) {
      const result = send(...values);
      this.#close();
      this.#aside("COMMIT");
      return result;
    }
    this.#close();
    this.#transaction = "none";
    return send(...values);
  }

  #begin(sql: string, values: readonly unknown[]): unknown {
    if (areWritesAllowed()) {
      this.#transaction = "exempt";
      return this.#query(...values);
    }
    this.#transaction = "read-only";
    const options = /\bWITH\s+CONSISTENT\s+SNAPSHOT\b/i.test(sql) ? "WITH CONSISTENT SNAPSHOT, READ ONLY" : "READ ONLY";
    const result = this.#query(withText(values[0], `START TRANSACTION ${options}`), ...values.slice(1));
    this.#aside("SET SESSION TRANSACTION READ ONLY");
    return result;
  }

  #open(): void {
    this.#aside("START TRANSACTION READ ONLY");
    this.#aside("SET SESSION TRANSACTION READ ONLY");
  }

  #close(): void {
    this.#aside("SET SESSION TRANSACTION READ WRITE");
  }

  #aside(sql: string): void {
    // An error that matters is that of the statement between them.
    this.#query(sql, () => undefined);
  }
}

function textOf(query: unknown): string {
  if (typeof query === "string") return query;
  const { sql } = (query ?? {}) as { sql?: unknown };
  return typeof sql === "string" ? sql : "";
}

/** The same query with another text; a command of mysql2 has its own callback. */
function withText(query: unknown, sql: string): unknown {
  if (typeof query === "string") return sql;
  return Object.assign(query as object, { sql });
}
