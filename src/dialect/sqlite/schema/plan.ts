import { deleteView, insertView, renameColumns, updateColumns } from "../../schema/typeorm-metadata";
import type { Plan, RebuildTable, Statement, Step } from "../../schema/dialect";
import type { Column, ForeignKey, ObjectName, Schema, Table } from "../../schema/model";
import { displayName, findColumn, findTable, replaceTable } from "../../schema/model";
import type { AddColumn, AlterColumn, Constraint, Operation, Rename } from "../../schema/operation";
import { apply } from "../../schema/operation";
import { quotedText } from "../../literals";
import { isTrivia, mentions, normalized, renamedIn, tokenize } from "../../schema/tokens";
import { describeWithin } from "../../schema/describe";
import { sql, stepOf } from "../../schema/step";
import { clauses, metadataTable, columnDefinition, createIndex, createTable, createView, quote } from "./create";
import * as edit from "./edit";
import { readIndex, tableFrom } from "./read";

/** What changes the definition of a table, and may need it rebuilt. */
type Structural = Extract<
  Operation,
  {
    kind:
      | "changeTable"
      | "addColumn"
      | "dropColumn"
      | "alterColumn"
      | "changePrimaryKey"
      | "addConstraint"
      | "dropConstraint"
      | "renameConstraint";
  }
>;

type IndexOperation = Extract<Operation, { kind: "addConstraint" | "dropConstraint" | "renameConstraint" }>;

/**
 * The statements for SQLite. All changes of one table's definition are one step: ADD and DROP COLUMN where these
 * suffice, otherwise one rebuild. Renames are left to ALTER TABLE, which rewrites views, triggers and foreign keys
 * too.
 */
export function plan(from: Schema, operations: readonly Operation[], to?: Schema): Plan {
  const planner = new Planner(from, operations, to);
  for (const [at, operation] of operations.entries()) planner.add(operation, at);
  return { steps: planner.steps, schema: planner.schema };
}

class Planner {
  readonly steps: Step[] = [];
  schema: Schema;
  readonly #operations: readonly Operation[];
  readonly #to: Schema | undefined;
  readonly #done = new Set<Operation>();

  constructor(from: Schema, operations: readonly Operation[], to: Schema | undefined) {
    this.schema = from;
    this.#operations = operations;
    this.#to = to;
  }

