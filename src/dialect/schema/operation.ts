import {
  type Check,
  type Column,
  type EnumType,
  type Exclusion,
  type ForeignKey,
  type Index,
  type ObjectName,
  type PrimaryKey,
  type Schema,
  type Table,
  type Unique,
  type View,
  findTable,
  isSameObject,
  replaceTable,
} from "./model";

/** A constraint or an index of a table: what can be added, dropped and renamed without touching the rows. */
export type Constraint =
  | { readonly kind: "index"; readonly value: Index }
  | { readonly kind: "unique"; readonly value: Unique }
  | { readonly kind: "check"; readonly value: Check }
  | { readonly kind: "exclusion"; readonly value: Exclusion }
  | { readonly kind: "foreignKey"; readonly value: ForeignKey };

/**
 * One change of a schema, as data. Every operation contains what is needed to undo it, and names tables and columns
 * as they are named at its position in the list.
 */
export type Operation =
  | { readonly kind: "createTable"; readonly table: Table }
  | { readonly kind: "dropTable"; readonly table: Table; readonly rows?: number | undefined }
  | { readonly kind: "renameTable"; readonly from: ObjectName; readonly to: ObjectName }
  | {
      readonly kind: "changeTable";
      readonly before: TableTraits;
      readonly after: TableTraits;
      readonly table: ObjectName;
    }
  | AddColumn
  | DropColumn
  | { readonly kind: "renameColumn"; readonly table: ObjectName; readonly from: string; readonly to: string }
  | AlterColumn
  | ChangePrimaryKey
  | { readonly kind: "addConstraint"; readonly table: ObjectName; readonly constraint: Constraint }
  | { readonly kind: "dropConstraint"; readonly table: ObjectName; readonly constraint: Constraint }
  | {
      readonly kind: "renameConstraint";
      readonly table: ObjectName;
      readonly before: Constraint;
      readonly after: Constraint;
    }
  | { readonly kind: "createEnum"; readonly type: EnumType }
  | { readonly kind: "dropEnum"; readonly type: EnumType }
  | ChangeEnum
  | { readonly kind: "renameEnum"; readonly from: ObjectName; readonly to: ObjectName }
  | { readonly kind: "createView"; readonly view: View }
  | { readonly kind: "dropView"; readonly view: View };

export type Rename = Extract<Operation, { kind: "renameTable" | "renameColumn" }>;

/** Properties of a table that can change without its columns. */
export type TableTraits = Pick<Table, "comment" | "engine" | "withoutRowid">;

export interface AddColumn {
  readonly kind: "addColumn";
  readonly table: ObjectName;
  readonly column: Column;
  /** The SQL value for existing rows. */
  readonly backfill?: string | undefined;
  /** The position of the column before it was dropped, so that undoing restores it. */
  readonly position?: number | undefined;
}

export interface DropColumn {
  readonly kind: "dropColumn";
  readonly table: ObjectName;
  readonly column: Column;
  readonly position?: number | undefined;
  /** The SQL value for existing rows when the drop is undone and the column is NOT NULL. */
  readonly backfill?: string | undefined;
}

export interface AlterColumn {
  readonly kind: "alterColumn";
  readonly table: ObjectName;
  readonly before: Column;
  readonly after: Column;
  /** The SQL value that replaces NULL. */
  readonly backfill?: string | undefined;
  /** Old enum value → new one, for values that were renamed or removed. */
  readonly replaced?: Readonly<Record<string, string>> | undefined;
  /** Whether values that do not fit the new type may be truncated; it has been confirmed. */
  readonly narrowing?: boolean | undefined;
  /** The SQL value for values that cannot be converted to the new type, NULL included; it has been confirmed. */
  readonly unfit?: string | undefined;
}

export interface ChangePrimaryKey {
  readonly kind: "changePrimaryKey";
  readonly table: ObjectName;
  readonly before: PrimaryKey | undefined;
  readonly after: PrimaryKey | undefined;
}

export interface ChangeEnum {
  readonly kind: "changeEnum";
  readonly name: ObjectName;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Old value → new one, for values that were renamed or removed. */
  readonly replaced?: Readonly<Record<string, string>> | undefined;
  /** Values that are taken out of arrays. */
  readonly removed?: readonly string[] | undefined;
}

