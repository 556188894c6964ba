import type { QueryRunner } from "typeorm";
import { groupBy } from "../../../groups";
import { withStoredExpressions } from "../../schema/typeorm-metadata";
import type { Scope } from "../../schema/dialect";
import type {
  Column,
  Deferrable,
  EnumType,
  Index,
  IndexColumn,
  ObjectName,
  Schema,
  Table,
  View,
} from "../../schema/model";
import { keyOf } from "../../schema/model";
import { nameIn, unwrapped, postgresQuoting } from "../../schema/tokens";
import { readBeside, readBesideColumns, readDependents, readPartitions } from "./beside";
import { quote } from "./create";
import { dataSourceOf } from "../../../typeorm/data-source";

/** The schemas that are read, and their names in the model. */
interface Places {
  readonly names: readonly string[];
  /** The model's name of a schema: none for the default one. */
  modelled(name: string): string | undefined;
}

/** Reads the schema out of PostgreSQL's catalogs; types and expressions as the server itself prints them. */
export async function readSchema(runner: QueryRunner, scope: Scope): Promise<Schema> {
  const [{ schema: standard }] = (await runner.query(`SELECT current_schema() AS "schema"`)) as [{ schema: string }];
  const names = [...new Set([standard, ...scope.schemas])];
  const schemas = await schemasWithViewsOver(runner, names);
  const places: Places = { names, modelled: (name) => (name === standard ? undefined : name) };
  const isOurs = ({ name }: { name: string }) => !scope.isIgnored(name);
  const [tables, columns, constraints, indexes, triggers] = [
    (await runner.query(TABLES, [schemas])) as TableRow[],
    byTable((await runner.query(COLUMNS, [names])) as ColumnRow[]),
    byTable((await runner.query(CONSTRAINTS, [names])) as ConstraintRow[]),
    byTable((await runner.query(INDEXES, [schemas])) as IndexRow[]),
    byTable((await runner.query(TRIGGERS, [names])) as TriggerRow[]),
  ];
  const ordinary = tables
    .filter((row) => (row.kind === "r" || row.kind === "p") && names.includes(row.schema))
    .filter(isOurs);
  // Views that are ignored, or in other schemas, are read too: over our tables, they must be dropped and created again when
  // a column changes.
  const views = tables.filter((row) => row.kind === "v" || row.kind === "m");
  const uses = byTable((await runner.query(USES, [schemas])) as UseRow[]);
  const beside = await readBeside(runner, schemas);
  const besideColumn = await readBesideColumns(runner, names);
  const partitions = await readPartitions(runner, names);
  const dependents = await readDependents(runner, names, (schema, name) => ({ schema: places.modelled(schema), name }));
  const indexesOf = (oid: number) => (indexes.get(oid) ?? []).map(indexOf);
  const schema: Schema = {
    tables: ordinary.map((row): Table => ({
      schema: places.modelled(row.schema),
      name: row.name,
      columns: (columns.get(row.oid) ?? []).map((column) => ({
        ...columnOf(column, places),
        beside: besideColumn(row.oid, column.name),
      })),
      ...constraintsOf(
        (constraints.get(row.oid) ?? []).filter((one) => isOurs(one)),
        places,
      ),
      indexes: indexesOf(row.oid).filter(isOurs),
      triggers: (triggers.get(row.oid) ?? []).map(({ name, definition, updates }) => ({
        name,
        sql: definition,
        isOnUpdate: updates,
      })),
      comment: row.comment ?? undefined,
      partitions:
        row.partitioning === null ? undefined : { by: row.partitioning, statements: partitions.get(row.oid) ?? [] },
      beside: beside.get(row.oid),
      dependents: dependents.get(row.oid),
    })),
    views: views.map((row): View => ({
      schema: places.modelled(row.schema),
      name: row.name,
      definition: row.definition!.trim().replace(/;$/, ""),
      columns: row.columns ?? undefined,
      materialized: row.kind === "m",
      uses: (uses.get(row.oid) ?? []).map(({ schema, name, column }) => ({
        table: keyOf({ schema: places.modelled(schema), name }),
        column: column ?? undefined,
      })),
      // Also those that are ignored: they go with the view, and come back with it.
      indexes: indexesOf(row.oid),
      beside: beside.get(row.oid),
      isUnpopulated: (row.kind === "m" && !row.populated) || undefined,
    })),
    enums: ((await runner.query(ENUMS, [names])) as EnumRow[]).filter(isOurs).map((row): EnumType => ({
      schema: places.modelled(row.schema),
      name: row.name,
      values: row.values,
    })),
  };
  const annotated = await withStoredExpressions(schema, runner, quote, await hasMetadataTable(runner));
  return {
    ...annotated,
    views: annotated.views.map((view) =>
      isOurs(view) && names.includes(view.schema ?? standard) ? view : { ...view, recordedIn: undefined },
    ),
  };
}

