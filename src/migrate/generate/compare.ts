import type { SchemaDialect } from "../../dialect/schema/dialect";
import {
  type Column,
  type EnumType,
  type ForeignKey,
  type Index,
  type PrimaryKey,
  type Schema,
  type Table,
  type View,
  findTable,
  keyOf,
} from "../../dialect/schema/model";
import { viewsInOrder } from "../../dialect/schema/view-order";
import type { ChangeEnum, Operation, Constraint } from "../../dialect/schema/operation";

/** The constraints and indexes of a table as one list. */
export function constraintsOf(table: Table): Constraint[] {
  return [
    ...table.indexes.map((value): Constraint => ({ kind: "index", value })),
    ...table.uniques.map((value): Constraint => ({ kind: "unique", value })),
    ...table.checks.map((value): Constraint => ({ kind: "check", value })),
    ...table.exclusions.map((value): Constraint => ({ kind: "exclusion", value })),
    ...table.foreignKeys.map((value): Constraint => ({ kind: "foreignKey", value })),
  ];
}

/** The operations that make the one schema the other, in an order in which they can be executed. Renames are resolved before. */
export function compare(actual: Schema, wanted: Schema, dialect: SchemaDialect): Operation[] {
  const created = wanted.tables.filter((table) => !findTable(actual, table));
  const dropped = actual.tables.filter((table) => !findTable(wanted, table));
  const kept = wanted.tables.flatMap((table) => {
    const before = findTable(actual, table);
    return before ? [{ before, after: table }] : [];
  });
  const constraints = kept.flatMap(({ before, after }) => compareConstraints(before, after, dialect));
  const views = compareViews(actual, wanted, dialect);
  const enums = compareEnums(actual, wanted);
  const tables = kept.flatMap(({ before, after }) => compareTables(before, after, dialect));
  const defaults = splitDefaults(tables, enums.changed);
  return [
    ...views.dropped,
    ...constraints.filter((operation) => operation.kind !== "addConstraint").sort(byWeight),
    ...defaults.after.filter(isKeyRename),
    ...enums.created,
    ...defaults.before,
    ...enums.changed,
    ...inDependencyOrder(created).map((table): Operation => ({ kind: "createTable", table })),
    ...defaults.after.filter((operation) => !isKeyRename(operation)),
    ...constraints.filter((operation) => operation.kind === "addConstraint").sort((a, b) => byWeight(b, a)),
    ...inDependencyOrder(dropped)
      .reverse()
      .map((table): Operation => ({ kind: "dropTable", table })),
    ...enums.dropped,
    ...views.created,
  ];
}

/** A primary key that gets another name frees its own for a new table. */
function isKeyRename(operation: Operation): boolean {
  return (
    operation.kind === "changePrimaryKey" &&
    operation.before?.columns.join("\0") === operation.after?.columns.join("\0")
  );
}

interface EnumChanges {
  readonly created: readonly Operation[];
  readonly changed: readonly ChangeEnum[];
  readonly dropped: readonly Operation[];
}

function compareEnums(actual: Schema, wanted: Schema): EnumChanges {
  const find = (schema: Schema, type: EnumType) => schema.enums.find((other) => keyOf(other) === keyOf(type));
  const changed = wanted.enums.flatMap((type): ChangeEnum[] => {
    const before = find(actual, type);
    if (!before || before.values.join("\0") === type.values.join("\0")) return [];
    return [
      { kind: "changeEnum", name: { schema: type.schema, name: type.name }, before: before.values, after: type.values },
    ];
  });
  return {
    created: wanted.enums
      .filter((type) => !find(actual, type))
      .map((type): Operation => ({ kind: "createEnum", type })),
    changed,
    dropped: actual.enums.filter((type) => !find(wanted, type)).map((type): Operation => ({ kind: "dropEnum", type })),
  };
}

