import type { Quoting } from "../../dialect/schema/tokens";
import { StatementReader } from "./statement-reader";

/** What a statement does to tables, as far as rows and keys are concerned. Names are as written, without quotes. */
export type Effect =
  | { readonly kind: "createTable"; readonly table: string; readonly definition: readonly RowConstraint[] }
  | { readonly kind: "dropTable"; readonly table: string }
  | { readonly kind: "renameTable"; readonly table: string; readonly to: string }
  | {
      readonly kind: "addColumn";
      readonly table: string;
      readonly column: string;
      readonly notNull: boolean;
      readonly hasDefault: boolean;
    }
  | { readonly kind: "dropColumn"; readonly table: string; readonly column: string }
  | { readonly kind: "renameColumn"; readonly table: string; readonly column: string; readonly to: string }
  | { readonly kind: "setNotNull"; readonly table: string; readonly column: string }
  | {
      readonly kind: "unique";
      readonly table: string;
      readonly columns: readonly string[];
      readonly where?: string | undefined;
    }
  | { readonly kind: "check"; readonly table: string; readonly expression: string }
  | ({ readonly kind: "foreignKey"; readonly table: string } & KeyTarget)
  /** Every row of one table is copied into another, column by column. */
  | {
      readonly kind: "copy";
      readonly into: string;
      readonly columns: readonly string[];
      readonly from: string;
      readonly values: readonly string[];
    }
  | { readonly kind: "deleteRows"; readonly table: string; readonly where?: string | undefined }
  /** Rows are inserted, or change in these columns; without columns in any. */
  | { readonly kind: "changeRows"; readonly table: string; readonly columns?: readonly string[] };

/** The columns of a foreign key. */
export interface KeyTarget {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
}

/** One constraint of a CREATE TABLE that the rows must meet. */
export type RowConstraint =
  | { readonly kind: "notNull"; readonly column: string }
  | { readonly kind: "unique"; readonly columns: readonly string[] }
  | { readonly kind: "check"; readonly expression: string }
  | ({ readonly kind: "foreignKey" } & KeyTarget);

/** The effects of a statement; none for a statement that is not known. */
export function effectsOf(sql: string, quoting: Quoting): Effect[] {
  const reader = new StatementReader(sql, quoting);
  if (reader.take("create")) return created(reader);
  if (reader.take("drop", "table")) return dropped(reader);
  if (reader.take("alter", "table")) return altered(reader);
  if (reader.take("insert")) return inserted(reader);
  if (reader.take("delete", "from")) {
    const table = reader.name();
    return [{ kind: "deleteRows", table, where: reader.take("where") ? reader.rest() : undefined }];
  }
  if (reader.take("truncate")) {
    reader.take("table");
    reader.take("only");
    return reader.list(() => ({ kind: "deleteRows", table: reader.name() }) as const);
  }
  if (reader.take("update")) return updated(reader);
  if (reader.take("rename", "table")) {
    return reader.list(() => {
      const table = reader.name();
      reader.take("to");
      return { kind: "renameTable", table, to: reader.name() } as const;
    });
  }
  return [];
}

function created(reader: StatementReader): Effect[] {
  const unique = reader.take("unique");
  if (reader.take("index")) return createdIndex(reader, unique);
  reader.take("temporary");
  reader.take("unlogged");
  if (!reader.take("table")) return [];
  reader.take("if", "not", "exists");
  const table = reader.name();
  const body = reader.group();
  return [{ kind: "createTable", table, definition: body === undefined ? [] : definitionParts(body, reader.quoting) }];
}

function createdIndex(reader: StatementReader, unique: boolean): Effect[] {
  reader.take("concurrently");
  reader.take("if", "not", "exists");
  if (!reader.is("on")) reader.name();
  reader.take("on");
  reader.take("only");
  const table = reader.name();
  if (reader.take("using")) reader.name();
  const columns = plainColumns(reader.group() ?? "", reader.quoting);
  const where = reader.skipTo("where") ? reader.rest() : undefined;
  // A unique index over expressions is not checked.
  return unique && columns ? [{ kind: "unique", table, columns, where }] : [];
}