/** The schemas, and those of other views over their tables, also over a view between. */
async function schemasWithViewsOver(runner: QueryRunner, names: readonly string[]): Promise<string[]> {
  const found = (await runner.query(SCHEMAS_WITH_VIEWS_OVER, [names])) as { schema: string }[];
  return [...new Set([...names, ...found.map(({ schema }) => schema)])];
}

interface TableRow {
  oid: number;
  schema: string;
  name: string;
  kind: "r" | "p" | "v" | "m";
  comment: string | null;
  definition: string | null;
  columns: string[] | null;
  populated: boolean;
  partitioning: string | null;
}

interface ColumnRow {
  oid: number;
  name: string;
  type: string;
  required: boolean;
  value: string | null;
  generated: "" | "s";
  identity: "" | "a" | "d";
  /** The sequence that the column owns and takes its default from. */
  sequence: string | null;
  collation: string | null;
  comment: string | null;
  enum_schema: string | null;
  enum_name: string | null;
}

interface ConstraintRow {
  oid: number;
  name: string;
  kind: "p" | "u" | "c" | "x" | "f";
  columns: string[];
  definition: string;
  deferrable: boolean;
  deferred: boolean;
  target_schema: string | null;
  target_name: string | null;
  target_columns: string[];
  on_delete: keyof typeof ACTIONS;
  on_update: keyof typeof ACTIONS;
}

interface IndexRow {
  oid: number;
  name: string;
  unique: boolean;
  method: string;
  columns: { name: string | null; expression: string; descending: boolean; collation: string | null }[];
  condition: string | null;
  definition: string;
  valid: boolean;
}

interface UseRow {
  oid: number;
  schema: string;
  name: string;
  column: string | null;
}

interface TriggerRow {
  oid: number;
  name: string;
  definition: string;
  updates: boolean;
}

interface EnumRow {
  schema: string;
  name: string;
  values: string[];
}

const ACTIONS = { a: "NO ACTION", r: "RESTRICT", c: "CASCADE", n: "SET NULL", d: "SET DEFAULT" } as const;

/** Objects of extensions do not belong to the project. */
const NOT_OF_AN_EXTENSION = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

const SCHEMAS_WITH_VIEWS_OVER = `
  WITH RECURSIVE edge AS (
    SELECT DISTINCT d.refobjid AS below, w.ev_class AS above FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
  ), above AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY($1)
    UNION SELECT edge.above FROM above JOIN edge ON edge.below = above.oid
  )
  SELECT DISTINCT n.nspname AS "schema" FROM above JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^(pg_|information_schema$)'`;

const TABLES = `
  SELECT c.oid, n.nspname AS "schema", c.relname AS "name", c.relkind AS "kind", obj_description(c.oid, 'pg_class') AS "comment",
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS "definition",
    CASE WHEN c.relkind IN ('v', 'm') THEN ARRAY(
      SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum
    ) END AS "columns", c.relispopulated AS "populated", CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partitioning"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND ${NOT_OF_AN_EXTENSION("pg_class", "c.oid")}
  ORDER BY c.oid`;

