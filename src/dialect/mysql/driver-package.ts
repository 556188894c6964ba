import fs from "node:fs";
import path from "node:path";
import type { DataSource } from "typeorm";
import { mysqlPackage } from "../errors";

/** The package that TypeORM has loaded as the driver. */
type DriverPackage = object;

const exact = new WeakMap<DriverPackage, boolean>();

/** mysql2 3.19 is the first whose numbers are the nearest ones; earlier releases add up decimal digits, with a rounding error in each. */
const FIRST_EXACT = [3, 19] as const;

/** @throws RetortError `dialect/mysql-package` where TypeORM 0.3 has loaded the package mysql, whose rows cannot be read as arrays */
export function expectMysql2(dataSource: DataSource): void {
  if (!("Charsets" in packageOf(dataSource))) throw mysqlPackage();
}

/** Whether the driver reads FLOAT and DOUBLE exactly. False where its version cannot be told. */
export function readsFloatsExactly(dataSource: DataSource): boolean {
  const driver = packageOf(dataSource);
  const known = exact.get(driver) ?? isExact(versionOf(driver));
  exact.set(driver, known);
  return known;
}

function packageOf({ driver }: DataSource): DriverPackage {
  return (driver as unknown as { mysql: DriverPackage }).mysql;
}

function versionOf(driver: DriverPackage): string | undefined {
  const file = Object.keys(require.cache).find((name) => require.cache[name]?.exports === driver);
  try {
    const text = file && fs.readFileSync(path.join(path.dirname(file), "package.json"), "utf8");
    return text && (JSON.parse(text) as { version?: string }).version;
  } catch {
    return undefined; // bundled
  }
}

function isExact(version = "0"): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > FIRST_EXACT[0] || (major === FIRST_EXACT[0] && minor >= FIRST_EXACT[1]);
}

interface Field {
  readonly type: string;
  string(): string | null;
}

/** For mysql2's option `typeCast`: reads numbers from their digits. */
export function exactNumbers(field: Field, next: () => unknown): unknown {
  if (field.type !== "DOUBLE" && field.type !== "FLOAT") return next();
  const digits = field.string();
  return digits === null ? null : Number(digits);
}