/** The operation that undoes this one. It does not restore rows and values; see `losses`. */
export function reverse(operation: Operation): Operation {
  switch (operation.kind) {
    case "createTable":
      return { kind: "dropTable", table: operation.table };
    case "dropTable":
      return { kind: "createTable", table: operation.table };
    case "renameTable":
      return { ...operation, from: operation.to, to: operation.from };
    case "changeTable":
      return { ...operation, before: operation.after, after: operation.before };
    case "addColumn":
      return { ...operation, kind: "dropColumn" };
    case "dropColumn":
      return { ...operation, kind: "addColumn" };
    case "renameColumn":
      return { ...operation, from: operation.to, to: operation.from };
    case "alterColumn":
      return {
        kind: "alterColumn",
        table: operation.table,
        before: operation.after,
        after: operation.before,
        replaced: reversed(operation.replaced, operation.before.values),
      };
    case "changePrimaryKey":
      return { ...operation, before: operation.after, after: operation.before };
    case "addConstraint":
      return { ...operation, kind: "dropConstraint" };
    case "dropConstraint":
      return { ...operation, kind: "addConstraint" };
    case "renameConstraint":
      return { ...operation, before: operation.after, after: operation.before };
    case "createEnum":
      return { ...operation, kind: "dropEnum" };
    case "dropEnum":
      return { ...operation, kind: "createEnum" };
    case "changeEnum":
      return {
        ...operation,
        before: operation.after,
        after: operation.before,
        replaced: reversed(operation.replaced, operation.before),
        removed: undefined,
      };
    case "renameEnum":
      return { ...operation, from: operation.to, to: operation.from };
    case "createView":
      return { ...operation, kind: "dropView" };
    case "dropView":
      return { ...operation, kind: "createView" };
  }
}

/** The whole list undone, last operation first. */
export function reverseAll(operations: readonly Operation[]): Operation[] {
  return operations.map(reverse).reverse();
}

