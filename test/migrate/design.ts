import fc from "fast-check";
import { EntitySchema, type EntitySchemaOptions } from "typeorm";

/** A schema as a plain object, from which entities are made: two of them are a pair for the round trip. */
export interface Design {
  tables: DesignTable[];
  views: { name: string; table: string; columns: string[] }[];
}

export interface DesignTable {
  /** Stays when the name does not. */
  id: number;
  name: string;
  columns: DesignColumn[];
  indexes: { columns: string[]; unique: boolean; where?: string | undefined }[];
  uniques: string[][];
  checks: string[];
  /** Many-to-one. */
  references: DesignReference[];
  /** Many-to-many, owned here. */
  links: { property: string; target: string }[];
  compositeKey: boolean;
  withoutRowid: boolean;
}

export interface DesignReference {
  property: string;
  target: string;
  onDelete: "CASCADE" | "SET NULL" | "RESTRICT" | "NO ACTION";
  deferrable?: "INITIALLY DEFERRED" | undefined;
  oneToOne: boolean;
}

export interface DesignColumn {
  /** Stays when the name does not. */
  id: number;
  name: string;
  kind: keyof typeof KINDS;
  nullable: boolean;
  default: boolean;
  /** Which of the kind's variants. */
  variant: number;
  generated?: { of: string; stored: boolean } | undefined;
}

interface Kind {
  readonly types: readonly object[];
  readonly defaults: readonly unknown[];
  /** An SQL value for the nth row: another one in every row. */
  value(row: number): string;
}

export const ENUMS = [
  ["draft", "public"],
  ["draft", "public", "it's"],
  ["public", "draft", "back\\slash"],
];

export const KINDS = {
  text: {
    types: [{ type: "varchar" }, { type: "varchar", length: 40 }, { type: "text" }],
    defaults: ["it's", "", 'a "b" `c` ${d} \\n'],
    value: (row) => `'text ${row} it''s'`,
  },
  integer: {
    types: [{ type: "int" }, { type: "integer" }, { type: "bigint" }],
    defaults: [0, -7, () => "1 + 2"],
    value: (row) => String(row * 3),
  },
  real: {
    types: [{ type: "float" }, { type: "double" }, { type: "decimal", precision: 10, scale: 2 }],
    defaults: [0.5, "1.25", 0],
    value: (row) => `${row}.25`,
  },
  flag: {
    types: [{ type: "boolean" }, { type: Boolean }, { type: "boolean" }],
    defaults: [true, false, true],
    value: (row) => String(row % 2),
  },
  moment: {
    types: [{ type: "datetime" }, { type: Date }, { type: "date" }],
    defaults: [() => "CURRENT_TIMESTAMP", () => "datetime('now')", "2020-01-01"],
    value: (row) => `'2024-01-0${(row % 9) + 1}'`,
  },
  json: {
    types: [{ type: "simple-json" }, { type: "simple-array" }, { type: "json" }],
    defaults: ["{}", "a,b", '{"a":"it\'s"}'],
    value: (row) => `'[${row}]'`,
  },
  bytes: {
    types: [{ type: "blob" }, { type: "blob" }, { type: "blob" }],
    defaults: [() => "x'00ff'", () => "x'00ff'", () => "x''"],
    value: (row) => `x'0${row % 10}'`,
  },
  choice: {
    types: ENUMS.map((values) => ({ type: "simple-enum", enum: values })),
    defaults: ["draft", "it's", "public"],
    value: () => "'draft'",
  },
} as const satisfies Record<string, Kind>;

const NAMES = ["alpha", "beta", "gamma", "delta", "order", "Mixed", "with space", 'quo"te', "größe", "select"];
const TABLES = ["author", "Book", "order", "odd name", "tag"];

let lastId = 0;

function nextId(): number {
  return ++lastId;
}

/** One arbitrary schema. */
export function design(g: fc.GeneratorValue): Design {
  const names = some(g, TABLES, 1, 4);
  const tables = names.map((name) => tableOf(g, name, names));
  const views = g(fc.integer, { min: 0, max: 3 }) === 0 ? [viewOf(g, tables)] : [];
  return { tables, views };
}

export function tableOf(g: fc.GeneratorValue, name: string, names: readonly string[]): DesignTable {
  const own = some(g, NAMES, 1, 5);
  const plain = own.map((column) => columnOf(g, column));
  const compositeKey = g(fc.integer, { min: 0, max: 5 }) === 0;
  const result: DesignTable = {
    id: nextId(),
    name,
    columns: plain,
    indexes: [],
    uniques: [],
    checks: [],
    references: [],
    links: [],
    compositeKey,
    withoutRowid: compositeKey && g(fc.boolean),
  };
  for (const target of names) {
    const roll = g(fc.integer, { min: 0, max: 9 });
    if (roll < 3) result.references.push(referenceTo(g, target));
    if (roll === 3 && !compositeKey) result.links.push({ property: `links ${target}`, target });
  }
  addParts(g, result);
  return result;
}

export function columnOf(g: fc.GeneratorValue, name: string): DesignColumn {
  const kind = g(fc.constantFrom, ...(Object.keys(KINDS) as (keyof typeof KINDS)[]));
  return {
    id: nextId(),
    name,
    kind,
    nullable: g(fc.boolean),
    default: g(fc.boolean),
    variant: g(fc.integer, { min: 0, max: 2 }),
  };
}

export function referenceTo(g: fc.GeneratorValue, target: string): DesignReference {
  return {
    property: `to${target.replace(/\W/g, "")}${g(fc.integer, { min: 0, max: 1 })}`,
    target,
    onDelete: g(fc.constantFrom, "CASCADE", "SET NULL", "RESTRICT", "NO ACTION"),
    deferrable: g(fc.boolean) ? undefined : "INITIALLY DEFERRED",
    oneToOne: g(fc.integer, { min: 0, max: 4 }) === 0,
  };
}