const COLUMNS = `
  SELECT a.attrelid AS "oid", a.attname AS "name", format_type(a.atttypid, a.atttypmod) AS "type", a.attnotnull AS "required",
    pg_get_expr(d.adbin, d.adrelid) AS "value", a.attgenerated AS "generated", a.attidentity AS "identity",
    (
      SELECT q.relname FROM pg_depend s JOIN pg_class q ON q.oid = s.objid AND q.relkind = 'S'
      JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refobjid = q.oid
      WHERE s.refclassid = 'pg_class'::regclass AND s.refobjid = a.attrelid AND s.classid = 'pg_class'::regclass AND s.refobjsubid = a.attnum AND s.deptype = 'a'
      LIMIT 1
    ) AS "sequence",
    CASE WHEN a.attcollation <> t.typcollation THEN l.collname END AS "collation",
    col_description(a.attrelid, a.attnum) AS "comment", en.nspname AS "enum_schema", et.typname AS "enum_name"
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_type et ON et.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END AND et.typtype = 'e'
  LEFT JOIN pg_namespace en ON en.oid = et.typnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

const NAMES = (relation: string, keys: string) =>
  `ARRAY(SELECT k.attname::text FROM unnest(${keys}) WITH ORDINALITY o(attnum, at)
    JOIN pg_attribute k ON k.attrelid = ${relation} AND k.attnum = o.attnum ORDER BY o.at)`;

const CONSTRAINTS = `
  SELECT r.conrelid AS "oid", r.conname AS "name", r.contype AS "kind", ${NAMES("r.conrelid", "r.conkey")} AS "columns",
    CASE WHEN r.contype = 'c' THEN pg_get_expr(r.conbin, r.conrelid) ELSE pg_get_constraintdef(r.oid) END AS "definition",
    r.condeferrable AS "deferrable", r.condeferred AS "deferred", tn.nspname AS "target_schema", tc.relname AS "target_name",
    ${NAMES("r.confrelid", "r.confkey")} AS "target_columns", r.confdeltype AS "on_delete", r.confupdtype AS "on_update"
  FROM pg_constraint r
  JOIN pg_class c ON c.oid = r.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class tc ON tc.oid = r.confrelid LEFT JOIN pg_namespace tn ON tn.oid = tc.relnamespace
  WHERE n.nspname = ANY($1) AND r.contype IN ('p', 'u', 'c', 'x', 'f') AND r.conparentid = 0
  ORDER BY r.oid`;

const INDEXES = `
  SELECT i.indrelid AS "oid", x.relname AS "name", i.indisunique AS "unique", i.indisvalid AS "valid", m.amname AS "method",
    (SELECT json_agg(json_build_object(
        'name', k.attname, 'expression', pg_get_indexdef(i.indexrelid, s.at, true),
        'descending', (i.indoption[s.at - 1]::int & 1) = 1,
        'collation', CASE WHEN i.indcollation[s.at - 1] <> 0 AND i.indcollation[s.at - 1] <> k.attcollation THEN l.collname END
      ) ORDER BY s.at)
      FROM generate_series(1, i.indnkeyatts::int) s(at)
      LEFT JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[s.at - 1] AND k.attnum > 0
      LEFT JOIN pg_collation l ON l.oid = i.indcollation[s.at - 1]) AS "columns",
    pg_get_expr(i.indpred, i.indrelid) AS "condition", pg_get_indexdef(i.indexrelid) AS "definition"
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
  JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'm')
    AND NOT EXISTS (SELECT 1 FROM pg_constraint r WHERE r.conindid = i.indexrelid AND r.contype IN ('p', 'u', 'x'))
  ORDER BY i.indexrelid`;

/** A column of a table is used where that of a partition, or of a table that inherits it, is. */
const USES = `
  WITH RECURSIVE lineage AS (
    SELECT inhrelid AS "child", inhparent AS "parent" FROM pg_inherits
    UNION SELECT l."child", i.inhparent FROM lineage l JOIN pg_inherits i ON i.inhrelid = l."parent"
  )
  SELECT DISTINCT w.ev_class AS "oid", tn.nspname AS "schema", tc.relname AS "name", a.attname AS "column"
  FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class tc ON (tc.oid = d.refobjid OR tc.oid IN (SELECT "parent" FROM lineage WHERE "child" = d.refobjid)) AND tc.oid <> w.ev_class
  JOIN pg_namespace tn ON tn.oid = tc.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
  WHERE n.nspname = ANY($1) AND v.relkind IN ('v', 'm') ORDER BY 1, 2, 3, 4`;

const TRIGGERS = `
  SELECT g.tgrelid AS "oid", g.tgname AS "name", pg_get_triggerdef(g.oid) AS "definition",
    g.tgtype & 16 > 0 AND g.tgenabled = 'O' AS "updates"
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY($1) AND NOT g.tgisinternal ORDER BY g.oid`;

const ENUMS = `
  SELECT n.nspname AS "schema", t.typname AS "name",
    ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS "values"
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = ANY($1) AND t.typtype = 'e' AND ${NOT_OF_AN_EXTENSION("pg_type", "t.oid")} ORDER BY t.oid`;

function byTable<T extends { oid: number }>(rows: readonly T[]): Map<number, T[]> {
  return groupBy(rows, ({ oid }) => oid);
}

async function hasMetadataTable(runner: QueryRunner): Promise<boolean> {
  const name = quote(dataSourceOf(runner).metadataTableName);
  const [{ found }] = (await runner.query(`SELECT to_regclass($1) AS "found"`, [name])) as [{ found: string | null }];
  return found !== null;
}

function columnOf(row: ColumnRow, places: Places): Column {
  const isNumbered = row.sequence !== null || row.identity !== "";
  return {
    name: row.name,
    type: row.type,
    nullable: !row.required,
    default: isNumbered || row.generated !== "" ? undefined : (row.value ?? undefined),
    generated: row.generated === "s" ? { expression: unwrapped(row.value!, postgresQuoting), stored: true } : undefined,
    increment:
      row.sequence !== null
        ? "increment"
        : row.identity === "a"
          ? "always"
          : row.identity === "d"
            ? "by default"
            : undefined,
    sequence: row.sequence ?? undefined,
    collation: row.collation ?? undefined,
    comment: row.comment ?? undefined,
    enumType: row.enum_name === null ? undefined : { schema: places.modelled(row.enum_schema!), name: row.enum_name },
  };
}

function constraintsOf(
  rows: readonly ConstraintRow[],
  places: Places,
): Pick<Table, "primaryKey" | "uniques" | "checks" | "exclusions" | "foreignKeys"> {
  const of = (kind: ConstraintRow["kind"]) => rows.filter((row) => row.kind === kind);
  const [key] = of("p");
  return {
    primaryKey: key && { name: key.name, columns: key.columns },
    uniques: of("u").map((row) => ({ name: row.name, columns: row.columns, deferrable: deferrableOf(row) })),
    checks: of("c").map((row) => ({ name: row.name, expression: unwrapped(row.definition, postgresQuoting) })),
    exclusions: of("x").map((row) => ({
      name: row.name,
      expression: row.definition.replace(/^EXCLUDE\s+/i, "").replace(/\s+DEFERRABLE.*$/i, ""),
      deferrable: deferrableOf(row),
    })),
    foreignKeys: of("f").map((row) => ({
      name: row.name,
      columns: row.columns,
      references: { schema: places.modelled(row.target_schema!), name: row.target_name! } satisfies ObjectName,
      referencedColumns: row.target_columns,
      onDelete: ACTIONS[row.on_delete],
      onUpdate: ACTIONS[row.on_update],
      deferrable: deferrableOf(row),
    })),
  };
}

function deferrableOf(row: ConstraintRow): Deferrable | undefined {
  if (!row.deferrable) return undefined;
  return row.deferred ? "INITIALLY DEFERRED" : "INITIALLY IMMEDIATE";
}

function indexOf(row: IndexRow): Index {
  const columns = row.columns.map(({ name, expression, descending, collation }): IndexColumn => ({
    // A plain column with an operator class or the like is an expression: entities cannot declare it.
    ...(name !== null && isPlain(expression, name) ? { name } : { expression }),
    descending: descending || undefined,
    collation: collation ?? undefined,
  }));
  return {
    name: row.name,
    columns,
    unique: row.unique,
    where: row.condition === null ? undefined : unwrapped(row.condition, postgresQuoting),
    kind: undefined,
    method: row.method === "btree" ? undefined : row.method,
    isInvalid: !row.valid || undefined,
    // What follows the table's name, which is printed with its schema.
    stored: row.definition.slice(row.definition.indexOf(" USING ") + 1),
  };
}

function isPlain(expression: string, name: string): boolean {
  return nameIn(expression.replace(/ COLLATE .*$/, "")) === name;
}
