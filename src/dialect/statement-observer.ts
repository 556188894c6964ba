import type { DataSource, QueryRunner } from "typeorm";
import type { RetortError } from "../errors";
import type { Row } from "./dialect";
import type { DatabaseAddress } from "./events";
import type { Observers } from "./observers";

/** A statement that is sent. */
export interface SentStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly queryRunner: QueryRunner;
  readonly addressOf: () => DatabaseAddress;
  /** How often it is executed, where that is more than once. */
  readonly batchSize: number | undefined;
  /** By `performance.now()`. */
  readonly started: number;
  readonly startedAt: number;
}

/** Why a statement failed: the error that the session throws, and the database's own code. */
export interface Failure {
  readonly error: RetortError;
  readonly statusCode: string | undefined;
}

/** How a statement ended. */
interface Outcome {
  readonly milliseconds: number;
  readonly rows: number;
  readonly failure?: Failure;
}

/**
 * Notifies about every statement: the listeners of `observe`, the DataSource's logger and its subscribers'
 * `beforeQuery`/`afterQuery`, as TypeORM does for its own statements.
 */
export class StatementObserver {
  readonly #dataSource: DataSource;
  readonly #observers: Observers;
  readonly #session: string;
  readonly #isLogging: boolean;
  readonly #slowAfter: number | undefined;

  /** @param session the session's label */
  constructor(dataSource: DataSource, observers: Observers, session: string) {
    this.#dataSource = dataSource;
    this.#observers = observers;
    this.#session = session;
    // A logger given as an object receives every statement, whatever `logging` says.
    const { logging, logger, maxQueryExecutionTime } = dataSource.options;
    this.#isLogging = Boolean(logging) || typeof logger === "object";
    this.#slowAfter = maxQueryExecutionTime;
  }

  /** Call it before a statement is sent. @returns what to pass to `sent` or `failed` */
  sending(
    sql: string,
    parameters: readonly unknown[],
    queryRunner: QueryRunner,
    addressOf: () => DatabaseAddress,
    batchSize?: number,
  ): SentStatement {
    if (this.#isLogging) this.#dataSource.logger.logQuery(sql, parameters as unknown[], queryRunner);
    if (this.#dataSource.subscribers.length > 0)
      void queryRunner.broadcaster.broadcast("BeforeQuery", sql, parameters as unknown[]);
    const [started, startedAt] = [performance.now(), Date.now()];
    return { sql, parameters, queryRunner, addressOf, batchSize, started, startedAt };
  }

  /** @param milliseconds how long it took; by default until now */
  sent(statement: SentStatement, rows: number, milliseconds = performance.now() - statement.started): void {
    const { sql, parameters, queryRunner } = statement;
    if (this.#slowAfter && milliseconds > this.#slowAfter)
      this.#dataSource.logger.logQuerySlow(milliseconds, sql, parameters as unknown[], queryRunner);
    this.#notify(statement, { milliseconds, rows });
  }

  /** @param error the driver's error, which TypeORM's logger and subscribers receive */
  failed(statement: SentStatement, error: unknown, failure: Failure): void {
    const { sql, parameters, queryRunner, started } = statement;
    if (this.#isLogging)
      this.#dataSource.logger.logQueryError(error as Error, sql, parameters as unknown[], queryRunner);
    const milliseconds = performance.now() - started;
    this.#notify(statement, { milliseconds, rows: 0, failure }, error);
  }

  /** Passes the batches of a stream on, and notifies at their end, also where the reader stops before it. */
  async *stream(
    statement: SentStatement,
    batches: AsyncIterable<Row[]>,
    failureOf: (error: unknown) => Failure,
  ): AsyncIterable<Row[]> {
    let [rows, readerTook, hasFailed] = [0, 0, false];
    try {
      for await (const batch of batches) {
        rows += batch.length;
        const given = performance.now();
        try {
          yield batch;
        } finally {
          readerTook += performance.now() - given;
        }
      }
    } catch (error) {
      hasFailed = true;
      const failure = failureOf(error);
      this.failed(statement, error, failure);
      throw failure.error;
    } finally {
      if (!hasFailed) this.sent(statement, rows, performance.now() - statement.started - readerTook);
    }
  }

  #notify(statement: SentStatement, outcome: Outcome, driverError?: unknown): void {
    if (this.#observers.areThere) this.#notifyObservers(statement, outcome);
    if (this.#dataSource.subscribers.length === 0) return;
    const { sql, parameters, queryRunner } = statement;
    void queryRunner.broadcaster.broadcast(
      "AfterQuery",
      sql,
      parameters as unknown[],
      outcome.failure === undefined,
      outcome.milliseconds,
      undefined,
      driverError,
    );
  }

  #notifyObservers(
    { sql, parameters, addressOf, batchSize, startedAt }: SentStatement,
    { milliseconds, rows, failure }: Outcome,
  ): void {
    this.#observers.notify({
      type: "statement",
      session: this.#session,
      database: addressOf(),
      sql,
      operation: operationOf(sql),
      batchSize,
      startedAt,
      milliseconds,
      rows,
      failure: failure && { code: failure.error.code, statusCode: failure.statusCode },
      parameters,
      error: failure?.error,
    });
  }
}

/** The first word of a statement, behind comments and parentheses. */
function operationOf(sql: string): string {
  return (/^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*(\w+)/.exec(sql)?.[1] ?? "").toUpperCase();
}
