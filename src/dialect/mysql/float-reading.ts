import type { DataSource } from "typeorm";
import type { FieldPacket, QueryOptions } from "mysql2";
import { mysqlPackage } from "../errors";

/** How many statements are remembered for a driver. */
const REMEMBERED = 1_000;
/** The types FLOAT and DOUBLE in the protocol. */
const FLOAT_TYPES: ReadonlySet<number | undefined> = new Set([4, 5]);

type Reading = Pick<QueryOptions, "rowsAsArray" | "typeCast">;

const PLAIN: Reading = { rowsAsArray: true };
const EXACT: Reading = { rowsAsArray: true, typeCast: exactNumbers };

/**
 * Reads FLOAT and DOUBLE exactly. mysql2 adds up their decimal digits, with a rounding error in each, unless there are more than 17; a
 * `typeCast` that parses them makes all other columns slower by half. So a statement is read that way until its columns are known.
 */
export class FloatReading {
  /** Whether the project reads values by a `typeCast` of its own. */
  readonly #isOwn: boolean;
  readonly #withoutFloats = new Set<string>();

  private constructor({ options }: DataSource) {
    const { extra } = options as { extra?: { typeCast?: unknown } };
    this.#isOwn = typeof extra?.typeCast === "function";
  }

  /** @throws RetortError `dialect/mysql-package` where TypeORM 0.3 has loaded the package mysql, whose rows cannot be read as arrays */
  static of(dataSource: DataSource): FloatReading {
    const driver = dataSource.driver as unknown as { mysql: object };
    if (!("Charsets" in driver.mysql)) throw mysqlPackage();
    let reading = readings.get(driver);
    if (!reading) readings.set(driver, (reading = new FloatReading(dataSource)));
    return reading;
  }

  /** The options with which a statement is sent. */
  optionsFor(sql: string): Reading {
    return this.#isOwn || this.#withoutFloats.has(sql) ? PLAIN : EXACT;
  }

  /** Remembers the columns that a statement has returned. */
  learn(sql: string, fields: readonly FieldPacket[] | undefined): void {
    if (!fields || this.#isOwn || fields.some(({ columnType }) => FLOAT_TYPES.has(columnType))) return;
    if (this.#withoutFloats.size >= REMEMBERED) this.#withoutFloats.clear();
    this.#withoutFloats.add(sql);
  }
}

const readings = new WeakMap<object, FloatReading>();

interface Field {
  readonly type: string;
  string(): string | null;
}

/** For mysql2's option `typeCast`: reads numbers from their digits. */
function exactNumbers(field: Field, next: () => unknown): unknown {
  if (field.type !== "DOUBLE" && field.type !== "FLOAT") return next();
  const digits = field.string();
  return digits === null ? null : Number(digits);
}
