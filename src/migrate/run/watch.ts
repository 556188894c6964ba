import type { QueryRunner } from "typeorm";
import type { Surroundings } from "./databases/contract";
import type { Send } from "../history/send";
import { kindOf, type StatementKind } from "../history/statement";

/** One statement that a migration sends. */
export interface SentStatement {
  /** Counted from 1; what begins and ends transactions is not counted. */
  readonly number: number;
  readonly sql: string;
  readonly parameters: unknown[] | undefined;
  readonly kind: StatementKind;
  /** Whether TypeORM asked for a result with its parts named. */
  readonly structured: boolean;
  /** Sends it to the database. */
  readonly send: () => Promise<unknown>;
}

/** Stands between a migration and the database. */
export type Interceptor = (statement: SentStatement) => Promise<unknown>;

/** What was seen of a migration's statements. */
export interface Watched {
  /** How many were sent so far. */
  readonly count: number;
  /** The last one that failed, with its error. */
  readonly failed: { readonly number: number; readonly sql: string; readonly error: unknown } | undefined;
}

type Query = (sql: string, parameters?: unknown[], useStructuredResult?: boolean) => Promise<unknown>;

/**
 * Runs work whose statements on the query runner go through the interceptor. TypeORM's own methods (`createTable`, the
 * manager's `save`) end in `queryRunner.query`, so that is the one place to stand in.
 */
export async function watching(
  runner: QueryRunner,
  interceptor: Interceptor,
  work: () => Promise<void>,
): Promise<Watched> {
  const watched: { count: number; failed: Watched["failed"] } = { count: 0, failed: undefined };
  const original = runner.query.bind(runner) as Query;
  const query: Query = async (sql, parameters, useStructuredResult) => {
    const kind = kindOf(sql);
    const number = kind === "transaction" ? watched.count : ++watched.count;
    const send = () => original(sql, parameters, useStructuredResult);
    try {
      return await interceptor({ number, sql, parameters, kind, structured: useStructuredResult === true, send });
    } catch (error) {
      watched.failed = { number, sql, error };
      throw error;
    }
  };
  const own = Object.getOwnPropertyDescriptor(runner, "query");
  Object.defineProperty(runner, "query", { value: query, configurable: true, writable: true });
  try {
    await work();
  } catch (error) {
    throw new WatchedError(error, watched);
  } finally {
    if (own) Object.defineProperty(runner, "query", own);
    else delete (runner as Partial<QueryRunner>).query;
  }
  return watched;
}

/** Sends a statement with what it needs around it; the latter past the watch. */
export async function sendWithin(
  statement: SentStatement,
  around: Surroundings | undefined,
  send: Send,
): Promise<unknown> {
  for (const before of around?.before ?? []) await send(before);
  try {
    return await statement.send();
  } finally {
    for (const after of around?.after ?? []) await send(after);
  }
}

/** What a migration threw, and what had been seen of it by then. Never leaves this layer. */
export class WatchedError extends Error {
  readonly thrown: unknown;
  readonly watched: Watched;

  constructor(thrown: unknown, watched: Watched) {
    super("a migration threw", { cause: thrown });
    this.thrown = thrown;
    this.watched = watched;
  }

  /** The migration itself was fine; making it last was not. */
  static atCommit(error: unknown): WatchedError {
    return new WatchedError(error, { count: 0, failed: { number: 0, sql: "COMMIT", error } });
  }

  /** The statement that the error is about: a migration may throw by itself, or catch what a statement threw. */
  get statement(): { number: number; sql: string } | undefined {
    const { failed } = this.watched;
    return failed && causes(this.thrown).includes(failed.error) ? failed : undefined;
  }
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let one = error; one && !chain.includes(one); one = (one as { cause?: unknown }).cause) chain.push(one);
  return chain;
}
