import type { DataSource, DataSourceOptions } from "typeorm";
import type { TypeormCopy } from "./copy";
import { hasSqlite3Driver } from "./version";

/** Options of TypeORM 0.3 for the package sqlite3 (`type: "sqlite"`), written for better-sqlite3, which opens the same files. */
export function betterSqlite3Options(options: object): DataSourceOptions {
  const { busyTimeout, driver, ...others } = options as { readonly busyTimeout?: number; readonly driver?: unknown };
  void driver; // sqlite3 itself
  return { ...others, ...(busyTimeout !== undefined && { timeout: busyTimeout }), type: "better-sqlite3" } as never;
}

/** Whether options are for the package sqlite3, and of a TypeORM that has a driver for it. */
export function usesSqlite3(options: object, { version }: TypeormCopy): boolean {
  // eslint-disable-next-line no-restricted-syntax -- no database that a dialect is for: a driver that only TypeORM 0.3 has
  return (options as { type?: unknown }).type === "sqlite" && hasSqlite3Driver(version);
}

/**
 * Gives a DataSource that is not connected yet better-sqlite3 for sqlite3. It is the project's own object that changes: its driver is
 * what TypeORM itself sends every statement to.
 */
export function useBetterSqlite3(dataSource: DataSource, copy: TypeormCopy): void {
  const { DriverFactory } = copy.load("driver/DriverFactory.js") as {
    DriverFactory: new () => { create(dataSource: DataSource): DataSource["driver"] };
  };
  const before = dataSource.options;
  Object.assign(dataSource, { options: betterSqlite3Options(before) });
  try {
    dataSource.driver = new DriverFactory().create(dataSource);
  } catch (error) {
    Object.assign(dataSource, { options: before });
    throw error;
  }
}
