import type BetterSqlite3 from "better-sqlite3";
import type { QueryRunner } from "typeorm";
import type { DatabaseControl } from "../database-control";
import { areWritesAllowed } from "../write-permission";
import { makeReadsStoppable, stoppableReadsOf } from "./stoppable-reads";
import { isMemory } from "./write-mutex";

/** The parts of TypeORM's better-sqlite3 driver that are used here; `createDatabaseConnection` is protected there. */
interface Driver {
  readonly options: { readonly database: string };
  databaseConnection: BetterSqlite3.Database;
  queryRunner: QueryRunner | undefined;
  readonly attachedDatabases: Record<string, { attachFilepathAbsolute: string; attachHandle: string }>;
  createDatabaseConnection(): Promise<BetterSqlite3.Database>;
}

export const sqliteControl: DatabaseControl = {
  hosts: () => [],
  async forbidWrites(dataSource) {
    const driver = dataSource.driver as unknown as Driver;
    const open = driver.createDatabaseConnection.bind(driver);
    // A database in memory has one connection, which cannot be opened again.
    if (isMemory(driver.options.database)) return void driver.databaseConnection.pragma("query_only = ON");
    driver.createDatabaseConnection = () => (areWritesAllowed() ? open() : openReadOnly(driver, open));
    const writable = driver.databaseConnection;
    driver.databaseConnection = await driver.createDatabaseConnection();
    for (const { attachFilepathAbsolute, attachHandle } of Object.values(driver.attachedDatabases))
      driver.databaseConnection.prepare(`ATTACH ? AS "${attachHandle}"`).run(attachFilepathAbsolute);
    // The query runner has prepared its statements on the connection that is closed now.
    driver.queryRunner = undefined;
    writable.close();
  },
  makeStoppable: makeReadsStoppable,
  async cancel(dataSource) {
    // Other statements run in this thread, so none is running when this code is.
    stoppableReadsOf(dataSource)?.stop();
  },
};

/** Opens the file so that SQLite refuses writes whatever is sent; `PRAGMA query_only` could be switched off by a statement. */
async function openReadOnly(
  driver: Driver,
  open: () => Promise<BetterSqlite3.Database>,
): Promise<BetterSqlite3.Database> {
  const own = Object.getOwnPropertyDescriptor(driver, "options")!;
  const options = { ...driver.options, readonly: true, fileMustExist: true, enableWAL: false };
  Object.defineProperty(driver, "options", { ...own, value: options });
  try {
    return await open();
  } finally {
    Object.defineProperty(driver, "options", own);
  }
}