/** The replacements to undo: of values that did not exist before, since others cannot be told from original values. */
function reversed(
  replaced: Readonly<Record<string, string>> | undefined,
  before: readonly string[] | undefined,
): Record<string, string> | undefined {
  if (!replaced) return undefined;
  const pairs = Object.entries(replaced).map(([old, value]) => [value, old] as const);
  const single = pairs.filter(([value], at) => pairs.findIndex(([other]) => other === value) === at);
  const kept = single.filter(([value]) => !before?.includes(value));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** The schema after the operation. Statements that the database stores do not change here; the dialect does that. */
export function apply(schema: Schema, operation: Operation): Schema {
  switch (operation.kind) {
    case "createTable":
      return { ...schema, tables: [...schema.tables, operation.table] };
    case "dropTable":
      return replaceTable(schema, operation.table, undefined);
    case "renameTable":
      return renameTable(schema, operation.from, operation.to);
    case "changeTable":
      return change(schema, operation.table, (table) => ({ ...table, ...operation.after }));
    case "addColumn":
      return change(schema, operation.table, (table) => ({
        ...table,
        columns: inserted(table.columns, operation.column, operation.position),
      }));
    case "dropColumn":
      return change(schema, operation.table, (table) => ({
        ...table,
        columns: table.columns.filter((column) => column.name !== operation.column.name),
      }));
    case "renameColumn":
      return renameColumn(schema, operation.table, operation.from, operation.to);
    case "alterColumn":
      return change(schema, operation.table, (table) => ({
        ...table,
        columns: table.columns.map((column) => (column.name === operation.before.name ? operation.after : column)),
      }));
    case "changePrimaryKey":
      return change(schema, operation.table, (table) => ({ ...table, primaryKey: operation.after }));
    case "addConstraint":
      return change(schema, operation.table, (table) => withConstraint(table, operation.constraint));
    case "dropConstraint":
      return change(schema, operation.table, (table) => withoutConstraint(table, operation.constraint));
    case "renameConstraint":
      return change(schema, operation.table, (table) =>
        withConstraint(withoutConstraint(table, operation.before), operation.after),
      );
    case "createEnum":
      return { ...schema, enums: [...schema.enums, operation.type] };
    case "dropEnum":
      return { ...schema, enums: schema.enums.filter((type) => !isSameObject(type, operation.type)) };
    case "changeEnum":
      return {
        ...schema,
        enums: schema.enums.map((type) =>
          isSameObject(type, operation.name) ? { ...type, values: operation.after } : type,
        ),
      };
    case "renameEnum":
      return renameEnum(schema, operation.from, operation.to);
    case "createView":
      return { ...schema, views: [...schema.views, operation.view] };
    case "dropView":
      return { ...schema, views: schema.views.filter((view) => !isSameObject(view, operation.view)) };
  }
}

function change(schema: Schema, name: ObjectName, edit: (table: Table) => Table): Schema {
  const table = findTable(schema, name);
  return table ? replaceTable(schema, name, edit(table)) : schema;
}

function inserted(columns: readonly Column[], column: Column, position: number | undefined): Column[] {
  const all = [...columns];
  all.splice(position ?? all.length, 0, column);
  return all;
}

const lists = {
  index: "indexes",
  unique: "uniques",
  check: "checks",
  exclusion: "exclusions",
  foreignKey: "foreignKeys",
} as const;

function withConstraint(table: Table, constraint: Constraint): Table {
  const list = lists[constraint.kind];
  return { ...table, [list]: [...table[list], constraint.value] };
}

function withoutConstraint(table: Table, constraint: Constraint): Table {
  const list = lists[constraint.kind];
  const gone = JSON.stringify(constraint.value);
  return {
    ...table,
    [list]: (table[list] as readonly { name?: string | undefined }[]).filter((value) =>
      constraint.value.name === undefined ? JSON.stringify(value) !== gone : value.name !== constraint.value.name,
    ),
  };
}

function renameTable(schema: Schema, from: ObjectName, to: ObjectName): Schema {
  const name = { schema: to.schema, name: to.name };
  const tables = schema.tables.map((table) => ({
    ...table,
    ...(isSameObject(table, from) ? name : {}),
    foreignKeys: table.foreignKeys.map((key) =>
      isSameObject(key.references, from) ? { ...key, references: name } : key,
    ),
  }));
  return { ...schema, tables };
}

function renameColumn(schema: Schema, name: ObjectName, from: string, to: string): Schema {
  const renamed = (columns: readonly string[]) => columns.map((column) => (column === from ? to : column));
  const tables = schema.tables.map((table) => {
    const foreignKeys = table.foreignKeys.map((key) => ({
      ...key,
      columns: isSameObject(table, name) ? renamed(key.columns) : key.columns,
      referencedColumns: isSameObject(key.references, name) ? renamed(key.referencedColumns) : key.referencedColumns,
    }));
    if (!isSameObject(table, name)) return { ...table, foreignKeys };
    return {
      ...table,
      foreignKeys,
      columns: table.columns.map((column) => (column.name === from ? { ...column, name: to } : column)),
      primaryKey: table.primaryKey && { ...table.primaryKey, columns: renamed(table.primaryKey.columns) },
      uniques: table.uniques.map((unique) => ({ ...unique, columns: renamed(unique.columns) })),
      indexes: table.indexes.map((index) => ({
        ...index,
        columns: index.columns.map((column) => (column.name === from ? { ...column, name: to } : column)),
      })),
    };
  });
  return { ...schema, tables };
}

function renameEnum(schema: Schema, from: ObjectName, to: ObjectName): Schema {
  const bare = (text: string) => (/^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`);
  const again = (text: string) => text.replaceAll(bare(from.name), () => bare(to.name));
  const name = { schema: to.schema, name: to.name };
  const tables = schema.tables.map((table) => ({
    ...table,
    columns: table.columns.map((column) =>
      column.enumType && isSameObject(column.enumType, from)
        ? { ...column, enumType: name, type: again(column.type), default: column.default && again(column.default) }
        : column,
    ),
  }));
  return {
    ...schema,
    tables,
    enums: schema.enums.map((type) => (isSameObject(type, from) ? { ...type, ...name } : type)),
  };
}
