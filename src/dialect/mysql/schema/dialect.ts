import type { DataSource } from "typeorm";
import { type FailureKind, failureKind } from "../../schema/failure";
import { driverErrorOf } from "../../../errors";
import { isMissingObject, isConstraintViolation } from "../../schema/driver-errors";
import type { SchemaDialect, UntrackedCode } from "../../schema/dialect";
import { readDriverError } from "../driver-error";
import type { Column } from "../../schema/model";
import { mentions, mysqlQuoting, normalized, unwrapped } from "../../schema/tokens";
import { path, quote, text } from "./create";
import { declared } from "./declared-column";
import { changeCosts } from "./change-costs";
import { plan, renamed } from "./plan";
import { readSchema } from "./read";
import { requirements } from "./requirements";
import { mysqlScratch } from "./scratch";
import { mysqlSpelling } from "./spelling";
import { changedValues } from "./values";

/** Out of range, truncated, of another kind, too long. */
const BAD_VALUES: ReadonlySet<number> = new Set([1264, 1265, 1292, 1366, 1406]);

/** The schema side of MySQL and MariaDB. */
export const mysqlSchema: SchemaDialect = {
  ignoresCaseOfTables: false,
  quote,
  literal: text,
  path,
  entities: {
    schemaOf: (dataSource, { database }) =>
      database && database !== dataSource.driver.database ? database : undefined,
    column(dataSource, column, base) {
      const values = column.enum && base.type.startsWith("enum") ? column.enum.map(String) : undefined;
      return {
        ...base,
        type: typeOf(dataSource, column, base),
        values,
        default: defaultOf(column, base),
        nullable: base.nullable || Boolean(base.generated),
      };
    },
    declared,
    supportsDeferrable: false,
    supportsExclusions: false,
    supportsNamedPrimaryKeys: false,
    keepsAutoIncrement: false,
  },
  sameName: (a, b) => a.toLowerCase() === b.toLowerCase(),
  sameExpression: (a, b) => a === b || same(a) === same(b),
  mentions: (expression, name) => mentions(expression, name, mysqlQuoting),
  sameType: (a, b) => withoutWidth(a) === withoutWidth(b),
  // InnoDB treats the two alike.
  sameAction: (a, b) => a.replace("NO ACTION", "RESTRICT") === b.replace("NO ACTION", "RESTRICT"),
  canCollate: (type) => /char|text|enum|set/i.test(type),
  renamed,
  read: readSchema,
  viewColumns: async (runner, { schema, name }) =>
    (await runner.query(VIEW_COLUMNS, [schema ?? null, name])) as Awaited<ReturnType<SchemaDialect["viewColumns"]>>,
  scratch: mysqlScratch,
  spelling: mysqlSpelling,
  plan,
  count: (table, condition) =>
    `SELECT COUNT(*) AS \`rows\` FROM ${path(table)}${condition ? ` WHERE ${condition}` : ""}`,
  isDataError: (error) =>
    isConstraintViolation(readDriverError(driverErrorOf(error))) ||
    BAD_VALUES.has((driverErrorOf(error) as { errno?: number } | null)?.errno ?? 0),
  failureOf: (error) => failureKind(readDriverError(driverErrorOf(error)), FAILURES),
  isMissingObjectError: (error) => isMissingObject(readDriverError(driverErrorOf(error))),
  asText: (expression) => `CONCAT(${expression})`,
  requirements,
  untracked: async (runner) => (await runner.query(UNTRACKED)) as UntrackedCode[],
  changedValues,
  costs: changeCosts,
};

/** https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference */
const FAILURES: Readonly<Record<string, FailureKind>> = {
  "1044": "permission",
  "1142": "permission",
  "1143": "permission",
  "1227": "permission",
  "1091": "missing",
  "1051": "missing",
  "1305": "missing",
  "1050": "exists",
  "1060": "exists",
  "1061": "exists",
  "1826": "exists",
  "1059": "name",
  "1103": "name",
  "1166": "name",
  "1138": "rows",
  "1553": "dependents",
  "1829": "dependents",
  "1834": "dependents",
  "1451": "dependents",
  "1114": "space",
  "1021": "space",
  "1030": "space",
};

const VIEW_COLUMNS = `SELECT COLUMN_NAME AS \`name\`, COLUMN_TYPE AS \`type\` FROM information_schema.COLUMNS
  WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`;

const UNTRACKED = `
  SELECT CONCAT('trigger "', TRIGGER_NAME, '" of "', EVENT_OBJECT_TABLE, '"') AS \`name\`, EVENT_OBJECT_TABLE AS \`table\`,
    ACTION_STATEMENT AS \`text\` FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
  UNION ALL SELECT CONCAT(LOWER(ROUTINE_TYPE), ' "', ROUTINE_NAME, '"'), NULL, ROUTINE_DEFINITION
    FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_DEFINITION IS NOT NULL
  UNION ALL SELECT CONCAT('event "', EVENT_NAME, '"'), NULL, EVENT_DEFINITION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
  UNION ALL SELECT CONCAT('view "', TABLE_NAME, '"'), NULL, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()`;

function same(expression: string): string {
  return normalized(unwrapped(expression, mysqlQuoting), mysqlQuoting);
}

/** The display width of an integer is no part of its type: entities of TypeORM 1.x cannot say it. */
function withoutWidth(type: string): string {
  const lower = type.toLowerCase();
  return lower.endsWith("zerofill") ? lower : lower.replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, "$1");
}

type ColumnMetadata = Parameters<SchemaDialect["entities"]["column"]>[1];

function typeOf(_dataSource: DataSource, column: ColumnMetadata, base: Column): string {
  const set =
    base.type === "set" && column.enum ? `(${column.enum.map((value) => text(String(value))).join(", ")})` : "";
  const unsigned = column.unsigned && !/unsigned/i.test(base.type) ? " UNSIGNED" : "";
  // TypeORM 1.x has no such option.
  const zerofill = (column as { zerofill?: boolean }).zerofill ? " ZEROFILL" : "";
  return base.type + set + unsigned + zerofill;
}

/**
 * A backslash escapes in a string here, so a default that holds one has it doubled. TypeORM rounds a number to the digits that the column
 * declares, and to an integer where it declares none.
 */
function defaultOf(column: ColumnMetadata, base: Column): string | undefined {
  if (typeof column.default === "number" && typeof column.scale !== "number") return `'${column.default}'`;
  return typeof column.default === "string" && column.default.includes("\\")
    ? base.default?.replaceAll("\\", "\\\\")
    : base.default;
}