function dropped(reader: StatementReader): Effect[] {
  reader.take("if", "exists");
  return reader.list(() => ({ kind: "dropTable", table: reader.name() }) as const);
}

function altered(reader: StatementReader): Effect[] {
  reader.take("if", "exists");
  reader.take("only");
  const table = reader.name();
  const effects: Effect[] = [];
  for (const action of reader.actions()) effects.push(...alteredBy(new StatementReader(action, reader.quoting), table));
  return effects;
}

function alteredBy(reader: StatementReader, table: string): Effect[] {
  if (reader.take("rename")) return renamed(reader, table);
  if (reader.take("add")) return added(reader, table);
  if (reader.take("drop")) {
    if (
      reader.take("constraint") ||
      reader.take("index") ||
      reader.take("key") ||
      reader.take("primary") ||
      reader.take("foreign") ||
      reader.take("check")
    )
      return [];
    reader.take("column");
    reader.take("if", "exists");
    return [{ kind: "dropColumn", table, column: reader.name() }];
  }
  if (reader.take("alter")) return alteredColumn(reader, table);
  if (reader.take("modify") || reader.is("change")) return redefined(reader, table);
  return [];
}

function renamed(reader: StatementReader, table: string): Effect[] {
  if (reader.take("constraint") || reader.take("index") || reader.take("key")) return [];
  if (reader.take("to") || reader.take("as")) return [{ kind: "renameTable", table, to: reader.name() }];
  reader.take("column");
  const column = reader.name();
  return reader.take("to") ? [{ kind: "renameColumn", table, column, to: reader.name() }] : [];
}

function added(reader: StatementReader, table: string): Effect[] {
  const named = reader.take("constraint");
  if (named && !reader.isOneOf("unique", "check", "foreign", "primary", "exclude")) reader.name();
  if (reader.take("primary", "key")) return [];
  if (reader.take("unique")) {
    reader.take("index");
    reader.take("key");
    if (!reader.isOneOf("(", "using")) reader.name();
    // The index of USING INDEX is there already, and so are its columns.
    const group = reader.group();
    const columns = group === undefined ? undefined : plainColumns(group, reader.quoting);
    return columns ? [{ kind: "unique", table, columns }] : [];
  }
  if (reader.take("check")) {
    const expression = reader.group() ?? "";
    return reader.take("not", "valid") ? [] : [{ kind: "check", table, expression }];
  }
  if (reader.take("foreign", "key")) return addedKey(reader, table);
  if (named || reader.isOneOf("index", "key", "fulltext", "spatial", "exclude", "partition")) return [];
  reader.take("column");
  reader.take("if", "not", "exists");
  const column = reader.name();
  const rest = reader.words();
  return [
    {
      kind: "addColumn",
      table,
      column,
      notNull: has(rest, "not null"),
      hasDefault: / (default|generated|as|auto_increment|serial|bigserial)\b/.test(` ${rest}`),
    },
  ];
}

function addedKey(reader: StatementReader, table: string): Effect[] {
  if (!reader.is("(")) reader.name();
  const target = keyTarget(reader, plainColumns(reader.group() ?? "", reader.quoting));
  return target && !has(reader.words(), "not valid") ? [{ kind: "foreignKey", table, ...target }] : [];
}

/** The part after the columns of a foreign key. Without columns of the parent it references its primary key, which is not known here. */
function keyTarget(reader: StatementReader, columns: readonly string[] | undefined): KeyTarget | undefined {
  reader.take("references");
  const parent = reader.name();
  const parentColumns = plainColumns(reader.group() ?? "", reader.quoting);
  return columns && parentColumns?.length === columns.length ? { columns, parent, parentColumns } : undefined;
}

/** PostgreSQL's ALTER COLUMN. */
function alteredColumn(reader: StatementReader, table: string): Effect[] {
  reader.take("column");
  const column = reader.name();
  if (reader.take("set", "not", "null")) return [{ kind: "setNotNull", table, column }];
  return [];
}

