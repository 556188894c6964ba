import type { Plan, Statement } from "../../schema/dialect";
import type { ForeignKey, ObjectName, Schema, Table } from "../../schema/model";
import { findTable, keyOf, replaceTable } from "../../schema/model";
import type { AddColumn, AlterColumn, ChangePrimaryKey, Constraint, Operation, Rename } from "../../schema/operation";
import { apply } from "../../schema/operation";
import { serverPlan, withExpressions } from "../../schema/server-plan";
import { sql, stepOf } from "../../schema/step";
import { mysqlQuoting, renamedIn } from "../../schema/tokens";
import { alterations } from "./alterations";
import * as create from "./create";
import { clauses, path, quote, text } from "./create";
import { cutValue, refusedValues } from "./values";

/** The statements for MySQL and MariaDB: every one of them commits by itself, so each is a whole change. */
export function plan(from: Schema, operations: readonly Operation[]): Plan {
  return serverPlan(from, operations, {
    metadataTable: create.metadataTable,
    alterations,
    statementsFor,
    renamed,
    applied: withKeyIndexes,
    isBlocked: changesType,
    dependents(schema, blocked) {
      const keys = foreignKeysOver(schema, blocked.filter(changesType));
      const step = (kind: "addConstraint" | "dropConstraint") => (key: OwnedKey) => {
        const operation: Operation = { kind, table: key.table, constraint: { kind: "foreignKey", value: key.key } };
        return stepOf(operation, statementsFor(operation, schema));
      };
      return { drop: keys.map(step("dropConstraint")), create: keys.map(step("addConstraint")) };
    },
  });
}

/** The schema after a rename: MariaDB rewrites the expressions over a column by itself. */
export function renamed(before: Schema, operation: Rename): Schema {
  const schema = apply(before, operation);
  if (operation.kind === "renameTable") return schema;
  const { table, from, to } = operation;
  const rewrite = (expression: string) => renamedIn(expression, from, to, quote, mysqlQuoting);
  return {
    ...schema,
    tables: schema.tables.map((one) => (keyOf(one) === keyOf(table) ? withExpressions(one, rewrite) : one)),
  };
}

function alter(table: ObjectName, change: string): Statement {
  return sql(`ALTER TABLE ${path(table)} ${change}`);
}

function statementsFor(operation: Operation, schema: Schema): Statement[] {
  switch (operation.kind) {
    case "createTable":
      return [
        sql(create.createTable(operation.table)),
        ...(operation.table.beside ?? []).map((statement) => sql(statement)),
        ...operation.table.triggers.map((trigger) => sql(trigger.sql)),
      ];
    case "dropTable":
      return [sql(`DROP TABLE ${path(operation.table)}`)];
    case "renameTable":
      return [sql(`RENAME TABLE ${path(operation.from)} TO ${path(operation.to)}`)];
    case "changeTable": {
      const { before, after } = operation;
      const comment = before.comment === after.comment ? [] : [`COMMENT=${text(after.comment ?? "")}`];
      const engine = before.engine === after.engine ? [] : [`ENGINE=${after.engine ?? "InnoDB"}`];
      return [alter(operation.table, [...engine, ...comment].join(", "))];
    }
    case "addColumn":
      return addColumn(operation, findTable(schema, operation.table)!);
    case "dropColumn":
      return [alter(operation.table, `DROP COLUMN ${quote(operation.column.name)}`)];
    case "renameColumn":
      return [alter(operation.table, `RENAME COLUMN ${quote(operation.from)} TO ${quote(operation.to)}`)];
    case "alterColumn":
      return alterColumn(operation, findTable(schema, operation.table)!);
    case "changePrimaryKey":
      return changePrimaryKey(operation, findTable(schema, operation.table));
    case "addConstraint":
      return [addConstraint(operation.table, operation.constraint, findTable(schema, operation.table))];
    case "dropConstraint":
      return dropConstraint(operation.table, operation.constraint, findTable(schema, operation.table));
    case "renameConstraint":
      if (operation.before.kind === "index")
        return [
          alter(
            operation.table,
            `RENAME INDEX ${quote(operation.before.value.name!)} TO ${quote(operation.after.value.name!)}`,
          ),
        ];
      return [
        ...dropConstraint(operation.table, operation.before, undefined),
        addConstraint(operation.table, operation.after, undefined),
      ];
    case "createView":
      return [sql(create.createView(operation.view))];
    case "dropView":
      return [sql(`DROP VIEW ${path(operation.view)}`)];
    default:
      throw new Error(`MySQL has no ${operation.kind}`);
  }
}

