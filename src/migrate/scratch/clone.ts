import path from "node:path";
import type { DataSource, DataSourceOptions } from "typeorm";

/**
 * A DataSource like the project's on another database, made by the project's own copy of TypeORM, so that functions and
 * collations that its options register are there too. Connecting synchronises, drops and migrates nothing.
 * @param root the project's folder, from which its globs start
 */
export async function openClone(dataSource: DataSource, root: string, changes: object): Promise<DataSource> {
  const Constructor = dataSource.constructor as new (options: DataSourceOptions) => DataSource;
  const clone = new Constructor({
    ...dataSource.options,
    entities: Object.values(dataSource.options.entities ?? []).map((entity) => absolute(entity, root)),
    subscribers: [],
    migrations: [],
    logging: false,
    logger: undefined,
    cache: false,
    synchronize: false,
    dropSchema: false,
    migrationsRun: false,
    ...changes,
  } as DataSourceOptions);
  return clone.initialize();
}

/** TypeORM resolves globs from the working directory of the process; the project's start from its folder. */
function absolute(entity: unknown, root: string): unknown {
  return typeof entity === "string" && !path.isAbsolute(entity) ? path.posix.join(root, entity) : entity;
}
