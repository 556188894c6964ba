import type { DataSource, DataSourceOptions } from "typeorm";
import { copyFor, copyOf, type TypeormCopy } from "../typeorm/copy";
import { routeImports } from "../typeorm/imports";
import { betterSqlite3Options, useBetterSqlite3, usesSqlite3 } from "../typeorm/sqlite";
import { isSupported, SUPPORTED_VERSIONS } from "../typeorm/version";
import { betterSqlite3Missing, typeormMissing, typeormUnsupported } from "./errors";
import type { Warn } from "./warn";

/** The project's own copy of TypeORM: the one that its configuration file imports, or that created its DataSource. */
export class ProjectTypeorm {
  readonly #file: string;
  readonly #load: (file: string) => Promise<unknown>;
  readonly #note: Warn;
  #copy: TypeormCopy | undefined;

  /**
   * @param file the configuration file
   * @param load loads the files that match a DataSource's patterns
   * @throws RetortError `config/typeorm-unsupported`
   */
  constructor(file: string, load: (file: string) => Promise<unknown>, note: Warn = () => undefined) {
    this.#file = file;
    this.#load = load;
    this.#note = note;
    this.#use(copyFor(file));
  }

  /**
   * Creates a DataSource from the options that a configuration file exports.
   * @throws RetortError `config/typeorm-missing`
   */
  construct(options: DataSourceOptions): DataSource {
    if (!this.#copy) throw typeormMissing(this.#file);
    const typeorm = this.#copy.load() as { DataSource: new (options: DataSourceOptions) => DataSource };
    if (!usesSqlite3(options, this.#copy)) return new typeorm.DataSource(options);
    this.#note(OPENED_THROUGH);
    return withBetterSqlite3(() => new typeorm.DataSource(betterSqlite3Options(options)));
  }

  /**
   * Prepares a DataSource that the project created. It may belong to another copy of TypeORM than the one that the configuration file
   * imports, for example to that of a package which created it.
   */
  prepare(dataSource: DataSource): DataSource {
    const own = copyOf(dataSource);
    if (own && own.folder !== this.#copy?.folder) this.#use(own);
    if (this.#copy && !dataSource.isInitialized && usesSqlite3(dataSource.options, this.#copy)) {
      const copy = this.#copy;
      withBetterSqlite3(() => useBetterSqlite3(dataSource, copy));
      this.#note(OPENED_THROUGH);
    }
    return dataSource;
  }

  #use(copy: TypeormCopy | undefined): void {
    if (!copy) return;
    if (!isSupported(copy.version)) throw typeormUnsupported(copy.version, copy.folder, SUPPORTED_VERSIONS);
    routeImports(copy, this.#load);
    this.#copy = copy;
  }
}

const OPENED_THROUGH = 'type: "sqlite" is opened through better-sqlite3, which reads and writes the same file';

function withBetterSqlite3<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isMissing = (error as { name?: unknown } | null)?.name === "DriverPackageNotInstalledError";
    throw isMissing ? betterSqlite3Missing(error) : error;
  }
}