  add(operation: Operation, at: number): void {
    if (this.#done.has(operation)) return;
    switch (operation.kind) {
      case "createTable":
        return this.#create(operation.table, operation);
      case "dropTable":
        return this.#step(operation, [
          sql(`DROP TABLE ${quote(operation.table.name)}`),
          ...metadataStatements(operation.table, undefined),
        ]);
      case "renameTable":
      case "renameColumn":
        return this.#rename(operation);
      case "createView":
        return this.#step(operation, [
          sql(createView(operation.view), operation.view.stored !== undefined),
          ...insertView(metadataTable, operation.view).map((text) => sql(text)),
        ]);
      case "dropView":
        return this.#step(operation, [
          sql(`DROP VIEW ${quote(operation.view.name)}`),
          ...deleteView(metadataTable, operation.view).map((text) => sql(text)),
        ]);
      case "addConstraint":
      case "dropConstraint":
      case "renameConstraint":
        if (isIndexOperation(operation)) return this.#index(operation);
        return this.#restructure(operation, at);
      case "changeTable":
      case "addColumn":
      case "dropColumn":
      case "alterColumn":
      case "changePrimaryKey":
        return this.#restructure(operation, at);
      default:
        throw new Error(`SQLite has no ${operation.kind}`);
    }
  }

  #step(operation: Operation, statements: Statement[]): void {
    this.steps.push(stepOf(operation, statements));
    this.schema = apply(this.schema, operation);
  }

  #create(table: Table, operation: Operation): void {
    const text = table.stored ?? createTable(table);
    this.#step(operation, [
      sql(text, table.stored !== undefined),
      ...table.indexes.map((index) => sql(createIndex(index, table.name), index.stored !== undefined)),
      ...table.triggers.map((trigger) => sql(trigger.sql, true)),
      ...metadataStatements(undefined, table),
    ]);
    this.schema = replaceTable(this.schema, table, { ...table, stored: text });
  }

  #index(operation: IndexOperation): void {
    const add = (constraint: Constraint) => indexStatement(constraint, operation.table);
    const drop = (constraint: Constraint) => sql(`DROP INDEX ${quote(constraint.value.name!)}`);
    if (operation.kind === "addConstraint") this.#step(operation, [add(operation.constraint)]);
    else if (operation.kind === "dropConstraint") this.#step(operation, [drop(operation.constraint)]);
    else this.#step(operation, [drop(operation.before), add(operation.after)]);
  }

  #rename(operation: Rename): void {
    const before = findTable(this.schema, operation.kind === "renameTable" ? operation.from : operation.table)!;
    this.schema = renamed(this.schema, operation);
    const after = findTable(this.schema, operation.kind === "renameTable" ? operation.to : operation.table)!;
    const rows = renameColumns(metadataTable, before, after).map((text) => sql(text));
    this.steps.push(stepOf(operation, [sql(renameStatement(operation)), ...rows]));
  }

  /** All changes of this table's definition, in one step. */
  #restructure(first: Structural, at: number): void {
    const { structural, renames, unindexed } = this.#restOf(first, at);
    // A rebuild creates the existing indexes again, so those to be dropped are dropped first.
    for (const operation of unindexed) this.#index(operation);
    for (const operation of [...structural, ...unindexed]) this.#done.add(operation);
    const table = findTable(this.schema, first.table);
    if (!table) throw new Error(`no table ${displayName(first.table)} to change`);
    let schema = this.schema;
    for (const operation of structural) schema = editStored(schema, operation);
    const after = findTable(schema, first.table)!;
    const details = structural.map(describeWithin);
    const original = this.#originalStatement(table, renames);
    const native = nativeChange(table, structural, this.schema);
    // Undoing a migration restores the stored statement: a key among the table's constraints stands there again.
    if (native && (original === undefined || normalized(native.stored) === normalized(original))) {
      this.steps.push({
        ...commentWith(displayName(table), details),
        statements: [...native.statements, ...metadataStatements(table, after)],
      });
      this.schema = replaceTable(schema, after, { ...after, stored: native.stored });
      return;
    }
    const definition = original ?? edit.onePerLine(after.stored!);
    const rebuild = rebuildOf(table, after, structural, definition);
    this.steps.push({
      ...commentWith(`Rebuild ${displayName(table)}`, details),
      statements: [rebuild, ...metadataStatements(table, after)],
    });
    this.schema = replaceTable(schema, after, { ...after, stored: definition });
  }

  /** The structural operations on the same table from here on, and the renames that come after, last first. */
  #restOf(first: Structural, at: number): { structural: Structural[]; renames: Rename[]; unindexed: IndexOperation[] } {
    let name: ObjectName = first.table;
    const structural: Structural[] = [];
    const renames: Rename[] = [];
    const unindexed: IndexOperation[] = [];
    for (const operation of this.#operations.slice(at)) {
      if (operation.kind === "renameTable" && isSame(operation.from, name)) {
        renames.unshift(operation);
        name = operation.to;
      } else if (operation.kind === "renameTable" || operation.kind === "renameColumn") renames.unshift(operation);
      else if (isStructural(operation) && isSame(operation.table, name)) structural.push(operation);
      else if (isIndexOperation(operation) && operation.kind === "dropConstraint" && isSame(operation.table, name))
        if (!this.#done.has(operation)) unindexed.push(operation);
    }
    return { structural, renames, unindexed };
  }

  /** Where a migration is inverse: the statement that was stored, as it must be before the renames that follow. */
  #originalStatement(table: Table, renames: readonly Rename[]): string | undefined {
    if (!this.#to) return undefined;
    let schema = this.#to;
    for (const rename of renames) schema = renamed(schema, inverse(rename));
    return findTable(schema, table)?.stored;
  }
}

