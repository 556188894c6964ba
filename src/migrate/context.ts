import type { DataSource } from "typeorm";
import type { MigrationPlace } from "./files/place";

/** The part of the project's settings that migrations read: the `migrations` object under `retort`. */
export interface MigrationSettings {
  /** Tables, views and indexes that are ignored, by their names in the database; `*` stands for any characters. */
  readonly ignore?: readonly string[];
  /** How long a statement of a migration waits for a lock of the database: seconds, or `500ms`. Default: 5. */
  readonly ddlLockTimeout?: string | number;
}

/**
 * What every migration command works on. The command line passes it down;
 * this layer reads no configuration file and no terminal.
 */
export interface MigrationContext {
  /** The project's DataSource, initialised by {@link openDataSource}: connected, and its entities' metadata built. */
  readonly dataSource: DataSource;
  /** The project's folder, absolute. Paths in messages are relative to it. */
  readonly root: string;
  /** Where new migrations are written. */
  readonly place: Pick<MigrationPlace, "newFile" | "newestTimestamp">;
  readonly settings: MigrationSettings;
}

/**
 * Initialises a DataSource for migrations: whatever its options are, nothing is synchronised, dropped or
 * migrated by connecting. A DataSource that is initialised already is left as it is.
 */
export async function openDataSource(dataSource: DataSource): Promise<DataSource> {
  if (dataSource.isInitialized) return dataSource;
  dataSource.setOptions({ synchronize: false, dropSchema: false, migrationsRun: false });
  return dataSource.initialize();
}
