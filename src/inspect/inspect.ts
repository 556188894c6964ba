import type { DataSource } from "typeorm";
import { schemaDialectOf } from "../dialect/dialects";
import type { Column } from "../dialect/schema/model";
import { keyOf } from "../dialect/schema/model";
import { ownScope } from "../migrate/generate/schemas";
import { wildcard } from "../text";
import type { MigrationSettings } from "../migrate/context";
import { type Descriptions, describeEntities } from "./describe";

/** What of a database is described. */
export interface InspectOptions {
  /** Schemas (MySQL: databases) besides the default one. */
  readonly schemas?: readonly string[];
  /** Names of tables and views; all of them by default. `*` stands for any characters. */
  readonly tables?: readonly string[];
  /** The settings of the migrations, whose `ignore` is left out. */
  readonly settings?: MigrationSettings;
}

/**
 * Reads the tables and views of a database and describes entity classes for them. Changes nothing.
 * @param dataSource connected; its entities do not matter
 */
export async function inspect(
  dataSource: DataSource,
  { schemas = [], tables = [], settings = {} }: InspectOptions = {},
): Promise<Descriptions> {
  const dialect = schemaDialectOf(dataSource);
  const scope = ownScope({ dataSource, settings }, { schemas });
  const runner = dataSource.createQueryRunner();
  try {
    const read = await dialect.read(runner, scope);
    const isWanted = isAmong(tables);
    const schema = {
      ...read,
      tables: read.tables.filter(({ name }) => isWanted(name)),
      views: read.views.filter(({ name }) => isWanted(name)),
    };
    const viewColumns = new Map<string, Pick<Column, "name" | "type">[]>();
    for (const view of schema.views) viewColumns.set(keyOf(view), await dialect.viewColumns(runner, view));
    return describeEntities({ dataSource, dialect, schema, viewColumns });
  } finally {
    await runner.release();
  }
}

function isAmong(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const expressions = patterns.map(wildcard);
  return (name) => expressions.some((one) => one.test(name));
}
