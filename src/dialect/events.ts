import type { RetortError } from "../errors";

/** Where a statement was sent, in the terms of OpenTelemetry's conventions for databases. */
export interface DatabaseAddress {
  /** `db.system.name`: postgresql, cockroachdb, mysql, mariadb or sqlite. */
  readonly system: string;
  /** `db.namespace`: the database; of SQLite the file, or `:memory:`. */
  readonly namespace: string | undefined;
  /** `server.address`: the host, or the path of a socket; undefined of SQLite. */
  readonly address: string | undefined;
  /** `server.port`. */
  readonly port: number | undefined;
}

/** Why a statement failed, without a value in it. */
export interface StatementFailure {
  /** The error's code, such as `database/unique`; the codes are the same on every database. */
  readonly code: string;
  /** `db.response.status_code`: the database's own code (SQLSTATE of PostgreSQL, the error number of MySQL and MariaDB, SQLite's name). */
  readonly statusCode: string | undefined;
}

/**
 * A statement that has ended: with its answer, with an error, or, of a stream, with its last row or where its reader stopped. COMMIT,
 * ROLLBACK and savepoints are statements too.
 */
export interface StatementEvent {
  readonly type: "statement";
  /** The label of the session that sent it. */
  readonly session: string;
  readonly database: DatabaseAddress;
  /** `db.query.text`: the statement, with placeholders for its parameters. */
  readonly sql: string;
  /** `db.operation.name`: its first word in capitals, such as SELECT. */
  readonly operation: string;
  /** `db.operation.batch.size`: how often it was executed, where that is known to be more than once. */
  readonly batchSize: number | undefined;
  /** When it was sent, in milliseconds since 1970 (`Date.now()`). */
  readonly startedAt: number;
  /** How long the database took, in milliseconds; of a stream without the time that its reader took. */
  readonly milliseconds: number;
  /** Rows read, or rows changed by a statement that reads none. */
  readonly rows: number;
  /** Undefined where it succeeded. */
  readonly failure: StatementFailure | undefined;
  /** Its parameters, where the listener has asked for them. */
  readonly parameters: readonly unknown[] | undefined;
  /** The error that the session throws, where the listener has asked for parameters: its message may quote them. */
  readonly error: RetortError | undefined;
}

/** A batch of `query.inBatches(n)` has ended: its rows were read and processed, updated or deleted. */
export interface BatchEvent {
  readonly type: "batch";
  readonly session: string;
  /** The name of the entity. */
  readonly entity: string;
  readonly operation: "read" | "update" | "delete";
  /** Batches so far, this one included. */
  readonly batches: number;
  /** Their rows. */
  readonly rows: number;
  /** The share of the work that is done, from 0 to 1, as far as the first column of the order tells. */
  readonly share: number | undefined;
  /** Whether the batches were committed, each by itself. */
  readonly isCommitted: boolean;
  /** The SELECT that has found the batch. */
  readonly sql: string;
}

/** What happens on the connection of a session. */
export type DatabaseEvent =
  | StatementEvent
  | {
      readonly type: "flush";
      readonly session: string;
      readonly inserted: number;
      readonly updated: number;
      readonly deleted: number;
    }
  | BatchEvent
  | { readonly type: "begin" | "commit" | "rollback"; readonly session: string }
  /** The connection to a server was lost outside a transaction, and another one was taken. */
  | { readonly type: "reconnect"; readonly session: string };

/** Receives the events of sessions, in the asynchronous context of the code that caused them. */
export type DatabaseListener = (event: DatabaseEvent) => void;

/** What `observe` takes. */
export interface ObserveOptions {
  /** Whether statements come with their parameters and errors, which are personal data often. Default false. */
  readonly parameters?: boolean;
  /** In milliseconds: the listener receives only statements that took as long, and no other event. Default: all events. */
  readonly slowerThan?: number;
}
