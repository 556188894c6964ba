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