/** Updates of the rows in `typeorm_metadata`. */
function metadataStatements(before: Table | undefined, after: Table | undefined): Statement[] {
  return updateColumns(metadataTable, before, after).map((text) => sql(text));
}

function indexStatement(constraint: Constraint, table: ObjectName): Statement {
  if (constraint.kind !== "index") throw new Error(`${constraint.kind} is not an index`);
  return sql(createIndex(constraint.value, table.name), constraint.value.stored !== undefined);
}

function inverse(rename: Rename): Rename {
  return { ...rename, from: rename.to, to: rename.from } as Rename;
}

function isSame(a: ObjectName, b: ObjectName): boolean {
  return a.name === b.name;
}

function isStructural(operation: Operation): operation is Structural {
  return (
    "table" in operation &&
    operation.kind !== "createTable" &&
    operation.kind !== "dropTable" &&
    operation.kind !== "renameColumn" &&
    !isIndexOperation(operation)
  );
}

function isIndexOperation(operation: Operation): operation is IndexOperation {
  if (operation.kind === "renameConstraint") return operation.before.kind === "index";
  return (
    (operation.kind === "addConstraint" || operation.kind === "dropConstraint") && operation.constraint.kind === "index"
  );
}

function renameStatement(operation: Rename): string {
  if (operation.kind === "renameTable")
    return `ALTER TABLE ${quote(operation.from.name)} RENAME TO ${quote(operation.to.name)}`;
  return `ALTER TABLE ${quote(operation.table.name)} RENAME COLUMN ${quote(operation.from)} TO ${quote(operation.to)}`;
}

/** The schema after a rename, with the stored statements as SQLite rewrites them. */
export function renamed(before: Schema, operation: Rename): Schema {
  const schema = apply(before, operation);
  const tables = schema.tables.map((table): Table => {
    if (table.stored === undefined) return table;
    const stored = renamedTable(table, operation);
    const own = isSame(table, operation.kind === "renameTable" ? operation.to : operation.table);
    const indexes = own
      ? table.indexes.map((index) =>
          index.stored ? readIndex(renamedIndex(index.stored, operation), index.name) : index,
        )
      : table.indexes;
    const read = tableFrom(stored);
    const columns = read.columns.map((column, at) => withRecord(column, table.columns[at]!));
    return { ...table, stored, indexes, columns, checks: read.checks };
  });
  return { ...schema, tables };
}

function withRecord(column: Column, before: Column): Column {
  if (!column.generated || !before.generated) return column;
  const { declared, recordedIn } = before.generated;
  return { ...column, generated: { ...column.generated, declared, recordedIn } };
}

function renamedTable(table: Table, operation: Rename): string {
  if (operation.kind === "renameTable") {
    if (isSame(table, operation.to)) return edit.withTableName(table.stored!, operation.from.name, operation.to.name);
    return edit.withReferenceTo(table.stored!, operation.from.name, operation.to.name);
  }
  if (isSame(table, operation.table)) return edit.withColumnName(table.stored!, operation.from, operation.to);
  return edit.withReferencedColumnName(table.stored!, operation.table.name, operation.from, operation.to);
}

function renamedIndex(text: string, operation: Rename): string {
  const tokens = tokenize(text);
  const on = tokens.findIndex((token) => token.kind === "word" && token.text.toUpperCase() === "ON");
  const table = tokens.findIndex((token, at) => at > on && !isTrivia(token));
  const head = tokens.slice(0, table).map((token) => token.text);
  const rest = tokens.slice(table + 1).map((token) => token.text);
  if (operation.kind === "renameTable") return [...head, quote(operation.to.name), ...rest].join("");
  return [...head, tokens[table]!.text, renamedIn(rest.join(""), operation.from, operation.to, quote)].join("");
}

/** The schema after a structural operation, the table's stored text included. */
function editStored(schema: Schema, operation: Structural): Schema {
  const before = findTable(schema, operation.table)!;
  const applied = apply(schema, operation);
  const after = findTable(applied, operation.table)!;
  return replaceTable(applied, after, { ...after, stored: edited(before, after, operation) });
}

