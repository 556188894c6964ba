import type BetterSqlite3 from "better-sqlite3";
import type { DatabaseControl } from "../database-control";

/** The parts of TypeORM's better-sqlite3 driver that are used here; `createDatabaseConnection` is protected there. */
interface Driver {
  databaseConnection: BetterSqlite3.Database;
  createDatabaseConnection(): Promise<BetterSqlite3.Database>;
}

const FORBID = "query_only = ON";

export const sqliteControl: DatabaseControl = {
  async forbidWrites(dataSource) {
    const driver = dataSource.driver as unknown as Driver;
    driver.databaseConnection.pragma(FORBID);
    const open = driver.createDatabaseConnection.bind(driver);
    driver.createDatabaseConnection = async () => {
      const handle = await open();
      handle.pragma(FORBID);
      return handle;
    };
  },
  allowWrites: "PRAGMA query_only = OFF",
  async cancel() {
    // SQLite needs nothing here: statements run in this thread, so none is running when this code is.
  },
};
