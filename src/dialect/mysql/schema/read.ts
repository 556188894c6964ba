import type { QueryRunner } from "typeorm";
import { groupBy } from "../../../groups";
import { withStoredExpressions } from "../../schema/typeorm-metadata";
import type { Scope } from "../../schema/dialect";
import type { Check, Column, ForeignKey, Index, Schema, Table, View } from "../../schema/model";
import { mysqlQuoting, normalized, unwrapped } from "../../schema/tokens";
import { quote, text } from "./create";
import { dataSourceOf } from "../../../typeorm/data-source";

/** The databases that are read, and their names in the model. */
interface Places {
  readonly standard: string;
  modelled(name: string): string | undefined;
}

/** Reads the schema out of information_schema; types, defaults and expressions as the server itself prints them. */
export async function readSchema(runner: QueryRunner, scope: Scope): Promise<Schema> {
  const [{ standard, version }] = (await runner.query("SELECT DATABASE() AS `standard`, VERSION() AS `version`")) as [
    { standard: string; version: string },
  ];
  const places: Places = { standard, modelled: (name) => (name === standard ? undefined : name) };
  const databases = [standard, ...scope.schemas.filter((name) => name !== standard)];
  const isMariaDb = /mariadb/i.test(version);
  const select = async <T>(sql: string): Promise<T[]> => (await runner.query(sql, [databases])) as T[];
  const isOurs = (row: { name: string }) => !scope.isIgnored(row.name);
  const tables = (await select<TableRow>(TABLES)).filter(isOurs);
  const columns = groupBy(await select<ColumnRow>(COLUMNS), keyOf);
  const statistics = groupBy(await select<StatisticRow>(STATISTICS), keyOf);
  const keys = groupBy(await select<KeyRow>(KEYS), keyOf);
  const checks = groupBy(await select<CheckRow>(isMariaDb ? CHECKS : CHECKS_OF_MYSQL).catch(() => []), keyOf);
  const triggers = groupBy(await select<TriggerRow>(TRIGGERS), keyOf);
  const views = (await select<ViewRow>(isMariaDb ? VIEWS : VIEWS_OF_MYSQL)).filter(isOurs);
  const options = await optionsOf(runner, tables);
  const periods = await periodsOf(runner, tables, checks);
  const schema: Schema = {
    tables: tables.map((row): Table => {
      const at = keyOf(row);
      const own = checks.get(at) ?? [];
      const foreignKeys = foreignKeysOf(keys.get(at) ?? [], places);
      const indexes = indexesOf(statistics.get(at) ?? []);
      const isImplied = (index: Index) => foreignKeys.some((key) => key.name === index.name && !index.unique);
      const primary = (statistics.get(at) ?? []).filter((one) => one.name === "PRIMARY");
      return {
        schema: places.modelled(row.database),
        name: row.name,
        columns: (columns.get(at) ?? []).map((column) => columnOf(column, row, own, isMariaDb)),
        primaryKey: primary.length > 0 ? { columns: primary.map(({ column }) => column!) } : undefined,
        uniques: [],
        indexes: indexes.filter((index) => !isImplied(index) && isOurs(index)),
        checks: own
          .filter((check) => !(columns.get(at) ?? []).some((column) => isJsonOf(column.name, check)))
          .filter((check) => !periods.get(at)?.some(({ name }) => name === check.name))
          .map((check) => checkOf(check, isMariaDb))
          .filter((one) => one.name === undefined || isOurs({ name: one.name })),
        exclusions: [],
        foreignKeys: foreignKeys.map((key) => ({
          ...key,
          hasIndex: indexes.some((index) => index.name === key.name),
        })),
        triggers: (triggers.get(at) ?? []).map(triggerOf),
        comment: row.comment || undefined,
        engine: row.engine,
        options: options.get(at),
        beside: periods.get(at)?.map(({ statement }) => statement),
      };
    }),
    views: views.map((row): View => ({
      schema: places.modelled(row.database),
      name: row.name,
      definition: row.definition.replaceAll(`${quote(standard)}.`, ""),
      materialized: false,
      indexes: [],
      execution: executionOf(row),
    })),
    enums: [],
  };
  return withStoredExpressions(schema, runner, quote, await hasMetadataTable(runner));
}

interface Placed {
  database: string;
  table: string;
}

interface TableRow extends Placed {
  name: string;
  engine: string;
  comment: string;
  collation: string;
  /** Whether CREATE TABLE has more than an engine and a comment. */
  special: number | string;
}

