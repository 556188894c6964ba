import type { DataSource, EntityMetadata, QueryRunner } from "typeorm";

/** What TypeORM 0.3 calls it, beside the name of 1.x. */
interface Connected {
  readonly dataSource?: DataSource;
  readonly connection?: DataSource;
}

/** The DataSource that a query runner or an entity's metadata belongs to: `dataSource` in TypeORM 1.x, `connection` in 0.3. */
export function dataSourceOf(owner: QueryRunner | EntityMetadata): DataSource {
  const { dataSource, connection } = owner as Connected;
  return (dataSource ?? connection)!;
}

/** Whether an error is that of a statement. TypeORM 0.3 does not wrap the driver's error of one that SQLite cannot prepare. */
export function isStatementError(error: unknown): boolean {
  const { driverError, name } = (error ?? {}) as { driverError?: unknown; name?: unknown };
  return driverError !== undefined || name === "SqliteError";
}