function edited(before: Table, after: Table, operation: Structural): string {
  const text = before.stored ?? createTable(before);
  switch (operation.kind) {
    case "changeTable":
      return edit.withTraits(text, operation.before, operation.after);
    case "addColumn":
      return edit.withColumn(text, operation.column, operation.position);
    case "dropColumn":
      return edit.withoutColumn(text, operation.column.name);
    case "alterColumn":
      return edit.withColumnChanged(text, operation);
    case "changePrimaryKey":
      return edit.withPrimaryKey(text, operation.after, after.columns);
    case "addConstraint":
      return edit.withConstraint(text, operation.constraint);
    case "dropConstraint":
      return edit.withoutConstraint(text, operation.constraint);
    case "renameConstraint":
      return edit.withConstraintName(text, operation.before, operation.after);
  }
}

/** A change without a rebuild, and the stored text that SQLite makes of it. */
interface NativeChange {
  readonly statements: Statement[];
  readonly stored: string;
}

/** The statements that do it without a rebuild, when all of it can be done so. */
function nativeChange(table: Table, operations: readonly Structural[], schema: Schema): NativeChange | undefined {
  const added = operations.filter((operation): operation is AddColumn => operation.kind === "addColumn");
  const dropped = operations.filter((operation) => operation.kind === "dropColumn");
  const newKeys = keysOf(operations, "addConstraint");
  if (added.length > 0 && added.length + newKeys.length === operations.length)
    return addedNatively(table, added, newKeys);
  const oldKeys = keysOf(operations, "dropConstraint");
  const isDropOnly = dropped.length > 0 && dropped.length + oldKeys.length === operations.length;
  return isDropOnly
    ? droppedNatively(
        table,
        dropped.map(({ column }) => column.name),
        oldKeys,
        schema,
      )
    : undefined;
}

function droppedNatively(
  table: Table,
  names: readonly string[],
  keys: readonly ForeignKey[],
  schema: Schema,
): NativeChange | undefined {
  const bare = withoutKeys(table, keys);
  const areInline = keys.every(
    (key) => key.columns.length === 1 && names.includes(key.columns[0]!) && isInline(table, key),
  );
  if (!areInline || !names.every((name) => canDrop(bare, name, schema))) return undefined;
  return {
    statements: names.map((name) => sql(`ALTER TABLE ${quote(table.name)} DROP COLUMN ${quote(name)}`)),
    stored: names.reduce(edit.withoutColumn, table.stored!),
  };
}

function keysOf(operations: readonly Structural[], kind: "addConstraint" | "dropConstraint"): ForeignKey[] {
  return operations.flatMap((operation) =>
    operation.kind === kind && operation.constraint.kind === "foreignKey" ? [operation.constraint.value] : [],
  );
}

function addedNatively(
  table: Table,
  added: readonly AddColumn[],
  keys: readonly ForeignKey[],
): NativeChange | undefined {
  const statements: Statement[] = [];
  let stored = table.stored!;
  let last = table.columns.length;
  for (const { column, backfill, position } of added) {
    if (position !== undefined && position !== last++) return undefined;
    const own = keys.filter((key) => key.columns.length === 1 && key.columns[0] === column.name);
    if (!canAdd(column, backfill) || (own.length > 0 && column.default !== undefined)) return undefined;
    const references = own.map((key) => ` ${clauses.named(key)}${clauses.references(key)}`).join("");
    const definition = columnDefinition(column, false) + references;
    statements.push(sql(`ALTER TABLE ${quote(table.name)} ADD COLUMN ${definition}`));
    stored = edit.withColumnText(stored, definition);
  }
  const names = added.map(({ column }) => column.name);
  const areInline = keys.every((key) => key.columns.length === 1 && names.includes(key.columns[0]!));
  return areInline ? { statements, stored } : undefined;
}

/** ADD COLUMN takes constant defaults only, and NOT NULL only with one that is not NULL. */
function canAdd(column: Column, backfill: string | undefined): boolean {
  if (backfill !== undefined && backfill !== column.default) return false;
  if (column.generated) return !column.generated.stored && column.nullable;
  const constant = column.default === undefined || isConstant(column.default);
  const hasValue = column.default !== undefined && normalized(column.default) !== "null";
  return constant && (column.nullable || hasValue) && column.increment === undefined;
}