interface ColumnRow extends Placed {
  name: string;
  type: string;
  nullable: "YES" | "NO";
  value: string | null;
  extra: string;
  expression: string | null;
  charset: string | null;
  collation: string | null;
  comment: string;
}

interface StatisticRow extends Placed {
  name: string;
  not_unique: number | string;
  column: string | null;
  expression?: string | null;
  descending: number | string;
  kind: string;
  prefix: number | null;
  comment: string;
}

interface KeyRow extends Placed {
  name: string;
  column: string;
  target_database: string;
  target: string;
  target_column: string;
  on_delete: string;
  on_update: string;
}

interface CheckRow extends Placed {
  name: string;
  clause: string;
  level: "Column" | "Table";
}

interface TriggerRow extends Placed {
  name: string;
  timing: string;
  event: string;
  statement: string;
  /** Quoted; null where it is the user who reads. */
  definer: string | null;
}

interface ViewRow {
  database: string;
  name: string;
  definition: string;
  algorithm: string | null;
  security: string;
  check_option: string;
  /** Quoted; null where it is the user who reads. */
  definer: string | null;
}

const DEFINER = `CASE WHEN DEFINER <> CURRENT_USER() THEN CONCAT('\\'', REPLACE(DEFINER, '@', '\\'@\\''), '\\'') END AS \`definer\``;

const TABLES = `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, TABLE_NAME AS \`name\`, ENGINE AS \`engine\`,
  TABLE_COMMENT AS \`comment\`, TABLE_COLLATION AS \`collation\`,
  TABLE_TYPE <> 'BASE TABLE' OR CREATE_OPTIONS <> '' OR TABLE_COLLATION <> @@collation_database AS \`special\`
  FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME`;

const COLUMNS = `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`name\`, COLUMN_TYPE AS \`type\`,
  IS_NULLABLE AS \`nullable\`, COLUMN_DEFAULT AS \`value\`, EXTRA AS \`extra\`, GENERATION_EXPRESSION AS \`expression\`,
  CHARACTER_SET_NAME AS \`charset\`, COLLATION_NAME AS \`collation\`, COLUMN_COMMENT AS \`comment\`
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?) ORDER BY TABLE_NAME, ORDINAL_POSITION`;

const STATISTICS = `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, INDEX_NAME AS \`name\`, NON_UNIQUE AS \`not_unique\`,
  COLUMN_NAME AS \`column\`, COLLATION = 'D' AS \`descending\`, INDEX_TYPE AS \`kind\`, SUB_PART AS \`prefix\`,
  INDEX_COMMENT AS \`comment\`
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (?) ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`;

const KEYS = `SELECT k.TABLE_SCHEMA AS \`database\`, k.TABLE_NAME AS \`table\`, k.CONSTRAINT_NAME AS \`name\`, k.COLUMN_NAME AS \`column\`,
  k.REFERENCED_TABLE_SCHEMA AS \`target_database\`, k.REFERENCED_TABLE_NAME AS \`target\`, k.REFERENCED_COLUMN_NAME AS \`target_column\`,
  r.DELETE_RULE AS \`on_delete\`, r.UPDATE_RULE AS \`on_update\`
  FROM information_schema.KEY_COLUMN_USAGE k
  JOIN information_schema.REFERENTIAL_CONSTRAINTS r
    ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
  WHERE k.TABLE_SCHEMA IN (?) AND k.REFERENCED_TABLE_NAME IS NOT NULL
  ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`;

const CHECKS = `SELECT CONSTRAINT_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS \`name\`, CHECK_CLAUSE AS \`clause\`,
  LEVEL AS \`level\` FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA IN (?) ORDER BY TABLE_NAME, CONSTRAINT_NAME`;

const CHECKS_OF_MYSQL = `SELECT c.CONSTRAINT_SCHEMA AS \`database\`, t.TABLE_NAME AS \`table\`, c.CONSTRAINT_NAME AS \`name\`,
  c.CHECK_CLAUSE AS \`clause\`, 'Table' AS \`level\`
  FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
  WHERE c.CONSTRAINT_SCHEMA IN (?) ORDER BY t.TABLE_NAME, c.CONSTRAINT_NAME`;

