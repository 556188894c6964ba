import type BetterSqlite3 from "better-sqlite3";
import type { QueryRunner } from "typeorm";
import { driverErrorOf } from "../../errors";
import { dataSourceOf } from "../../typeorm/data-source";
import { lockedByOwnSession } from "../errors";
import { isBusy } from "./driver-error";

/** The parts of TypeORM's better-sqlite3 driver that are used here. */
export interface TypeormDriver {
  readonly databaseConnection: BetterSqlite3.Database;
  createQueryRunner(mode: "master"): QueryRunner;
}

/** Drivers whose query runners say whose lock they meet. */
const prepared = new WeakSet<object>();

/**
 * While a session has a transaction that writes, another connection of this process would wait for its lock in vain: better-sqlite3
 * blocks the thread, so that the session cannot go on. TypeORM's connection is made to fail at once, with an error that says why.
 *
 * @returns the function that ends it
 */
export function refuseOtherWriters(driver: TypeormDriver): () => void {
  const { databaseConnection } = driver;
  if (!prepared.has(driver)) {
    prepared.add(driver);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the driver below
    const create = driver.createQueryRunner;
    // A session's driver inherits from this one, and has a connection of its own.
    driver.createQueryRunner = function (this: TypeormDriver, mode) {
      const queryRunner = create.call(this, mode);
      return this === driver ? explaining(queryRunner, databaseConnection) : queryRunner;
    };
  }
  const timeout = Number(databaseConnection.pragma("busy_timeout", { simple: true }));
  databaseConnection.pragma("busy_timeout = 0");
  return () => {
    if (databaseConnection.open) databaseConnection.pragma(`busy_timeout = ${timeout}`);
  };
}

/** The driver has one query runner, which it returns again and again. */
const explained = new WeakSet<QueryRunner>();

function explaining(queryRunner: QueryRunner, handle: BetterSqlite3.Database): QueryRunner {
  if (explained.has(queryRunner)) return queryRunner;
  explained.add(queryRunner);
  const query = queryRunner.query.bind(queryRunner) as (...parameters: unknown[]) => Promise<unknown>;
  const explainedQuery = async (...parameters: unknown[]): Promise<unknown> => {
    try {
      return await query(...parameters);
    } catch (error) {
      const isOwn = isBusy(driverErrorOf(error)) && handle.pragma("busy_timeout", { simple: true }) === 0;
      throw isOwn ? lockedByOwnSession(String(parameters[0]), error, dataSourceOf(queryRunner)) : error;
    }
  };
  return Object.assign(queryRunner, { query: explainedQuery });
}