function isConstant(expression: string): boolean {
  const tokens = tokenize(expression).filter((token) => !isTrivia(token));
  const [first, second] = tokens;
  if (tokens.length === 1)
    return first!.kind === "string" || first!.kind === "number" || /^(null|true|false)$/i.test(first!.text);
  return tokens.length === 2 && /^[+-]$/.test(first!.text) && second!.kind === "number";
}

/** DROP COLUMN refuses a column that anything else in the table uses. */
function canDrop(table: Table, name: string, schema: Schema): boolean {
  const others = table.columns.filter((column) => column.name !== name);
  const expressions = [
    ...table.checks.map((check) => check.expression),
    ...others.flatMap((column) => (column.generated ? [column.generated.expression] : [])),
    ...table.indexes.flatMap((index) => [index.where ?? "", ...index.columns.map((column) => column.expression ?? "")]),
  ];
  const lists = [
    table.primaryKey?.columns ?? [],
    ...table.uniques.map((unique) => unique.columns),
    ...table.indexes.map((index) => index.columns.map((column) => column.name ?? "")),
    ...table.foreignKeys.map((key) => key.columns),
    ...schema.tables.flatMap((other) =>
      other.foreignKeys.filter((key) => isSame(key.references, table)).map((key) => key.referencedColumns),
    ),
  ];
  return (
    others.length > 0 && !lists.some((list) => list.includes(name)) && !expressions.some((text) => mentions(text, name))
  );
}

function withoutKeys(table: Table, keys: readonly ForeignKey[]): Table {
  return { ...table, foreignKeys: table.foreignKeys.filter((key) => !keys.some((gone) => gone.name === key.name)) };
}

/** Whether the key is part of the column's definition and is dropped with it. */
function isInline(table: Table, key: ForeignKey): boolean {
  const without = tableFrom(edit.withoutColumn(table.stored!, key.columns[0]!));
  return !without.foreignKeys.some((other) => other.columns.join() === key.columns.join());
}

function commentWith(what: string, details: readonly string[]): Pick<Step, "comment" | "details"> {
  return details.length === 1 ? { comment: `${what}: ${details[0]}` } : { comment: what, details };
}

function rebuildOf(before: Table, after: Table, operations: readonly Structural[], definition: string): RebuildTable {
  const values = after.columns.flatMap((column): [string, string][] => {
    if (column.generated) return [];
    const added = operations.find(
      (operation): operation is AddColumn => operation.kind === "addColumn" && operation.column.name === column.name,
    );
    if (added) return added.backfill === undefined ? [] : [[column.name, added.backfill]];
    const old = findColumn(before, column.name);
    return old ? [[column.name, valueOf(column.name, operations)]] : [];
  });
  return { kind: "rebuild", table: after.name, definition, values, twice: namesItself(before) };
}

/** Whether a check names its own table (`"user"."age" > 0`): then SQLite cannot rename the table. */
function namesItself(table: Table): boolean {
  const tokens = tokenize(table.stored!).filter((token) => !isTrivia(token));
  return tokens.some((token, at) => at > 3 && tokens[at + 1]?.text === "." && mentions(token.text, table.name));
}

function valueOf(name: string, operations: readonly Structural[]): string {
  const changes = operations.filter(
    (operation): operation is AlterColumn => operation.kind === "alterColumn" && operation.after.name === name,
  );
  let value = quote(name);
  for (const { before, replaced, backfill } of changes) {
    if (replaced && Object.keys(replaced).length > 0) {
      const cases = Object.entries(replaced).map(([old, other]) => `WHEN ${quotedText(old)} THEN ${quotedText(other)}`);
      value = `CASE ${value} ${cases.join(" ")} ELSE ${value} END`;
    }
    if (backfill !== undefined && before.nullable) value = `COALESCE(${value}, ${backfill})`;
  }
  return value;
}
