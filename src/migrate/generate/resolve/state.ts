import type { DataSource, QueryRunner } from "typeorm";
import { type Column, type ObjectName, type Schema, findTable, keyOf } from "../../../dialect/schema/model";
import { type Operation, type Rename, apply } from "../../../dialect/schema/operation";
import { tableNotReadable } from "../errors";
import { Names } from "../names";
import type { Prompts } from "../prompts";
import type { Schemas } from "../schemas";

/** What the questions share: both schemas, the renames found so far, and access to the rows. */
export class ResolverState {
  readonly names: Names;
  readonly wanted: Schema;
  readonly #renames: Operation[] = [];
  /** Table and column under their new names → under the names that they have in the database. */
  readonly #originals = new Map<string, string>();
  readonly #possibleRenames = new Set<string>();
  /** Columns that have another name while names are exchanged, by the property that was renamed. */
  readonly #aside = new Map<string, string>();
  #actual: Schema;

  constructor(
    dataSource: DataSource,
    readonly schemas: Schemas,
    readonly prompts: Prompts,
    readonly runner: QueryRunner,
  ) {
    this.names = new Names(dataSource, schemas.declared);
    this.#actual = schemas.actual;
    this.wanted = schemas.wanted;
  }

  /** The database's schema after the renames found so far. */
  get actual(): Schema {
    return this.#actual;
  }

  get renames(): readonly Operation[] {
    return this.#renames;
  }

  rename(rename: Rename): void {
    if (rename.kind === "renameTable") this.#originals.set(keyOf(rename.to), keyOf(rename.from));
    else {
      const key = (column: string) => `${keyOf(rename.table)}\0${column}`;
      const original = this.#originals.get(key(rename.from)) ?? rename.from;
      this.#originals.delete(key(rename.from));
      this.#originals.set(key(rename.to), original);
    }
    this.#renames.push(rename);
    this.#actual = this.schemas.dialect.renamed(this.#withoutViewsOver(rename), rename);
  }

  moveAside(table: ObjectName, property: string, name: string): void {
    this.#aside.set(`${keyOf(table)}\0${property}`, name);
  }

  columnAside(table: ObjectName, property: string): string | undefined {
    return this.#aside.get(`${keyOf(table)}\0${property}`);
  }

  renameEnum(from: ObjectName, to: ObjectName): void {
    const rename: Operation = { kind: "renameEnum", from, to };
    this.#renames.push(rename);
    this.#actual = apply(this.#actual, rename);
  }

  /** An entity's view over a renamed object is created again: databases rewrite names and aliases in ways of their own. */
  #withoutViewsOver(rename: Rename): Schema {
    const name = rename.kind === "renameTable" ? rename.from.name : rename.from;
    const views = this.#actual.views.map((view) => {
      const isEntity = this.wanted.views.some((other) => keyOf(other) === keyOf(view));
      return isEntity && this.schemas.dialect.mentions(view.definition, name) ? { ...view, definition: "" } : view;
    });
    return { ...this.#actual, views };
  }

  /** Marks a new column as a possible new name of a removed one: no value is asked for while that question is open. */
  addPossibleRename(table: ObjectName, column: string): void {
    this.#possibleRenames.add(`${keyOf(table)}\0${column}`);
  }

  isPossibleRename(table: ObjectName, column: string): boolean {
    return this.#possibleRenames.has(`${keyOf(table)}\0${column}`);
  }

  /** The name of the table in the database as it is now. */
  originalTable(table: ObjectName): string {
    return this.#originals.get(keyOf(table))?.split(".").at(-1) ?? table.name;
  }

  /** The name of the column in the database as it is now. */
  originalColumn(table: ObjectName, column: string): string {
    return this.#originals.get(`${keyOf(table)}\0${column}`) ?? column;
  }

  /** The column's present name, quoted for a condition on the rows as they are now. */
  quotedColumn(table: ObjectName, column: string): string {
    return this.schemas.dialect.quote(this.originalColumn(table, column));
  }

  /** The column of that name in the database, after the renames found so far. */
  actualColumn(table: ObjectName, column: string): Column | undefined {
    return findTable(this.#actual, table)?.columns.find(({ name }) => name === column);
  }

  /** Counts rows of the database as it is now. */
  async countRows(table: ObjectName, condition?: string): Promise<number> {
    const original = { schema: table.schema, name: this.originalTable(table) };
    const [row] = (await this.runner.query(this.schemas.dialect.count(original, condition)).catch((error: unknown) => {
      throw tableNotReadable(keyOf(original), error);
    })) as { rows: number | string }[];
    return Number(row!.rows);
  }

  /** Every name by which an answer may mean the column: `User.name`, `user.name`. */
  columnSubjects(table: ObjectName, column: string): string[] {
    const columns = this.names.columnAliases(table, column);
    return this.names.tableAliases(table).flatMap((alias) => columns.map((name) => `${alias}.${name}`));
  }
}

export function nameOf({ schema, name }: ObjectName): ObjectName {
  return { schema, name };
}