/** MySQL's MODIFY and CHANGE, which name the whole column. */
function redefined(reader: StatementReader, table: string): Effect[] {
  const isChange = reader.take("change");
  reader.take("column");
  const column = reader.name();
  const to = isChange ? reader.name() : column;
  const rest = reader.words();
  const effects: Effect[] = [];
  if (has(rest, "not null")) effects.push({ kind: "setNotNull", table, column });
  if (to !== column) effects.push({ kind: "renameColumn", table, column, to });
  return effects;
}

/** `UPDATE t SET a = …, b = … WHERE …`; other forms may change any column. */
function updated(reader: StatementReader): Effect[] {
  reader.take("only");
  const table = reader.name();
  if (!reader.take("set")) return [{ kind: "changeRows", table }];
  const columns = reader.until("where").map((assignment) => {
    const one = new StatementReader(assignment, reader.quoting);
    const column = one.is("(") ? undefined : one.name();
    return one.is("=") ? column : undefined;
  });
  return columns.every((one) => one !== undefined)
    ? [{ kind: "changeRows", table, columns }]
    : [{ kind: "changeRows", table }];
}

function inserted(reader: StatementReader): Effect[] {
  while (reader.take("or") || reader.take("ignore") || reader.take("replace") || reader.take("into"));
  const into = reader.name();
  const columns = reader.is("(") ? plainColumns(reader.group() ?? "", reader.quoting) : undefined;
  if (!columns || !reader.take("select")) return [{ kind: "changeRows", table: into }];
  const values = reader.until("from");
  const from = reader.name();
  const isWhole = reader.atEnd();
  return isWhole ? [{ kind: "copy", into, columns, from, values }] : [{ kind: "changeRows", table: into }];
}

/** The columns and constraints between the parentheses of a CREATE TABLE. */
function definitionParts(body: string, quoting: Quoting): RowConstraint[] {
  return new StatementReader(body, quoting).actions().flatMap((text) => {
    const reader = new StatementReader(text, quoting);
    const named = reader.take("constraint");
    if (named) reader.name();
    if (reader.take("primary", "key") || reader.take("exclude")) return [];
    if (reader.take("foreign", "key")) {
      const target = keyTarget(reader, plainColumns(reader.group() ?? "", quoting));
      return target ? [{ kind: "foreignKey", ...target } as const] : [];
    }
    if (reader.take("unique")) {
      const columns = plainColumns(reader.group() ?? "", quoting);
      return columns ? [{ kind: "unique", columns } as const] : [];
    }
    if (reader.take("check")) return [{ kind: "check", expression: reader.group() ?? "" } as const];
    return columnParts(reader);
  });
}

function columnParts(reader: StatementReader): RowConstraint[] {
  const column = reader.name();
  const parts: RowConstraint[] = [];
  const rest = reader.words();
  const isGenerated = / (as|generated)\b/.test(` ${rest}`);
  if (has(rest, "not null") && !isGenerated) parts.push({ kind: "notNull", column });
  if (has(rest, "unique")) parts.push({ kind: "unique", columns: [column] });
  if (isGenerated) return parts;
  while (reader.skipTo("check")) parts.push({ kind: "check", expression: reader.group() ?? "" });
  const target = reader.skipTo("references") && keyTarget(reader, [column]);
  if (target) parts.push({ kind: "foreignKey", ...target });
  return parts;
}

function has(words: string, wanted: string): boolean {
  return ` ${words} `.includes(` ${wanted} `);
}

/** The names in a list of columns; undefined where one of them is more than a name. */
function plainColumns(text: string, quoting: Quoting): string[] | undefined {
  const columns = new StatementReader(text, quoting).actions().map((one) => {
    const reader = new StatementReader(one, quoting);
    if (reader.is("(") || reader.atEnd()) return undefined;
    const name = reader.name();
    if (reader.is("(")) return undefined;
    return name;
  });
  return columns.every((one) => one !== undefined) ? columns : undefined;
}
