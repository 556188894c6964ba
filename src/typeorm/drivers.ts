import type { DataSource, DataSourceOptions } from "typeorm";
import type { TypeormCopy } from "./copy";
import { isTypeorm03 } from "./version";

/*
 * TypeORM 0.3 has drivers for packages that Retort does not support: sqlite3, which 1.x has dropped, and mysql, which 0.3 prefers to
 * mysql2. Another package opens the same database.
 */

/** Another package for the driver of a DataSource. */
export interface DriverReplacement {
  /** `type` of the DataSource. */
  readonly type: string;
  /** The package that takes its place. */
  readonly package: "better-sqlite3" | "mysql2";
  readonly options: DataSourceOptions;
}

/** Bits of sqlite3's option `flags`. https://sqlite.org/c3ref/open.html */
const OPEN_READONLY = 0x1;
const OPEN_CREATE = 0x4;

interface Sqlite3Options {
  readonly busyTimeout?: number;
  readonly driver?: unknown;
  readonly flags?: number;
}

interface MysqlOptions {
  readonly driver?: unknown;
  readonly connectorPackage?: "mysql" | "mysql2";
}

type Replace = (options: object, copy: TypeormCopy) => Omit<DriverReplacement, "type"> | undefined;

const mysql2: Replace = (options, copy) =>
  loadsMysql(options, copy)
    ? { package: "mysql2", options: { ...options, connectorPackage: "mysql2" } as never }
    : undefined;

/** By `type` of the DataSource. */
const REPLACED: Readonly<Record<string, Replace>> = {
  sqlite: (options) => ({ package: "better-sqlite3", options: betterSqlite3Options(options) }),
  mysql: mysql2,
  mariadb: mysql2,
};

/** The replacement for a driver that only TypeORM 0.3 has; undefined where the driver is supported. */
export function replacementFor(options: object, copy: TypeormCopy): DriverReplacement | undefined {
  if (!isTypeorm03(copy.version)) return undefined;
  const type = String((options as { readonly type?: unknown }).type);
  const replacement = Object.hasOwn(REPLACED, type) ? REPLACED[type]!(options, copy) : undefined;
  return replacement && { type, ...replacement };
}

function betterSqlite3Options(options: Sqlite3Options): DataSourceOptions {
  const { busyTimeout, driver, flags, ...others } = options;
  void driver; // sqlite3 itself
  return {
    ...others,
    ...(busyTimeout !== undefined && { timeout: busyTimeout }),
    ...(flags !== undefined && { readonly: (flags & OPEN_READONLY) !== 0, fileMustExist: (flags & OPEN_CREATE) === 0 }),
    type: "better-sqlite3",
  } as never;
}

/** Whether TypeORM would load the package mysql: it looks for it first, unless the options name mysql2. */
function loadsMysql({ driver, connectorPackage }: MysqlOptions, copy: TypeormCopy): boolean {
  return driver === undefined && connectorPackage !== "mysql2" && copy.finds("mysql");
}

/**
 * Gives a DataSource that is not connected yet another driver. It is the project's own object that changes: its driver is what TypeORM
 * itself sends every statement to.
 */
export function replaceDriver(dataSource: DataSource, { options }: DriverReplacement, copy: TypeormCopy): void {
  const { DriverFactory } = copy.load("driver/DriverFactory.js") as {
    DriverFactory: new () => { create(dataSource: DataSource): DataSource["driver"] };
  };
  Object.assign(dataSource, { options });
  dataSource.driver = new DriverFactory().create(dataSource);
}
