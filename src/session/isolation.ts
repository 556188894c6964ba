import type { DataSource } from "typeorm";
import type { IsolationLevel } from "../dialect/dialect";
import { unknownIsolation } from "./state/errors";

/** The levels, each with whether a transaction reads all rows as they were at one point in time. */
const LEVELS: Readonly<Record<IsolationLevel, boolean>> = {
  "READ UNCOMMITTED": false,
  "READ COMMITTED": false,
  "REPEATABLE READ": true,
  SERIALIZABLE: true,
};

/**
 * The level that is asked for, by the session or by its DataSource.
 *
 * @throws RetortError `session/isolation` where there is no such level
 */
export function isolationOf(dataSource: DataSource, wanted: IsolationLevel | undefined): IsolationLevel | undefined {
  const level = wanted ?? (dataSource.options as { isolationLevel?: IsolationLevel }).isolationLevel;
  if (level !== undefined && !Object.hasOwn(LEVELS, level)) throw unknownIsolation(level, Object.keys(LEVELS));
  return level;
}

/** Whether reads have to belong to the transaction. */
export function isAboveReadCommitted(level: IsolationLevel | undefined): boolean {
  return level !== undefined && LEVELS[level];
}