/** A default cannot be changed together with the values of its enum: the old one goes before, the new one comes after. */
function splitDefaults(
  operations: readonly Operation[],
  changed: readonly ChangeEnum[],
): { before: Operation[]; after: Operation[] } {
  const before: Operation[] = [];
  const after = operations.map((operation): Operation => {
    if (operation.kind !== "alterColumn" || operation.before.default === operation.after.default) return operation;
    const { enumType } = operation.before;
    const isChanging = enumType && changed.some(({ name }) => keyOf(name) === keyOf(enumType));
    if (!isChanging || operation.before.default === undefined) return operation;
    const bare = { ...operation.before, default: undefined };
    before.push({ kind: "alterColumn", table: operation.table, before: operation.before, after: bare });
    return { ...operation, before: bare };
  });
  return { before, after };
}

/** Foreign keys and indexes are dropped first and created last: they depend on other constraints. */
function byWeight(a: Operation, b: Operation): number {
  return weight(a) - weight(b);
}

function weight(operation: Operation): number {
  if (operation.kind === "renameConstraint") return 3;
  if (operation.kind !== "addConstraint" && operation.kind !== "dropConstraint") return 4;
  return { index: 1, foreignKey: 0, check: 2, exclusion: 2, unique: 2 }[operation.constraint.kind];
}

/** Referenced tables first, as far as that is possible. */
export function inDependencyOrder(tables: readonly Table[]): Table[] {
  const ordered: Table[] = [];
  const visiting = new Set<string>();
  const visit = (table: Table) => {
    if (visiting.has(keyOf(table))) return;
    visiting.add(keyOf(table));
    for (const key of table.foreignKeys) {
      const target = tables.find((other) => keyOf(other) === keyOf(key.references));
      if (target) visit(target);
    }
    ordered.push(table);
  };
  tables.forEach(visit);
  return ordered;
}

function compareTables(before: Table, after: Table, dialect: SchemaDialect): Operation[] {
  const table = { schema: after.schema, name: after.name };
  const operations: Operation[] = [];
  if (
    before.comment !== after.comment ||
    before.engine !== after.engine ||
    before.withoutRowid !== after.withoutRowid
  ) {
    const traits = ({ comment, engine, withoutRowid }: Table) => ({ comment, engine, withoutRowid });
    operations.push({ kind: "changeTable", table, before: traits(before), after: traits(after) });
  }
  // Generated columns are dropped before, and added after, the columns that they use.
  for (const column of [...before.columns].sort((a, b) => Number(!a.generated) - Number(!b.generated)))
    if (!after.columns.some(({ name }) => name === column.name))
      operations.push({ kind: "dropColumn", table, column, position: before.columns.indexOf(column) });
  for (const column of [...after.columns].sort((a, b) => Number(!!a.generated) - Number(!!b.generated))) {
    const old = before.columns.find(({ name }) => name === column.name);
    if (!old) operations.push({ kind: "addColumn", table, column });
    else if (!isSameColumn(old, column, before, dialect))
      operations.push({ kind: "alterColumn", table, before: old, after: column });
  }
  if (!isSameKey(before.primaryKey, after.primaryKey))
    operations.push({ kind: "changePrimaryKey", table, before: before.primaryKey, after: after.primaryKey });
  return operations;
}

/** Whether the column needs no change. */
function isSameColumn(a: Column, b: Column, table: Table, dialect: SchemaDialect): boolean {
  const equal = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined ? one === other : dialect.sameExpression(one, other);
  return (
    isSameType(a, b, table, dialect) &&
    a.nullable === b.nullable &&
    equal(a.default, b.default) &&
    equal(a.generated?.expression, b.generated?.expression) &&
    a.generated?.stored === b.generated?.stored &&
    a.increment === b.increment &&
    a.collation === b.collation &&
    a.charset === b.charset &&
    a.comment === b.comment &&
    equal(a.onUpdate, b.onUpdate) &&
    a.values?.join("\0") === b.values?.join("\0")
  );
}

function isSameType(a: Column, b: Column, table: Table, dialect: SchemaDialect): boolean {
  if (!a.enumType || !b.enumType) return !a.enumType === !b.enumType && dialect.sameType(a.type, b.type, table);
  return keyOf(a.enumType) === keyOf(b.enumType) && a.type.endsWith("[]") === b.type.endsWith("[]");
}

function isSameKey(a: PrimaryKey | undefined, b: PrimaryKey | undefined): boolean {
  return a?.columns.join("\0") === b?.columns.join("\0") && a?.name === b?.name;
}

