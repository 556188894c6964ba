import type { DataSource, QueryRunner } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver";
import { type FailureKind, failureKind } from "../../schema/failure";
import { driverErrorOf } from "../../../errors";
import { isMissingObject, isConstraintViolation } from "../../schema/driver-errors";
import type { SchemaDialect, Scope, UntrackedCode } from "../../schema/dialect";
import { readDriverError } from "../driver-error";
import type { Column, ObjectName } from "../../schema/model";
import { isInScope } from "../../schema/scratch";
import { quotedText } from "../../literals";
import { mentions, normalized, postgresQuoting, unwrapped } from "../../schema/tokens";
import { path, quote } from "./create";
import { declared } from "./declared-column";
import { changeCosts } from "./change-costs";
import { plan, renamed } from "./plan";
import { readSchema } from "./read";
import { requirements } from "./requirements";
import { postgresScratch } from "./scratch";
import { postgresSpelling } from "./spelling";
import { changedValues } from "./values";

/** The error code of a missing operator, which is a function too. */
const UNDEFINED_FUNCTION = "42883";

/** The schema side of PostgreSQL. */
export const postgresSchema: SchemaDialect = {
  ignoresCaseOfTables: false,
  quote,
  literal: quotedText,
  path,
  entities: {
    schemaOf: (dataSource, { schema }) => (schema && schema !== standardSchema(dataSource) ? schema : undefined),
    column(dataSource, column, base, table) {
      const strategy = column.generationStrategy as string | undefined;
      // As TypeORM: what is generated and no uuid is numbered, "rowid" too.
      const isNumbered = column.isGenerated && strategy !== "uuid";
      const identity =
        strategy === "identity" ? (column.generatedIdentity === "ALWAYS" ? "always" : "by default") : "increment";
      const type = isEnum(column.type)
        ? {
            type: path(enumOf(dataSource, column, table)) + (column.isArray ? "[]" : ""),
            enumType: enumOf(dataSource, column, table),
            values: column.enum?.map(String),
          }
        : {};
      const uuid = column.isGenerated && strategy === "uuid" && base.default === undefined;
      return {
        ...base,
        ...type,
        increment: isNumbered ? identity : undefined,
        default: uuid ? (dataSource.driver as PostgresDriver).uuidGenerator : defaultOf(base, column),
        generated: base.generated && { ...base.generated, stored: true },
        charset: undefined,
        onUpdate: undefined,
      };
    },
    declared: (dataSource, column, enums, table) =>
      declared(dataSource, column, enums, derivedEnum(table, column.name)),
    supportsDeferrable: true,
    supportsExclusions: true,
    supportsNamedPrimaryKeys: true,
    keepsAutoIncrement: false,
  },
  sameName: (a, b) => a === b,
  sameExpression: (a, b) => a === b || same(a) === same(b),
  mentions: (expression, name) => mentions(expression, name, postgresQuoting),
  sameType: (a, b) => a === b,
  sameAction: (a, b) => a === b,
  canCollate: (type) => /^(character|text|citext|name)/.test(type),
  renamed,
  read: readSchema,
  viewColumns: async (runner, view) =>
    (await runner.query(VIEW_COLUMNS, [path(view)])) as Awaited<ReturnType<SchemaDialect["viewColumns"]>>,
  scratch: postgresScratch,
  spelling: postgresSpelling,
  plan,
  count: (table, condition) => `SELECT COUNT(*) AS "rows" FROM ${path(table)}${condition ? ` WHERE ${condition}` : ""}`,
  isDataError: (error) =>
    isConstraintViolation(readDriverError(driverErrorOf(error))) ||
    /^22/.test((driverErrorOf(error) as { code?: string } | null)?.code ?? ""),
  failureOf: (error) => failureKind(readDriverError(driverErrorOf(error)), FAILURES),
  isMissingObjectError: (error) =>
    isMissingObject(readDriverError(driverErrorOf(error))) ||
    (driverErrorOf(error) as { code?: string } | null)?.code === UNDEFINED_FUNCTION,
  asText: (expression) => `${expression}::text`,
  requirements,
  untracked,
  changedValues,
  costs: changeCosts,
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const FAILURES: Readonly<Record<string, FailureKind>> = {
  "42501": "permission",
  "42704": "missing",
  "42883": "missing",
  "3F000": "missing",
  "42P07": "exists",
  "42701": "exists",
  "42710": "exists",
  "42P06": "exists",
  "42723": "exists",
  "42804": "conversion",
  "42846": "conversion",
  "42622": "name",
  "42939": "name",
  "2BP01": "dependents",
  "0A000": "dependents",
  "53100": "space",
  "53200": "space",
  "53300": "connection",
};

const VIEW_COLUMNS = `SELECT attname AS "name", format_type(atttypid, atttypmod) AS "type" FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;

/** Bodies of routines are text: the server does not know what they name. */
async function untracked(runner: QueryRunner, scope?: Scope): Promise<UntrackedCode[]> {
  const rows = (await runner.query(UNTRACKED)) as (UntrackedCode & { object: string; schema: string | null })[];
  return rows
    .filter(({ object, schema }) => !scope || isInScope({ name: object, schema: schema ?? undefined }, scope))
    .map(({ name, text }) => ({ name, text }));
}

const UNTRACKED = `SELECT proname AS "object", nullif(nspname, current_schema()) AS "schema", format('%s "%s"', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, proname) AS "name", prosrc AS "text"
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
  WHERE nspname !~ '^(pg_|information_schema$)' AND prokind IN ('f', 'p')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY "name"`;

function same(expression: string): string {
  return normalized(unwrapped(expression, postgresQuoting), postgresQuoting);
}

function standardSchema(dataSource: DataSource): string | undefined {
  return (dataSource.driver as PostgresDriver).searchSchema;
}

function isEnum(type: unknown): boolean {
  return type === "enum" || type === "simple-enum";
}

type ColumnMetadata = Parameters<SchemaDialect["entities"]["column"]>[1];

/** The type's name as TypeORM makes it. */
function enumOf(dataSource: DataSource, column: ColumnMetadata, table: ObjectName): ObjectName {
  if (column.enumName === undefined) return derivedEnum(table, column.databaseName);
  const [name, schema] = column.enumName.split(".").reverse() as [string, string?];
  return { schema: schema === standardSchema(dataSource) ? undefined : (schema ?? table.schema), name };
}

function derivedEnum({ schema, name }: ObjectName, column: string): ObjectName {
  return { schema, name: `${name}_${column.toLowerCase()}_enum` };
}

/** TypeORM writes the elements of an array without quotes, also those that need them. */
function defaultOf(base: Column, column: ColumnMetadata): string | undefined {
  if (!column.isArray || !Array.isArray(column.default)) return base.default;
  const elements = (column.default as unknown[]).map((one) => {
    const text = String(one);
    return /^[\w.+-]+$/.test(text) && !/^null$/i.test(text)
      ? text
      : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `'{${elements.join(",").replaceAll("'", "''")}}'`;
}
