import type { DataSource, QueryRunner } from "typeorm";
import type { DatabaseListener } from "./dialect";

/**
 * Notifies about every statement: Retort's own listeners, the DataSource's logger and its subscribers'
 * `beforeQuery`/`afterQuery`, as TypeORM does for its own statements.
 */
export class StatementObserver {
  readonly #dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #isLogging: boolean;
  readonly #slowAfter: number | undefined;

  constructor(dataSource: DataSource, listener: DatabaseListener) {
    this.#dataSource = dataSource;
    this.#listener = listener;
    // A logger given as an object receives every statement, whatever `logging` says.
    const { logging, logger, maxQueryExecutionTime } = dataSource.options;
    this.#isLogging = Boolean(logging) || typeof logger === "object";
    this.#slowAfter = maxQueryExecutionTime;
  }

  /** Call it before a statement is sent. @returns the time to pass to `sent` or `failed` */
  sending(sql: string, parameters: readonly unknown[], queryRunner: QueryRunner): number {
    if (this.#isLogging) this.#dataSource.logger.logQuery(sql, parameters as unknown[], queryRunner);
    if (this.#dataSource.subscribers.length > 0)
      void queryRunner.broadcaster.broadcast("BeforeQuery", sql, parameters as unknown[]);
    return performance.now();
  }

  sent(sql: string, parameters: readonly unknown[], rows: number, started: number, queryRunner: QueryRunner): void {
    const milliseconds = performance.now() - started;
    if (this.#slowAfter && milliseconds > this.#slowAfter)
      this.#dataSource.logger.logQuerySlow(milliseconds, sql, parameters as unknown[], queryRunner);
    this.#listener({ type: "statement", sql, parameters, milliseconds, rows });
    this.#notifySubscribers(sql, parameters, true, milliseconds, queryRunner);
  }

  failed(sql: string, parameters: readonly unknown[], error: unknown, started: number, queryRunner: QueryRunner): void {
    const milliseconds = performance.now() - started;
    if (this.#isLogging)
      this.#dataSource.logger.logQueryError(error as Error, sql, parameters as unknown[], queryRunner);
    this.#listener({ type: "statement", sql, parameters, milliseconds, rows: 0, error });
    this.#notifySubscribers(sql, parameters, false, milliseconds, queryRunner, error);
  }

  #notifySubscribers(
    sql: string,
    parameters: readonly unknown[],
    success: boolean,
    milliseconds: number,
    queryRunner: QueryRunner,
    error?: unknown,
  ): void {
    if (this.#dataSource.subscribers.length === 0) return;
    void queryRunner.broadcaster.broadcast(
      "AfterQuery",
      sql,
      parameters as unknown[],
      success,
      milliseconds,
      undefined,
      error,
    );
  }
}