const TRIGGERS = `SELECT TRIGGER_SCHEMA AS \`database\`, EVENT_OBJECT_TABLE AS \`table\`, TRIGGER_NAME AS \`name\`, ACTION_TIMING AS \`timing\`,
  EVENT_MANIPULATION AS \`event\`, ACTION_STATEMENT AS \`statement\`,
  ${DEFINER}
  FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (?) ORDER BY ACTION_ORDER`;

const VIEWS = viewsWith("ALGORITHM");
const VIEWS_OF_MYSQL = viewsWith("NULL");

function viewsWith(algorithm: string): string {
  return `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`name\`, VIEW_DEFINITION AS \`definition\`, ${algorithm} AS \`algorithm\`,
  SECURITY_TYPE AS \`security\`, CHECK_OPTION AS \`check_option\`, ${DEFINER}
  FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?) ORDER BY TABLE_NAME`;
}

function keyOf({ database, table }: Placed): string {
  return `${database}\0${table}`;
}

/** What follows the columns in the statements of tables that are partitioned, versioned or the like. */
async function optionsOf(runner: QueryRunner, tables: readonly TableRow[]): Promise<Map<string, string>> {
  const options = new Map<string, string>();
  for (const row of tables.filter(({ special }) => Number(special) === 1)) {
    const [created] = (await runner.query(`SHOW CREATE TABLE ${quote(row.database)}.${quote(row.name)}`)) as object[];
    const statement = Object.values(created!)[1] as string;
    const tail = statement.slice(statement.lastIndexOf("\n) ") + 3).replace(/ AUTO_INCREMENT=\d+/, "");
    options.set(keyOf(row), tail);
  }
  return options;
}

/** Each period of application time has a check of its name, which cannot be dropped by itself (MariaDB). */
async function periodsOf(
  runner: QueryRunner,
  tables: readonly TableRow[],
  checks: ReadonlyMap<string, readonly CheckRow[]>,
): Promise<Map<string, { name: string; statement: string }[]>> {
  const found = new Map<string, { name: string; statement: string }[]>();
  for (const row of tables) {
    if (!checks.get(keyOf(row))?.some(({ clause }) => /^`(?:[^`]|``)+` < `(?:[^`]|``)+`$/.test(clause))) continue;
    const [created] = (await runner.query(`SHOW CREATE TABLE ${quote(row.database)}.${quote(row.name)}`)) as object[];
    const statement = Object.values(created!)[1] as string;
    const periods = [...statement.matchAll(/^ {2}PERIOD FOR `((?:[^`]|``)+)` \(.*\)/gm)].map(([text, name]) => ({
      name: name!.replaceAll("``", "`"),
      statement: `ALTER TABLE ${quote(row.name)} ADD ${text.trim()}`,
    }));
    found.set(keyOf(row), periods);
  }
  return found;
}

async function hasMetadataTable(runner: QueryRunner): Promise<boolean> {
  const found = (await runner.query(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
    [dataSourceOf(runner).metadataTableName],
  )) as unknown[];
  return found.length > 0;
}

function columnOf(row: ColumnRow, table: TableRow, checks: readonly CheckRow[], isMariaDb: boolean): Column {
  const extra = row.extra.toLowerCase();
  const values = /^enum\((.*)\)$/is.exec(row.type)?.[1];
  const json = checks.some((check) => isJsonOf(row.name, check));
  const generated = /\b(virtual|stored|persistent) generated\b/.exec(extra)?.[1];
  const isPlainCollation = row.collation === null || row.collation === table.collation || json;
  const onUpdate = /on update (\S+)/.exec(extra)?.[1];
  return {
    name: row.name,
    type: json ? "json" : values === undefined ? row.type.replace(COMPRESSION, "") : "enum",
    nullable: row.nullable === "YES",
    default: generated ? undefined : defaultOf(row, isMariaDb),
    generated: generated
      ? { expression: unwrapped(row.expression!, mysqlQuoting), stored: generated !== "virtual" }
      : undefined,
    increment: extra.includes("auto_increment") ? "increment" : undefined,
    collation: isPlainCollation ? undefined : row.collation!,
    charset: isPlainCollation || table.collation.startsWith(`${row.charset}_`) ? undefined : row.charset!,
    comment: row.comment || undefined,
    onUpdate,
    attributes: attributesOf(row),
    values: values === undefined ? undefined : valuesIn(values),
  };
}

// As information_schema prints it: `text`, and the word in a comment for MariaDB only.
const COMPRESSION = /\s*\/\*M?!\d+ (COMPRESSED[^*]*)\*\//;

