import { randomUUID } from "node:crypto";
import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel } from "../metadata/model";
import { insertedOf } from "./assignments";
import { withPlaceholders } from "./clauses";
import { noConflictTarget, unknownProperty } from "./errors";
import { Column } from "./expression";
import type { Statement } from "./selection";

/** Rows of one INSERT. With more, the statement takes longer to prepare than it saves. */
const ROWS_A_STATEMENT = 500;

/** What an INSERT does with a row whose key, or other unique value, exists. */
export type OnConflict =
  | { readonly action: "fail" }
  | { readonly action: "ignore" }
  | {
      readonly action: "update";
      /** The properties of the key or unique constraint; undefined: the primary key, or the one that every row has. */
      readonly conflict: readonly string[] | undefined;
      /** The properties that are set; undefined: all that are given. */
      readonly update: readonly string[] | undefined;
    };

type Row = ReadonlyMap<ColumnModel, unknown>;

/** INSERT statements for many rows, without objects. */
export class BulkInsert {
  readonly columns: readonly ColumnModel[];
  /** The columns by which an upsert finds existing rows. */
  readonly conflict: readonly ColumnModel[];
  readonly #dialect: Dialect;
  readonly #model: EntityModel;
  readonly #rows: readonly Row[];
  readonly #onConflict: OnConflict;

  /**
   * @param strict whether to refuse values that the database would store in another form
   * @throws RetortError `query/no-conflict-target` where an upsert has no unique columns to go by
   */
  constructor(dialect: Dialect, model: EntityModel, rows: readonly object[], strict: boolean, onConflict: OnConflict) {
    this.#dialect = dialect;
    this.#model = model;
    this.#rows = rows.map((values) => completed(model, insertedOf(model, values, strict)));
    this.#onConflict = onConflict;
    this.columns = [...new Set(this.#rows.flatMap((row) => [...row.keys()]))];
    this.conflict = onConflict.action === "update" ? this.#conflictColumns(onConflict.conflict) : [];
  }

  /** The values of the rows by which an upsert finds existing ones. */
  conflictValues(): unknown[][] {
    return this.#rows.map((row) => this.conflict.map((column) => row.get(column)));
  }

  statements(): Statement[] {
    const groups = new Map<string, Row[]>();
    for (const row of this.#rows) {
      const key = [...row.keys()]
        .map(({ index }) => index)
        .sort()
        .join();
      const group = groups.get(key);
      if (group) group.push(row);
      else groups.set(key, [row]);
    }
    return [...groups.values()].flatMap((rows) => this.#statementsOf(rows));
  }

  #statementsOf(rows: readonly Row[]): Statement[] {
    const columns = [...rows[0]!.keys()];
    const most = Math.max(1, Math.floor(this.#dialect.parameterLimit / Math.max(1, columns.length)));
    const size = columns.length === 0 ? 1 : Math.min(most, ROWS_A_STATEMENT);
    return Array.from({ length: Math.ceil(rows.length / size) }, (_, place) =>
      this.#statement(columns, rows.slice(place * size, (place + 1) * size)),
    );
  }

  #statement(columns: readonly ColumnModel[], rows: readonly Row[]): Statement {
    const values: unknown[] = [];
    const tuple = (row: Row): string =>
      `(${columns.map((column) => `\0${values.push(encoded(column, row.get(column))) - 1}\0`).join(", ")})`;
    const names = columns.map(({ quoted }) => quoted).join(", ");
    const inserted =
      columns.length === 0 ? this.#dialect.defaultValues : `(${names}) VALUES ${rows.map(tuple).join(", ")}`;
    const sql = `INSERT INTO ${this.#model.table} ${inserted}${this.#tail(columns)}`;
    return withPlaceholders(sql, values, this.#dialect);
  }

  #tail(columns: readonly ColumnModel[]): string {
    const { action } = this.#onConflict;
    if (action === "fail") return "";
    const sets = action === "update" ? this.#sets(columns, this.#onConflict.update) : [];
    const any = (this.#model.primary[0] ?? columns[0]!).quoted;
    if (sets.length === 0) return this.#dialect.onConflictDoNothing(any);
    return this.#dialect.onConflictUpdate(
      this.conflict.map(({ quoted }) => quoted),
      sets,
    );
  }

  /** The assignments of an existing row, with its version and update date. */
  #sets(columns: readonly ColumnModel[], update: readonly string[] | undefined): string[] {
    const wanted = update?.flatMap((property) => this.#columnsOf(property));
    const set = columns.filter((column) =>
      wanted
        ? wanted.includes(column)
        : !this.conflict.includes(column) && column.metadata.isUpdate && !column.metadata.isVersion,
    );
    if (set.length === 0) return [];
    const touched = this.#model.columns.flatMap(({ quoted, metadata }) => {
      if (metadata.isVersion) return `${quoted} = ${this.#model.table}.${quoted} + 1`;
      return metadata.isUpdateDate ? `${quoted} = ${this.#dialect.now(metadata.precision)}` : [];
    });
    const given = set.filter(({ metadata }) => !metadata.isVersion && !metadata.isUpdateDate);
    return [...given.map(({ quoted }) => `${quoted} = ${this.#dialect.insertedValue(quoted)}`), ...touched];
  }

  #conflictColumns(properties: readonly string[] | undefined): readonly ColumnModel[] {
    if (properties) return properties.flatMap((property) => this.#columnsOf(property));
    const { primary, metadata } = this.#model;
    const uniques = [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].map(({ columns }) =>
      columns.map(({ databaseName }) => this.#model.columnNamed(databaseName)),
    );
    const found = [primary, ...uniques].find(
      (columns) => columns.length > 0 && columns.every((column) => this.#rows.every((row) => row.has(column))),
    );
    if (!found) throw noConflictTarget(this.#model.name);
    return found;
  }

  #columnsOf(property: string): readonly ColumnModel[] {
    const column = this.#model.column(property);
    if (column && !column.isVirtual) return [column];
    const relation = this.#model.relation(property);
    if (relation?.holdsKey) return relation.joins.map(({ foreign }) => foreign);
    throw unknownProperty(this.#model.name, property, this.#model.properties);
  }
}

function encoded(column: ColumnModel, value: unknown): unknown {
  return value === null || value === undefined ? null : new Column(column).encode(value);
}

/** The values of a row with what a flush would add to them: the class, the version, a generated uuid. */
function completed(model: EntityModel, row: Map<ColumnModel, unknown>): Row {
  for (const column of model.columns) {
    const { metadata, isOfChild } = column;
    if (row.has(column) || isOfChild) continue;
    if (metadata.isDiscriminator) row.set(column, model.metadata.discriminatorValue);
    else if (metadata.isVersion) row.set(column, 1);
    else if (metadata.generationStrategy === "uuid" && column.isGenerated) row.set(column, randomUUID());
  }
  return row;
}
