import type { QueryRunner } from "typeorm";
import { withStoredExpressions } from "../../schema/typeorm-metadata";
import type { Plan, Scope, StoredTable } from "../../schema/dialect";
import type {
  Check,
  Column,
  ForeignKey,
  Index,
  IndexColumn,
  PrimaryKey,
  Schema,
  Table,
  Unique,
  View,
} from "../../schema/model";
import { isTrivia, nameIn, tokenize, unwrapped } from "../../schema/tokens";
import { quote } from "./create";
import { type Clause, type ColumnDefinition, type TableDefinition, Reader, parseTable, splitList } from "./definition";
import { dataSourceOf } from "../../../typeorm/data-source";

interface StoredObject {
  readonly type: "table" | "index" | "trigger" | "view";
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

/** Reads the schema from the statements that SQLite has stored, which say more than its pragmas. */
export async function readSchema(runner: QueryRunner, scope: Scope): Promise<Schema> {
  const objects = await storedObjects(runner);
  const ordinary = new Set(
    ((await runner.query("PRAGMA main.table_list")) as { name: string; type: string; schema: string }[])
      .filter((row) => row.type === "table" && row.schema === "main")
      .map((row) => row.name),
  );
  const isOurs = oursIn(scope);
  const tables = objects
    .filter((object) => object.type === "table" && ordinary.has(object.name) && isOurs(object))
    .map((object) => readTable(object, objects, isOurs));
  const views = objects.filter((object) => object.type === "view" && isOurs(object)).map(readView);
  const schema: Schema = { tables: tables.map((table) => resolved(table, tables)), views, enums: [] };
  const hasMetadataTable = ordinary.has(dataSourceOf(runner).metadataTableName);
  return withStoredExpressions(schema, runner, quote, hasMetadataTable);
}

function storedObjects(runner: QueryRunner): Promise<StoredObject[]> {
  const sql = `SELECT "type", "name", "tbl_name", "sql" FROM "main"."sqlite_master" ORDER BY "rowid"`;
  return runner.query(sql) as Promise<StoredObject[]>;
}

/** The stored statement of a table, and its columns. */
export async function storedTable(runner: QueryRunner, table: string): Promise<StoredTable | undefined> {
  const sql = `SELECT "sql" FROM "sqlite_master" WHERE "type" = 'table' AND "name" = ? COLLATE NOCASE`;
  const [row] = (await runner.query(sql, [table])) as { sql: string }[];
  if (!row) return undefined;
  const columns = (await runner.query(`PRAGMA table_info(${quote(table)})`)) as { name: string }[];
  return { statement: row.sql, columns: columns.map(({ name }) => name) };
}

function oursIn(scope: Scope): (object: StoredObject) => boolean {
  return ({ name }) => !/^sqlite_/i.test(name) && !scope.isIgnored(name);
}

/**
 * Whether SQLite has stored exactly the plan's statements. Triggers are ignored: no entity declares them. A plan that
 * writes to `typeorm_metadata` does more than its stored statements show.
 */
export async function matchesExactly(runner: QueryRunner, { steps }: Plan, scope: Scope): Promise<boolean> {
  const wanted = steps.flatMap(({ statements }) => statements.map((one) => (one.kind === "sql" ? one.sql : "")));
  if (!wanted.every((sql) => /^CREATE (TABLE|INDEX|UNIQUE INDEX) "/.test(sql))) return false;
  const isOurs = oursIn(scope);
  const stored = (await storedObjects(runner))
    .filter((object) => object.type !== "trigger" && object.sql !== null && isOurs(object))
    .map(({ sql }) => sql!);
  const inOrder = (texts: readonly string[]) => texts.map(unindented).sort().join("\0");
  return inOrder(stored) === inOrder(wanted);
}

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/g;

/**
 * The statement without the indentation that a migration's file has given it; as it is where a string may go over
 * several lines.
 */
function unindented(sql: string): string {
  const lines = sql.split("\n");
  if (lines.length === 1) return sql;
  const isBroken = (line: string) => /['"`[]|\/\*/.test(line.replace(QUOTED, ""));
  return lines.some(isBroken) ? sql : lines.map((line) => line.trim()).join("\n");
}

function readTable(
  object: StoredObject,
  objects: readonly StoredObject[],
  isOurs: (o: StoredObject) => boolean,
): Table {
  const own = objects.filter(
    (other) => other.tbl_name.toLowerCase() === object.name.toLowerCase() && other.sql !== null,
  );
  return {
    ...tableFrom(object.sql!),
    name: object.name,
    indexes: own
      .filter((other) => other.type === "index" && isOurs(other))
      .map((other) => readIndex(other.sql!, other.name)),
    triggers: own.filter((other) => other.type === "trigger").map(({ name, sql }) => ({ name, sql: sql! })),
  };
}

/** What a CREATE TABLE statement says; indexes and triggers have statements of their own. */
export function tableFrom(sql: string): Table {
  const definition = parseTable(sql);
  const options = definition.closing.toUpperCase();
  return {
    name: nameIn(definition.name),
    columns: definition.definitions
      .filter((item) => item.kind === "column")
      .map((item) => columnFrom(item, definition)),
    primaryKey: primaryKeyFrom(definition),
    uniques: clausesOf(definition, "unique").map(uniqueFrom),
    indexes: [],
    checks: clausesOf(definition, "check")
      .filter(({ clause }) => valuesIn(clause) === undefined)
      .map(({ clause }): Check => ({ name: clause.name, expression: clause.expression! })),
    exclusions: [],
    foreignKeys: clausesOf(definition, "references").map(foreignKeyFrom),
    triggers: [],
    withoutRowid: /\bWITHOUT\s+ROWID\b/.test(options) || undefined,
    strict: /\bSTRICT\b/.test(options) || undefined,
    stored: sql,
  };
}

interface PlacedClause {
  readonly clause: Clause;
  /** The column in whose definition it stands. */
  readonly column?: string | undefined;
}

/** The clauses of a kind, those of columns first, then those of the table. */
export function clausesOf(table: TableDefinition, kind: Clause["kind"]): PlacedClause[] {
  return table.definitions.flatMap((item) =>
    item.kind === "constraint"
      ? item.clause.kind === kind
        ? [{ clause: item.clause }]
        : []
      : item.clauses.filter((clause) => clause.kind === kind).map((clause) => ({ clause, column: nameIn(item.name) })),
  );
}

function columnFrom(item: ColumnDefinition, table: TableDefinition): Column {
  const name = nameIn(item.name);
  const clause = (kind: Clause["kind"]) => item.clauses.find((other) => other.kind === kind);
  const generated = clause("generated");
  const isKey = primaryKeyFrom(table)?.columns.includes(name) ?? false;
  const numbered = isKey && clausesOf(table, "primaryKey").some(({ clause: own }) => own.autoincrement);
  return {
    name,
    type: item.type,
    nullable: clause("notNull") === undefined && !(isKey && isNeverNull(item, table)),
    default: clause("default")?.expression && unwrapped(clause("default")!.expression!),
    generated: generated && { expression: generated.expression!, stored: generated.stored === true },
    increment: numbered ? "increment" : undefined,
    collation: clause("collate")?.collation,
    values: allowedValues(name, item, table),
  };
}

/** A key that is the rowid, and every key of a STRICT table or one without rowids, is NOT NULL without saying so. */
function isNeverNull(item: ColumnDefinition, table: TableDefinition): boolean {
  const isRowid = /^integer$/i.test(item.type) && primaryKeyFrom(table)?.columns.length === 1;
  return isRowid || /\b(STRICT|WITHOUT\s+ROWID)\b/i.test(table.closing);
}

/** The values of the check that stands for an enum: unnamed, `"column" IN (literals)` and nothing else. */
function allowedValues(name: string, item: ColumnDefinition, table: TableDefinition): string[] | undefined {
  const clauses = [
    ...item.clauses,
    ...table.definitions.flatMap((other) => (other.kind === "constraint" ? [other.clause] : [])),
  ];
  for (const clause of clauses) {
    const allowed = valuesIn(clause);
    if (allowed && allowed.column.toLowerCase() === name.toLowerCase()) return allowed.values;
  }
  return undefined;
}

/** What an unnamed `CHECK ("column" IN ('a', 'b'))` allows; undefined for every other clause. */
export function valuesIn(clause: Clause): { column: string; values: string[] } | undefined {
  if (clause.kind !== "check" || clause.name !== undefined) return undefined;
  const tokens = tokenize(unwrapped(clause.expression!)).filter((token) => !isTrivia(token));
  const [column, operator, opening, ...rest] = tokens;
  if (!column || !["word", "identifier"].includes(column.kind)) return undefined;
  if (operator?.text.toUpperCase() !== "IN" || opening?.text !== "(" || rest.at(-1)?.text !== ")") return undefined;
  const items = rest.slice(0, -1);
  const alternate = items.every((token, at) => (at % 2 ? token.text === "," : token.kind === "string"));
  if (!alternate || items.length % 2 === 0) return undefined;
  return { column: nameIn(column.text), values: items.filter((_, at) => at % 2 === 0).map(({ text }) => nameIn(text)) };
}

function primaryKeyFrom(table: TableDefinition): PrimaryKey | undefined {
  const found = clausesOf(table, "primaryKey")[0];
  return found && { name: found.clause.name, columns: found.clause.columns ?? [found.column!] };
}

function uniqueFrom({ clause, column }: PlacedClause): Unique {
  return { name: clause.name, columns: clause.columns ?? [column!] };
}

function foreignKeyFrom({ clause, column }: PlacedClause): ForeignKey {
  const reference = clause.references!;
  return {
    name: clause.name,
    columns: clause.columns ?? [column!],
    references: { name: reference.table },
    referencedColumns: reference.columns,
    onDelete: reference.onDelete,
    onUpdate: reference.onUpdate,
    deferrable: reference.deferrable,
  };
}

/** A foreign key that names no columns means the primary key; a table's name in it may be written in another case. */
function resolved(table: Table, tables: readonly Table[]): Table {
  const foreignKeys = table.foreignKeys.map((key) => {
    const target = tables.find((other) => other.name.toLowerCase() === key.references.name.toLowerCase());
    if (!target) return key;
    const columns = key.referencedColumns.length > 0 ? key.referencedColumns : (target.primaryKey?.columns ?? []);
    return { ...key, references: { name: target.name }, referencedColumns: columns };
  });
  return { ...table, foreignKeys };
}

/** What a CREATE INDEX statement says. */
export function readIndex(sql: string, name: string): Index {
  const reader = new Reader(sql);
  reader.expect("CREATE");
  const unique = reader.is("UNIQUE");
  while (!reader.is("ON")) reader.take();
  reader.take();
  reader.take();
  const columns = splitList(reader.takeParentheses()).map(indexColumn);
  if (!reader.is("WHERE")) return { name, columns, unique, stored: sql };
  reader.take();
  return { name, columns, unique, where: sql.slice(reader.position).trim(), stored: sql };
}

function indexColumn(text: string): IndexColumn {
  const reader = new Reader(text);
  const first = reader.take();
  let collation: string | undefined;
  if (reader.is("COLLATE")) {
    reader.take();
    collation = nameIn(reader.take());
  }
  const descending = reader.is("DESC") || undefined;
  if (descending || reader.is("ASC")) reader.take();
  return reader.ended && /^["'`[\w]/.test(first)
    ? { name: nameIn(first), collation, descending }
    : { expression: text };
}

function readView(object: StoredObject): View {
  const reader = new Reader(object.sql!);
  while (!reader.is("AS") && !reader.ended) reader.take();
  reader.take();
  const definition = object.sql!.slice(reader.position).trim();
  return { name: object.name, definition, materialized: false, indexes: [], stored: object.sql! };
}