function compareConstraints(before: Table, after: Table, dialect: SchemaDialect): Operation[] {
  const table = { schema: after.schema, name: after.name };
  const operations: Operation[] = [];
  const left = constraintsOf(before);
  const wanted = constraintsOf(after).filter((constraint) => {
    const at = left.findIndex(
      (other) => isSameName(other, constraint, dialect) && isSameConstraint(other, constraint, dialect),
    );
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
  for (const constraint of wanted) {
    // The same under another name, unless that name is wanted for another constraint.
    const at = left.findIndex(
      (other) =>
        isSameConstraint(other, constraint, dialect) &&
        !wanted.some((one) => one !== constraint && isSameName(one, other, dialect)),
    );
    if (at === -1) operations.push({ kind: "addConstraint", table, constraint });
    else operations.push({ kind: "renameConstraint", table, before: left.splice(at, 1)[0]!, after: constraint });
  }
  return [...left.map((constraint): Operation => ({ kind: "dropConstraint", table, constraint })), ...operations];
}

export function isSameName(a: Constraint, b: Constraint, dialect: SchemaDialect): boolean {
  if (a.kind !== b.kind) return false;
  const [one, other] = [a.value.name, b.value.name];
  return one === undefined || other === undefined ? one === other : dialect.sameName(one, other);
}

/** Whether two constraints are the same except for their names. */
export function isSameConstraint(a: Constraint, b: Constraint, dialect: SchemaDialect): boolean {
  const equal = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined ? one === other : dialect.sameExpression(one, other);
  if (a.kind === "index" && b.kind === "index") return isSameIndex(a.value, b.value, equal);
  if (a.kind === "unique" && b.kind === "unique")
    return a.value.columns.join("\0") === b.value.columns.join("\0") && a.value.deferrable === b.value.deferrable;
  if (a.kind === "check" && b.kind === "check") return equal(a.value.expression, b.value.expression);
  if (a.kind === "exclusion" && b.kind === "exclusion")
    return equal(a.value.expression, b.value.expression) && a.value.deferrable === b.value.deferrable;
  return a.kind === "foreignKey" && b.kind === "foreignKey" && isSameForeignKey(a.value, b.value, dialect);
}

function isSameIndex(a: Index, b: Index, equal: (a: string | undefined, b: string | undefined) => boolean): boolean {
  return (
    a.columns.length === b.columns.length &&
    a.columns.every((column, at) => {
      const other = b.columns[at]!;
      return (
        column.name === other.name &&
        equal(column.expression, other.expression) &&
        Boolean(column.descending) === Boolean(other.descending) &&
        column.collation === other.collation
      );
    }) &&
    a.unique === b.unique &&
    equal(a.where, b.where) &&
    a.kind === b.kind &&
    a.method === b.method &&
    a.isInvalid === b.isInvalid &&
    a.parser === b.parser
  );
}

function isSameForeignKey(a: ForeignKey, b: ForeignKey, dialect: SchemaDialect): boolean {
  return (
    a.columns.join("\0") === b.columns.join("\0") &&
    keyOf(a.references) === keyOf(b.references) &&
    a.referencedColumns.join("\0") === b.referencedColumns.join("\0") &&
    dialect.sameAction(a.onDelete, b.onDelete) &&
    dialect.sameAction(a.onUpdate, b.onUpdate) &&
    a.deferrable === b.deferrable
  );
}

function compareViews(
  actual: Schema,
  wanted: Schema,
  dialect: SchemaDialect,
): { dropped: Operation[]; created: Operation[] } {
  const find = (schema: Schema, view: View) => schema.views.find((other) => keyOf(other) === keyOf(view));
  const isSame = (a: View, b: View) =>
    a.materialized === b.materialized && dialect.sameExpression(a.definition, b.definition);
  const changed = (from: Schema, to: Schema) =>
    viewsInOrder(from.views, dialect).filter((view) => {
      const other = find(to, view);
      return !other || !isSame(view, other);
    });
  return {
    dropped: changed(actual, wanted)
      .reverse()
      .map((view) => ({ kind: "dropView", view })),
    created: changed(wanted, actual).map((view) => ({ kind: "createView", view })),
  };
}
