import type { DataSource, QueryRunner } from "typeorm";
import type { Scope, ScratchLocation, ScratchSupport } from "../../schema/dialect";
import { type ObjectName, type Schema, type Table, besideColumn, emptySchema } from "../../schema/model";
import type { Operation } from "../../schema/operation";
import { newScratchName, scratchPrefixOf } from "../../schema/live-scratch";
import { cleanUpOnSignal } from "../../../signals";
import { quotedText } from "../../literals";
import { executePlan, isInScope, optionsForDatabase } from "../../schema/scratch";
import { list, path, quote } from "./create";
import { plan } from "./plan";
import { readSchema } from "./read";
import { EXTENSIONS, ROUTINES, SCHEMAS, SEQUENCES, TYPES, creationBy, isOfExtension } from "./requirements";

/** Rows in one INSERT. */
const ROWS_A_STATEMENT = 500;

/** Scratch databases beside the project's on the same server, in which every object has its own name. */
export const postgresScratch: ScratchSupport = {
  create,
  abandoned,
  prepare,
  copy: (source, { runner }, scope, limit) => copy(source, runner, scope, limit),
  run,
  rows,
  problems: () => Promise.resolve([]),
};

async function create(source: QueryRunner, dataSource: DataSource): Promise<ScratchLocation> {
  const [own] = await select(source, `SELECT current_database() AS "text"`);
  await dropAbandoned(source, scratchPrefixOf(own!));
  const name = newScratchName(own!);
  const drop = cleanUpOnSignal(async () => {
    await source.query(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`);
    await source.query(`SELECT pg_advisory_unlock(${lockOf(name)})`);
  });
  try {
    await source.query(`SELECT pg_advisory_lock(${lockOf(name)})`);
    const [locale] = await select(source, LOCALE);
    await source.query(`CREATE DATABASE ${quote(name)} TEMPLATE template0 ${locale ?? ""}`);
    for (const setting of await select(source, SETTINGS))
      await source.query(`ALTER DATABASE ${quote(name)} SET ${setting}`);
  } catch (error) {
    await drop().catch(() => undefined);
    throw error;
  }
  return { options: optionsForDatabase(dataSource, name), drop };
}

/** Held in the project's database as long as the process that has the scratch database lives. */
function lockOf(name: string): string {
  return `hashtext(${quotedText(name)})`;
}

async function dropAbandoned(source: QueryRunner, prefix: string): Promise<void> {
  await withAbandoned(source, prefix, (name) => source.query(`DROP DATABASE IF EXISTS ${quote(name)}`).catch(() => {}));
}

async function abandoned(source: QueryRunner): Promise<string[]> {
  const [own] = await select(source, `SELECT current_database() AS "text"`);
  const names: string[] = [];
  await withAbandoned(source, scratchPrefixOf(own!), (name) => void names.push(name));
  return names;
}

/** The work for each scratch database of this project whose process was killed; its lock is held meanwhile. */
async function withAbandoned(source: QueryRunner, prefix: string, work: (name: string) => unknown): Promise<void> {
  const found = await select(
    source,
    `SELECT datname AS "text" FROM pg_database d WHERE starts_with(datname, ${quotedText(prefix)})
      AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)`,
  );
  for (const name of found) {
    const [isFree] = await select(source, `SELECT pg_try_advisory_lock(${lockOf(name)})::text AS "text"`);
    if (isFree !== "true") continue;
    await work(name);
    await source.query(`SELECT pg_advisory_unlock(${lockOf(name)})`);
  }
}

async function prepare(source: QueryRunner, target: QueryRunner): Promise<void> {
  for (const schema of await select(source, SCHEMAS))
    await target.query(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`);
  // Some extensions need a superuser; a migration that needs one of them fails by itself.
  for (const create of await creationBy(source, EXTENSIONS)) await target.query(create).catch(() => undefined);
}

/** Types and routines, then tables, rows, constraints, views and triggers: so that rows need no order and fire no trigger. */
async function copy(source: QueryRunner, target: QueryRunner, scope: Scope, limit: number): Promise<boolean> {
  const schema = await readWhole(source);
  // A table outside the project is copied where that is possible: triggers, views and keys may name it.
  const execute = async (operations: readonly Operation[], isRequired: boolean) => {
    const done = executePlan(plan(bare(schema), operations), target);
    await (isRequired ? done : done.catch(() => undefined));
  };
  await copyTypes(source, target);
  await executePlan(
    plan(
      emptySchema,
      schema.enums.map((type) => ({ kind: "createEnum", type })),
    ),
    target,
  );
  await copySequences(source, target);
  await copyRoutines(source, target);
  // A range may compare by a function.
  await copyTypes(source, target);
  for (const table of bare(schema).tables) await execute([{ kind: "createTable", table }], isInScope(table, scope));
  await copyRoutines(source, target);
  let isComplete = true;
  for (const table of schema.tables) {
    const copied = copyRows(source, target, table, limit);
    const isWhole = await (isInScope(table, scope) ? copied : copied.catch(() => true));
    isComplete &&= isWhole;
  }
  for (const table of schema.tables) await execute(constraintsOf(table), isInScope(table, scope));
  // With some of the rows only, some keys dangle.
  for (const table of schema.tables) await execute(keysOf(table), isComplete && isInScope(table, scope));
  for (const view of schema.views) await execute([{ kind: "createView", view }], isInScope(view, scope));
  for (const table of schema.tables)
    for (const { sql } of table.triggers) {
      const created = target.query(sql);
      await (isInScope(table, scope) ? created : created.catch(() => undefined));
    }
  for (const table of schema.tables)
    for (const sql of [...(table.beside ?? []), ...columnsBeside(table)]) {
      const done = target.query(sql);
      await (isInScope(table, scope) ? done : done.catch(() => undefined));
    }
  await copyWatchers(source, target);
  return isComplete;
}

function columnsBeside(table: Table): string[] {
  return table.columns.flatMap((column) => besideColumn(column, path(table), quote(column.name)));
}

/** What the server asks when a schema changes, or a table is created: publications, event triggers, default privileges. */
async function copyWatchers(source: QueryRunner, target: QueryRunner): Promise<void> {
  for (const query of [PUBLICATIONS, DEFAULT_PRIVILEGES, EVENT_TRIGGERS])
    for (const sql of await select(source, query).catch(() => [])) await target.query(sql).catch(() => undefined);
}

async function readWhole(source: QueryRunner): Promise<Schema> {
  return readSchema(source, { isIgnored: () => false, schemas: await select(source, SCHEMAS) });
}

function bare(schema: Schema): Schema {
  const nothing = {
    foreignKeys: [],
    indexes: [],
    triggers: [],
    checks: [],
    uniques: [],
    exclusions: [],
    // Policies may hide rows, or refuse them.
    beside: [],
  };
  const columnsOf = (table: Table) => table.columns.map((column) => ({ ...column, beside: [] }));
  return {
    ...schema,
    tables: schema.tables.map((table) => ({ ...table, ...nothing, columns: columnsOf(table) })),
    views: [],
  };
}

function constraintsOf(table: Table): Operation[] {
  return [
    ...table.uniques.map((value): Operation => add(table, { kind: "unique", value })),
    ...table.checks.map((value): Operation => add(table, { kind: "check", value })),
    ...table.exclusions.map((value): Operation => add(table, { kind: "exclusion", value })),
    // An invalid one cannot be created so: the copy lacks it, and nothing is proven.
    ...table.indexes
      .filter(({ isInvalid }) => !isInvalid)
      .map((value): Operation => add(table, { kind: "index", value })),
  ];
}

function keysOf(table: Table): Operation[] {
  return table.foreignKeys.map((value) => add(table, { kind: "foreignKey", value }));
}

type AddConstraint = Extract<Operation, { kind: "addConstraint" }>;

function add(table: ObjectName, constraint: AddConstraint["constraint"]): Operation {
  return { kind: "addConstraint", table, constraint };
}

/** Domains, composite types and ranges, which may be made of each other. */
async function copyTypes(source: QueryRunner, target: QueryRunner): Promise<void> {
  for (const create of await creationBy(source, TYPES)) await target.query(create).catch(() => undefined);
}

/** Sequences that no column owns. */
async function copySequences(source: QueryRunner, target: QueryRunner): Promise<void> {
  for (const create of await creationBy(source, SEQUENCES)) await target.query(create);
}

/**
 * Routines that belong to no extension. Defaults and checks of tables may call them, and they may use tables in turn, so
 * that they are copied before the tables and, those that failed, after them.
 */
async function copyRoutines(source: QueryRunner, target: QueryRunner): Promise<void> {
  await target.query("SET check_function_bodies = off");
  for (const create of await creationBy(source, ROUTINES)) await target.query(create).catch(() => undefined);
  await target.query("RESET check_function_bodies");
}

/** As text of the table's row type, which PostgreSQL reads back as exactly the same values. */
async function copyRows(source: QueryRunner, target: QueryRunner, table: Table, limit: number): Promise<boolean> {
  const columns = table.columns.filter((column) => !column.generated).map(({ name }) => name);
  if (columns.length === 0) return true;
  const found = await select(
    source,
    `SELECT retort_row::text AS "text" FROM ${path(table)} AS retort_row LIMIT ${limit + 1}`,
  );
  const rows = found.slice(0, limit);
  const values = columns.map((name) => `(read.one).${quote(name)}`).join(", ");
  const insert =
    `INSERT INTO ${path(table)} (${list(columns)}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${values} FROM (SELECT line::${path(table)} AS one FROM unnest($1::text[]) AS line OFFSET 0) AS read`;
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT)
    await target.query(insert, [rows.slice(at, at + ROWS_A_STATEMENT)]);
  return found.length <= limit;
}