function addColumn({ table, column, backfill, position }: AddColumn, own: Table): Statement[] {
  const before = position === undefined ? undefined : own.columns[position - 1];
  const place = position === undefined ? "" : before ? ` AFTER ${quote(before.name)}` : " FIRST";
  // An AUTO_INCREMENT column must be a key from the start.
  const key = column.increment && !own.primaryKey ? ", ADD PRIMARY KEY (" + quote(column.name) + ")" : "";
  if (backfill === undefined) return [alter(table, `ADD COLUMN ${create.columnDefinition(column)}${place}${key}`)];
  return [
    alter(table, `ADD COLUMN ${create.columnDefinition({ ...column, nullable: true })}${place}`),
    ...update(own, column.name, backfill),
    ...(column.nullable ? [] : [alter(table, `MODIFY COLUMN ${create.columnDefinition(column)}`)]),
  ];
}

function alterColumn(operation: AlterColumn, own: Table): Statement[] {
  const { table, before, after, backfill } = operation;
  const name = quote(after.name);
  const change = alter(table, `MODIFY COLUMN ${create.columnDefinition(after)}`);
  const isReplaced =
    Boolean(before.generated) !== Boolean(after.generated) || before.generated?.stored !== after.generated?.stored;
  if (isReplaced && after.generated)
    return [alter(table, `DROP COLUMN ${name}, ADD COLUMN ${create.columnDefinition(after)}`)];
  const fill = backfill === undefined ? [] : update(own, after.name, backfill, `${name} IS NULL`);
  return [...replacedValues(operation, own), ...fittedValues(operation, own), ...fill, change];
}

/** Strict mode refuses a change of type for which a value does not fit, so that the values are changed before. */
function fittedValues({ table, before, after, narrowing, unfit }: AlterColumn, own: Table): Statement[] {
  const refused = refusedValues(before, after);
  const value = unfit ?? (narrowing ? cutValue(before, after) : undefined);
  if (refused === undefined || value === undefined) return [];
  const isRequired = /^null$/i.test(value) && !before.nullable;
  const isOtherCharset = before.charset !== after.charset;
  return [
    ...(isRequired ? [alter(table, `MODIFY COLUMN ${create.columnDefinition({ ...before, nullable: true })}`)] : []),
    ...update(own, before.name, value, refused).map((one) => (isOtherCharset ? lenient(one) : one)),
  ];
}

/** While rows are updated, the column allows the old values and the new ones. */
function replacedValues({ table, before, after, replaced }: AlterColumn, own: Table): Statement[] {
  if (!replaced || !before.values || !after.values) return [];
  const both = { ...before, default: undefined, values: [...new Set([...before.values, ...after.values])] };
  const name = quote(after.name);
  const updates = Object.entries(replaced).flatMap(([old, value]) =>
    update(own, after.name, text(value), `${name} = ${text(old)}`),
  );
  return [alter(table, `MODIFY COLUMN ${create.columnDefinition(both)}`), ...updates];
}

/**
 * The migration's own UPDATE is no change of a row by anybody: columns with ON UPDATE keep their values when they are set
 * to them, and triggers that watch updates are not there meanwhile.
 */
function update(table: Table, column: string, value: string, where?: string): Statement[] {
  const kept = table.columns.filter(({ name, onUpdate }) => onUpdate !== undefined && name !== column);
  const set = [`${quote(column)} = ${value}`, ...kept.map(({ name }) => `${quote(name)} = ${quote(name)}`)].join(", ");
  const triggers = table.triggers.filter(({ isOnUpdate }) => isOnUpdate);
  return [
    ...triggers.map(({ name }) => sql(`DROP TRIGGER ${path({ schema: table.schema, name })}`)),
    sql(`UPDATE ${path(table)} SET ${set}${where === undefined ? "" : ` WHERE ${where}`}`),
    ...triggers.map((trigger) => sql(trigger.sql)),
  ];
}

/** Strict mode would refuse to compare a value with what the other character set makes of it. */
function lenient(one: Statement): Statement {
  return one.kind === "sql" ? { ...one, sql: one.sql.replace(/^UPDATE /, "UPDATE IGNORE ") } : one;
}

interface OwnedKey {
  readonly table: Table;
  readonly key: ForeignKey;
}

/** A column's type cannot change while it is part of a foreign key, on either side. */
function changesType(operation: Operation): operation is AlterColumn {
  if (operation.kind !== "alterColumn") return false;
  const { before, after } = operation;
  return before.type !== after.type || before.charset !== after.charset || before.collation !== after.collation;
}