/** Indexes, uniques, checks and generated columns over the columns that are there. */
export function addParts(g: fc.GeneratorValue, own: DesignTable): void {
  const names = own.columns.filter((column) => !column.generated).map((column) => column.name);
  if (g(fc.boolean)) {
    const columns = some(g, names, 1, 2);
    own.indexes.push({
      columns,
      unique: false,
      where: g(fc.boolean) ? undefined : `${quoted(columns[0]!)} IS NOT NULL`,
    });
  }
  const distinct = own.columns
    .filter(({ kind, generated }) => !generated && ["text", "integer", "real"].includes(kind))
    .map(({ name }) => name);
  if (distinct.length > 0 && g(fc.integer, { min: 0, max: 2 }) === 0) own.uniques.push([distinct[0]!]);
  if (distinct.length > 1 && g(fc.integer, { min: 0, max: 2 }) === 0) own.uniques.push([distinct[1]!, distinct[0]!]);
  if (g(fc.integer, { min: 0, max: 2 }) === 0) own.checks.push(checkOver(g, names[0]!));
  const numbers = own.columns.filter(({ kind, generated }) => !generated && kind === "integer");
  if (numbers.length > 0 && g(fc.integer, { min: 0, max: 2 }) === 0 && !own.columns.some(({ name }) => name === "sum"))
    own.columns.push({
      id: nextId(),
      name: "sum",
      kind: "integer",
      nullable: true,
      default: false,
      variant: 0,
      generated: { of: numbers[0]!.name, stored: g(fc.boolean) },
    });
}

function checkOver(g: fc.GeneratorValue, name: string): string {
  const column = quoted(name);
  return g(
    fc.constantFrom,
    `${column} <> 'never, (ever'`,
    `max(abs(1),abs(2)) < 10 AND ${column} IS NOT 'x'`,
    `${column} IS NULL\n  OR length(${column}) < 1000`,
  );
}

export function viewOf(g: fc.GeneratorValue, tables: readonly DesignTable[]): Design["views"][number] {
  const own = pick(g, tables);
  const names = own.columns.map((column) => column.name);
  return { name: "overview", table: own.name, columns: some(g, names, 1, 2) };
}

/** Some of the values, none of them twice. */
function some(g: fc.GeneratorValue, values: readonly string[], least: number, most: number): string[] {
  const limits = { minLength: Math.min(least, values.length), maxLength: most };
  const places = g(() => fc.uniqueArray(fc.integer({ min: 0, max: values.length - 1 }), limits));
  return places.map((at) => values[at]!);
}

/** One of the objects. Not by constantFrom: for objects that look alike fast-check gives those of an earlier call. */
export function pick<T>(g: fc.GeneratorValue, values: readonly T[]): T {
  return values[g(fc.integer, { min: 0, max: values.length - 1 })]!;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The entities that ask for this design. */
export function entitiesOf(design: Design): EntitySchema[] {
  return [...design.tables.map((one) => tableEntity(one)), ...design.views.map(viewEntity)];
}

/** Key columns of a table: what a foreign key to it is made of. */
export function keyOf(own: DesignTable): string[] {
  return own.compositeKey ? ["id", "part"] : ["id"];
}

function tableEntity(own: DesignTable): EntitySchema {
  const columns: Record<string, object> = own.compositeKey
    ? { id: { type: "int", primary: true }, part: { type: "int", primary: true } }
    : { id: { type: "int", primary: true, generated: "increment" } };
  for (const column of own.columns) columns[column.name] = columnOptions(column);
  const relations: Record<string, object> = {};
  for (const { property, target, onDelete, deferrable, oneToOne } of own.references)
    relations[property] = {
      type: oneToOne ? "one-to-one" : "many-to-one",
      target,
      nullable: true,
      onDelete,
      deferrable,
      joinColumn: true,
    };
  for (const { property, target } of own.links) relations[property] = { type: "many-to-many", target, joinTable: true };
  return new EntitySchema({
    name: own.name,
    tableName: own.name,
    withoutRowid: own.withoutRowid,
    columns,
    relations,
    indices: own.indexes.map(({ columns, unique, where }) => ({ columns, unique, where })),
    uniques: own.uniques.map((columns) => ({ columns })),
    checks: own.checks.map((expression) => ({ expression })),
  } as unknown as EntitySchemaOptions<object>);
}

function columnOptions(column: DesignColumn): object {
  if (column.generated)
    return {
      type: "int",
      nullable: true,
      asExpression: `${quoted(column.generated.of)} + 1`,
      generatedType: column.generated.stored ? "STORED" : "VIRTUAL",
    };
  const { types, defaults } = KINDS[column.kind];
  return {
    ...types[column.variant],
    nullable: column.nullable,
    ...(column.default && { default: usable(column, defaults) }),
  };
}

/** An enum's default must be one of its values. */
function usable(column: DesignColumn, defaults: readonly unknown[]): unknown {
  return column.kind === "choice" ? ENUMS[column.variant]![0] : defaults[column.variant];
}

function viewEntity({ name, table, columns }: Design["views"][number]): EntitySchema {
  const list = columns.map((column) => `${quoted(column)} AS ${quoted(column)}`).join(", ");
  return new EntitySchema({
    name,
    tableName: name,
    type: "view",
    expression: `SELECT ${list} FROM ${quoted(table)}`,
    columns: Object.fromEntries(columns.map((column) => [column, { type: "text" }])),
  } as unknown as EntitySchemaOptions<object>);
}
