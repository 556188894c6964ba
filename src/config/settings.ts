import { isRecord } from "../values";
/**
 * The settings of a project: the `retort` object of package.json, and a `retort` object that the configuration file exports. They are
 * merged; the configuration file takes precedence.
 */
export interface Settings {
  /** The file that exports the DataSource, relative to package.json. Read from package.json only. */
  readonly dataSource?: string;
  /** False: `.env.local` and `.env` are not read. Read from package.json only. Default true. */
  readonly env?: boolean;
  readonly migrations?: MigrationSettings;
  readonly shell?: ShellSettings;
  readonly types?: TypesSettings;
}

export interface MigrationSettings {
  /** Tables, views and indexes that are ignored, by their names in the database; `*` matches any characters. */
  readonly ignore?: readonly string[];
  /** How long a statement of a migration waits for a lock of the database: seconds, or `500ms`. Default: 5. */
  readonly ddlLockTimeout?: string | number;
  /** The folder of the migration files, relative to the project's root. Default: where the DataSource's `migrations` patterns point. */
  readonly folder?: string;
}

export interface TypesSettings {
  /** The file that `retort types` writes, relative to the project's root. Default: `retort.d.ts` above the entities. */
  readonly file?: string;
}

export interface ShellSettings {
  /** More names at the prompt. */
  readonly names?: Readonly<Record<string, unknown>>;
  /** Hosts that open for writing, although they look remote. */
  readonly trust?: readonly string[];
  /** Hosts that open read-only unless `--write` is given, although they look local. */
  readonly guard?: readonly string[];
  /** Columns printed as dots besides the usual ones: `token`, or `User.token`. */
  readonly secrets?: readonly string[];
}

/** Merges settings group by group; of two values for one key the later one is used. */
export function mergeSettings(...sources: readonly unknown[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const source of sources.filter(isRecord)) {
    for (const [key, value] of Object.entries(source)) {
      const before = merged[key];
      merged[key] = isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
    }
  }
  return merged;
}
