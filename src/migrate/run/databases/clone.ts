import type { DataSource, DataSourceOptions } from "typeorm";
import path from "node:path";

/** A database of the same kind that nobody else uses. */
export interface ScratchDatabase {
  /** Connected, with the project's entities. */
  readonly dataSource: DataSource;
  /** Takes the database away again. */
  close(): Promise<void>;
}

/**
 * A DataSource like the project's on another database, made by the project's own copy of TypeORM. Nothing is
 * synchronised, dropped or migrated by connecting.
 */
export async function openClone(dataSource: DataSource, root: string, changes: object): Promise<DataSource> {
  const Constructor = dataSource.constructor as new (options: DataSourceOptions) => DataSource;
  const twin = new Constructor({
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
  return twin.initialize();
}

/** TypeORM reads globs from where the process runs; the project's are meant from the project's folder. */
function absolute(entity: unknown, root: string): unknown {
  return typeof entity === "string" && !path.isAbsolute(entity) ? path.posix.join(root, entity) : entity;
}

/** Where a DataSource's options name its database, on a server: in the URL as well. */
export function onDatabase({ options }: DataSource, database: string): object {
  const { url, replication } = options as { url?: string; replication?: { master: object; slaves: object[] } };
  const named = (one: { url?: string }) => ({
    ...one,
    database,
    ...(one.url && { url: withDatabase(one.url, database) }),
  });
  return {
    database,
    ...(url && { url: withDatabase(url, database) }),
    ...(replication && { replication: { ...replication, master: named(replication.master), slaves: [] } }),
  };
}

function withDatabase(text: string, database: string): string {
  const url = new URL(text);
  url.pathname = `/${database}`;
  return url.href;
}