function attributesOf({ type, extra }: ColumnRow): string[] | undefined {
  const compression = COMPRESSION.exec(type)?.[1]?.trim();
  const words = ["INVISIBLE", "WITHOUT SYSTEM VERSIONING"].filter((word) => extra.toUpperCase().includes(word));
  const all = compression === undefined ? words : [compression, ...words];
  return all.length > 0 ? all : undefined;
}

/** How a view is executed, where that is not as by default. */
function executionOf({ algorithm, security, check_option, definer }: ViewRow): View["execution"] {
  const words = [
    algorithm !== null && algorithm !== "UNDEFINED" && `ALGORITHM=${algorithm}`,
    definer !== null && `DEFINER=${definer}`,
    security !== "DEFINER" && `SQL SECURITY ${security}`,
  ].filter(Boolean);
  const tail = check_option === "NONE" ? "" : ` WITH ${check_option} CHECK OPTION`;
  return words.length > 0 || tail ? { head: words.map((word) => `${String(word)} `).join(""), tail } : undefined;
}

/** MariaDB returns the expression, NULL included; MySQL the bare value, or an expression marked as one. */
function defaultOf(row: ColumnRow, isMariaDb: boolean): string | undefined {
  if (row.value === null) return undefined;
  if (isMariaDb) return row.value.toUpperCase() === "NULL" ? undefined : row.value;
  if (/default_generated/i.test(row.extra)) return /^current_timestamp/i.test(row.value) ? row.value : `(${row.value})`;
  return /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit)/.test(row.type)
    ? row.value
    : text(row.value);
}

/** Characters that the server prints as escapes. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", 0: "\0", Z: "\x1a" };

/** The texts of `'a','b'`, as the catalog lists the values of an enum or set. */
export function valuesIn(list: string): string[] {
  return [...list.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map((match) =>
    match[1]!.replace(/''|\\(.)/gs, (_, escaped?: string) =>
      escaped === undefined ? "'" : (ESCAPES[escaped] ?? escaped),
    ),
  );
}

/** The check that MariaDB puts on a column of type JSON by itself; it keeps its name when the column gets another. */
function isJsonOf(column: string, { clause, level }: CheckRow): boolean {
  return (
    level !== "Table" && normalized(clause, mysqlQuoting) === normalized(`json_valid(${quote(column)})`, mysqlQuoting)
  );
}

/** MariaDB names a check in a column's definition after the column. */
function checkOf(check: CheckRow, isMariaDb: boolean): Check {
  const isNamed = !isMariaDb || check.level === "Table";
  return { name: isNamed ? check.name : undefined, expression: unwrapped(check.clause, mysqlQuoting) };
}

function foreignKeysOf(rows: readonly KeyRow[], places: Places): ForeignKey[] {
  return [...new Set(rows.map(({ name }) => name))].map((name) => {
    const own = rows.filter((row) => row.name === name);
    const [first] = own;
    return {
      name,
      columns: own.map(({ column }) => column),
      references: { schema: places.modelled(first!.target_database), name: first!.target },
      referencedColumns: own.map((row) => row.target_column),
      onDelete: first!.on_delete,
      onUpdate: first!.on_update,
    };
  });
}

function indexesOf(rows: readonly StatisticRow[]): Index[] {
  const names = [...new Set(rows.map(({ name }) => name))].filter((name) => name !== "PRIMARY");
  return names.map((name) => {
    const own = rows.filter((row) => row.name === name);
    const [first] = own;
    return {
      name,
      columns: own.map((row) =>
        row.prefix !== null && first!.kind !== "SPATIAL" && first!.kind !== "FULLTEXT"
          ? { expression: `${quote(row.column!)}(${row.prefix})` }
          : { name: row.column ?? undefined, descending: Number(row.descending) === 1 || undefined },
      ),
      unique: Number(first!.not_unique) === 0,
      kind: first!.kind === "FULLTEXT" ? "fulltext" : first!.kind === "SPATIAL" ? "spatial" : undefined,
      comment: first!.comment || undefined,
    };
  });
}

function triggerOf({ name, timing, event, table, statement, definer }: TriggerRow): Table["triggers"][number] {
  const own = definer === null ? "" : ` DEFINER=${definer}`;
  return {
    name,
    sql: `CREATE${own} TRIGGER ${quote(name)} ${timing} ${event} ON ${quote(table)} FOR EACH ROW ${statement}`,
    isOnUpdate: event === "UPDATE",
  };
}