async function run(runner: QueryRunner, work: (runner: QueryRunner) => Promise<void>): Promise<void> {
  await runner.startTransaction();
  try {
    await work(runner);
    await runner.commitTransaction();
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  }
}

async function rows(runner: QueryRunner, table: ObjectName, columns: readonly string[]): Promise<string[]> {
  const values = columns.map((column) => `${quote(column)}::text`).join(", ");
  return select(runner, `SELECT ROW(${values})::text AS "text" FROM ${path(table)} ORDER BY 1`);
}

/** The column "text" of every row. */
async function select(runner: QueryRunner, sql: string): Promise<string[]> {
  return ((await runner.query(sql)) as { text: string }[]).map(({ text }) => text);
}

const LOCALE = `SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype) AS "text"
  FROM pg_database AS d WHERE datname = current_database() AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'`;

const SETTINGS = `SELECT format('%I TO %s', name, CASE WHEN name = 'search_path' THEN value ELSE quote_literal(value) END) AS "text"
  FROM pg_db_role_setting AS s, unnest(setconfig) AS config,
    LATERAL (SELECT split_part(config, '=', 1) AS name, substr(config, strpos(config, '=') + 1) AS value) AS one
  WHERE setrole = 0 AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const PUBLICATIONS = `SELECT format('CREATE PUBLICATION %I WITH (publish = %L)', pubname,
    concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END)) AS "text"
  FROM pg_publication WHERE NOT puballtables
  UNION ALL SELECT format('ALTER PUBLICATION %I ADD TABLE %I.%I%s', pubname, nspname, relname, ' WHERE (' || pg_get_expr(prqual, c.oid) || ')')
  FROM pg_publication AS p JOIN pg_publication_rel ON prpubid = p.oid JOIN pg_class AS c ON c.oid = prrelid JOIN pg_namespace AS n ON n.oid = relnamespace`;

const DEFAULT_PRIVILEGES = `SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s GRANT %s ON TABLES TO %s', pg_get_userbyid(defaclrole),
    CASE WHEN defaclnamespace <> 0 THEN format('IN SCHEMA %s', defaclnamespace::regnamespace) ELSE '' END, privilege_type,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END) AS "text"
  FROM pg_default_acl, aclexplode(defaclacl) WHERE defaclobjtype = 'r'`;

const EVENT_TRIGGERS = `SELECT format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s()', evtname, evtevent,
    (SELECT format(' WHEN TAG IN (%s)', string_agg(quote_literal(tag), ', ')) FROM unnest(evttags) AS tag HAVING count(*) > 0), evtfoid::regproc) AS "text"
  FROM pg_event_trigger AS e WHERE evtenabled IN ('O', 'A') AND NOT ${isOfExtension("pg_event_trigger", "e.oid")}`;
