import type { QueryRunner } from "typeorm";
import type { StatementWrapper } from "./databases/contract";
import type { Send } from "../history/send";
import { statementKind, type StatementKind } from "../history/statement";

/** One statement that a migration sends. */
export interface SentStatement {
  /** Counted from 1, without BEGIN, COMMIT and the like. */
  readonly number: number;
  readonly sql: string;
  readonly parameters: unknown[] | undefined;
  readonly kind: StatementKind;
  /** Whether TypeORM asked for a structured result. */
  readonly structured: boolean;
  /** Sends it to the database. */
  readonly send: () => Promise<unknown>;
}

/** Decides what happens with a statement. */
export type Interceptor = (statement: SentStatement) => Promise<unknown>;

/** The statements of a migration so far. */
export interface Interception {
  /** How many were sent. */
  readonly count: number;
  /** The last one that failed, with its error. */
  readonly failed: { readonly number: number; readonly sql: string; readonly error: unknown } | undefined;
}

type Query = (sql: string, parameters?: unknown[], useStructuredResult?: boolean) => Promise<unknown>;

/**
 * Passes every statement that the work sends on the query runner to the interceptor. TypeORM's own methods (`createTable`, the
 * manager's `save`) end in `queryRunner.query`, so that is the one method to replace.
 */
export async function interceptStatements(
  runner: QueryRunner,
  interceptor: Interceptor,
  work: () => Promise<void>,
): Promise<Interception> {
  const watched: { count: number; failed: Interception["failed"] } = { count: 0, failed: undefined };
  const original = runner.query.bind(runner) as Query;
  const query: Query = async (sql, parameters, useStructuredResult) => {
    const kind = statementKind(sql);
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
    throw new InterceptedError(error, watched);
  } finally {
    if (own) Object.defineProperty(runner, "query", own);
    else delete (runner as Partial<QueryRunner>).query;
  }
  return watched;
}

/** Sends a statement with its wrapper; the wrapper's statements are not intercepted. */
export async function sendWrapped(
  statement: SentStatement,
  wrapper: StatementWrapper | undefined,
  send: Send,
): Promise<unknown> {
  for (const before of wrapper?.before ?? []) await send(before);
  try {
    return await statement.send();
  } finally {
    for (const after of wrapper?.after ?? []) await send(after);
  }
}

/** What a migration threw, and its statements up to then. Never leaves this layer. */
export class InterceptedError extends Error {
  readonly thrown: unknown;
  readonly interception: Interception;

  constructor(thrown: unknown, watched: Interception) {
    super("a migration threw", { cause: thrown });
    this.thrown = thrown;
    this.interception = watched;
  }

  /** The migration succeeded; the commit failed. */
  static atCommit(error: unknown): InterceptedError {
    return new InterceptedError(error, { count: 0, failed: { number: 0, sql: "COMMIT", error } });
  }

  /** The statement that the error is about: a migration may throw by itself, or catch what a statement threw. */
  get statement(): { number: number; sql: string } | undefined {
    const { failed } = this.interception;
    return failed && causes(this.thrown).includes(failed.error) ? failed : undefined;
  }
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let one = error; one && !chain.includes(one); one = (one as { cause?: unknown }).cause) chain.push(one);
  return chain;
}