function foreignKeysOver(schema: Schema, columns: readonly AlterColumn[]): OwnedKey[] {
  const isChanged = (table: ObjectName, names: readonly string[]) =>
    columns.some((change) => keyOf(change.table) === keyOf(table) && names.includes(change.before.name));
  return schema.tables.flatMap((table) =>
    table.foreignKeys
      .filter((key) => isChanged(table, key.columns) || isChanged(key.references, key.referencedColumns))
      .map((key) => ({ table, key })),
  );
}

function changePrimaryKey({ table, before, after }: ChangePrimaryKey, own: Table | undefined): Statement[] {
  const now = own && { ...own, primaryKey: after };
  const changes = [
    before && "DROP PRIMARY KEY",
    after && `ADD PRIMARY KEY (${create.list(after.columns)})`,
    ...(own && now ? keyIndexChanges(own, now) : []),
  ];
  return [alter(table, changes.filter(Boolean).join(", "))];
}

/** @param own the table before the change; undefined where its foreign keys are known to keep their indexes */
function addConstraint(table: ObjectName, constraint: Constraint, own: Table | undefined): Statement {
  switch (constraint.kind) {
    case "index": {
      const now = own && { ...own, indexes: [...own.indexes, constraint.value] };
      const others = own && now ? keyIndexChanges(own, now) : [];
      return alter(table, [`ADD ${create.indexClause(constraint.value)}`, ...others].join(", "));
    }
    case "check":
      return alter(table, `ADD ${clauses.check(constraint.value)}`);
    case "foreignKey":
      return alter(table, `ADD ${clauses.foreignKey(constraint.value)}`);
    default:
      throw new Error(`MySQL has no ${constraint.kind}`);
  }
}

function dropConstraint(table: ObjectName, constraint: Constraint, own: Table | undefined): Statement[] {
  if (constraint.kind === "index") {
    const { name } = constraint.value;
    const now = own && { ...own, indexes: own.indexes.filter((index) => index.name !== name) };
    const others = own && now ? keyIndexChanges(own, now) : [];
    return [alter(table, [`DROP INDEX ${quote(name)}`, ...others].join(", "))];
  }
  if (constraint.kind === "check") return [alter(table, `DROP CONSTRAINT ${quote(constraint.value.name!)}`)];
  const name = quote(constraint.value.name!);
  const key = own?.foreignKeys.find((one) => one.name === constraint.value.name);
  const hasIndex = constraint.kind === "foreignKey" && (key ?? constraint.value).hasIndex;
  // MySQL created the index with the foreign key and does not drop it with it.
  return [alter(table, `DROP FOREIGN KEY ${name}`), ...(hasIndex ? [alter(table, `DROP INDEX ${name}`)] : [])];
}

/** Whether an index of the table, or its primary key, begins with the columns of the foreign key. */
function isIndexed({ indexes, primaryKey }: Table, { columns }: ForeignKey): boolean {
  const lists = [
    ...indexes.filter(({ kind }) => kind === undefined).map((index) => index.columns.map(({ name }) => name)),
  ];
  return [...lists, primaryKey?.columns ?? []].some((list) => columns.every((name, at) => list[at] === name));
}

/**
 * A foreign key needs an index. The last one that serves it can only go together with the creation of its own, and its own
 * goes when another serves it, as when the server had created it.
 */
function keyIndexChanges(before: Table, after: Table): string[] {
  return before.foreignKeys.flatMap((key) => {
    const [was, is] = [isIndexed(before, key), isIndexed(after, key)];
    if (was && !is && key.hasIndex !== true) return [`ADD INDEX ${quote(key.name!)} (${create.list(key.columns)})`];
    return !was && is && key.hasIndex === true ? [`DROP INDEX ${quote(key.name!)}`] : [];
  });
}

/** The schema with the indexes that foreign keys of a changed table have now. */
function withKeyIndexes(schema: Schema, operation: Operation): Schema {
  const isOfIndex = operation.kind === "addConstraint" || operation.kind === "dropConstraint";
  if (!isOfIndex && operation.kind !== "changePrimaryKey" && operation.kind !== "createTable") return schema;
  const table = findTable(schema, operation.table);
  if (!table) return schema;
  const foreignKeys = table.foreignKeys.map((key) => ({ ...key, hasIndex: !isIndexed(table, key) }));
  return replaceTable(schema, table, { ...table, foreignKeys });
}
