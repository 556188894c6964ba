import type { DataSource, QueryRunner } from "typeorm";
import type { DatabaseListener } from "./dialect";

/**
 * Tells everybody who listens what is sent: Retort's own listeners, the DataSource's logger and its subscribers'
 * `beforeQuery`/`afterQuery`, as TypeORM tells them of the statements it sends itself.
 */
export class StatementObserver {
  readonly #dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #logs: boolean;
  readonly #slow: number | undefined;

  constructor(dataSource: DataSource, listener: DatabaseListener) {
    this.#dataSource = dataSource;
    this.#listener = listener;
    // A logger given as an object may want every statement whatever `logging` says.
    const { logging, logger, maxQueryExecutionTime } = dataSource.options;
    this.#logs = Boolean(logging) || typeof logger === "object";
    this.#slow = maxQueryExecutionTime;
  }

  /** Called before a statement is sent; gives the time to hand to `sent` or `failed`. */
  sending(sql: string, parameters: readonly unknown[], queryRunner: QueryRunner): number {
    if (this.#logs) this.#dataSource.logger.logQuery(sql, parameters as unknown[], queryRunner);
    if (this.#dataSource.subscribers.length > 0)
      void queryRunner.broadcaster.broadcast("BeforeQuery", sql, parameters as unknown[]);
    return performance.now();
  }

  sent(sql: string, parameters: readonly unknown[], rows: number, started: number, queryRunner: QueryRunner): void {
    const milliseconds = performance.now() - started;
    if (this.#slow && milliseconds > this.#slow)
      this.#dataSource.logger.logQuerySlow(milliseconds, sql, parameters as unknown[], queryRunner);
    this.#listener({ type: "statement", sql, parameters, milliseconds, rows });
    this.#after(sql, parameters, true, milliseconds, queryRunner);
  }

  failed(sql: string, parameters: readonly unknown[], error: unknown, started: number, queryRunner: QueryRunner): void {
    const milliseconds = performance.now() - started;
    if (this.#logs) this.#dataSource.logger.logQueryError(error as Error, sql, parameters as unknown[], queryRunner);
    this.#listener({ type: "statement", sql, parameters, milliseconds, rows: 0, error });
    this.#after(sql, parameters, false, milliseconds, queryRunner, error);
  }

  #after(
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
