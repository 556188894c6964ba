import type { DataSource, DataSourceOptions } from "typeorm";
import { copyFor, copyOf, expectSupported, onlyLoadedCopy, type TypeormCopy } from "../typeorm/copy";
import { replaceDriver, replacementFor, type DriverReplacement } from "../typeorm/drivers";
import { routeImports } from "../typeorm/imports";
import { memoryConnected, replacementMissing, typeormMissing } from "./errors";
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
   * @throws RetortError `typeorm/unsupported`
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
    // Where the file itself finds none, it may import a package that does.
    if (!this.#copy) this.#use(onlyLoadedCopy());
    if (!this.#copy) throw typeormMissing(this.#file);
    const typeorm = this.#copy.load() as { DataSource: new (options: DataSourceOptions) => DataSource };
    const replacement = replacementFor(options, this.#copy);
    if (!replacement) return new typeorm.DataSource(options);
    this.#announce(replacement, this.#copy);
    return new typeorm.DataSource(replacement.options);
  }

  /**
   * Prepares a DataSource that the project created. It may belong to another copy of TypeORM than the one that the configuration file
   * imports, for example to that of a package which created it.
   */
  async prepare(dataSource: DataSource): Promise<DataSource> {
    const own = copyOf(dataSource);
    if (own && own.folder !== this.#copy?.folder) this.#use(own);
    const copy = this.#copy;
    const replacement = copy && replacementFor(dataSource.options, copy);
    if (!replacement) return dataSource;
    this.#announce(replacement, copy);
    if (dataSource.isInitialized) {
      if (isMemory(dataSource.options)) throw memoryConnected(replacement.type, replacement.package);
      await dataSource.destroy();
    }
    replaceDriver(dataSource, replacement, copy);
    return dataSource;
  }

  /** Does the work, while which a DataSource that the project connects itself (NestJS does) changes no schema. */
  async withoutSchemaChanges<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#copy) return work();
    const prototype = (this.#copy.load() as { DataSource?: { prototype: DataSource } }).DataSource?.prototype;
    // A damaged installation is reported where the configuration imports it.
    if (!prototype) return work();
    const own = Object.getOwnPropertyDescriptor(prototype, "initialize")!;
    const initialize = own.value as DataSource["initialize"];
    prototype.initialize = function (this: DataSource) {
      if (!isMemory(this.options)) this.setOptions({ synchronize: false, dropSchema: false, migrationsRun: false });
      return initialize.call(this);
    };
    try {
      return await work();
    } finally {
      Object.defineProperty(prototype, "initialize", own);
    }
  }

  /** @throws RetortError `config/driver-missing` */
  #announce({ type, package: name }: DriverReplacement, copy: TypeormCopy): void {
    if (!copy.finds(name)) throw replacementMissing(this.#file, type, name);
    this.#note(`type: "${type}" is opened through ${name}, ${SAME[name]}`);
  }

  #use(copy: TypeormCopy | undefined): void {
    if (!copy) return;
    expectSupported(copy);
    routeImports(copy, this.#load);
    this.#copy = copy;
  }
}

const SAME: Readonly<Record<DriverReplacement["package"], string>> = {
  "better-sqlite3": "which reads and writes the same file",
  mysql2: "which connects to the same server",
};

/** A database in memory goes with its connection. */
function isMemory({ database }: DataSourceOptions): boolean {
  return database === ":memory:" || database === "";
}
