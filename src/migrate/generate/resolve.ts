import type { QueryRunner } from "typeorm";
import { pluralize, wildcard } from "../../text";
import type { Plan, SchemaDialect, Scope } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/schema/dialects";
import { type Declared, declaredSchema } from "../../dialect/schema/entities";
import {
  type Column,
  type ObjectName,
  type Schema,
  type Table,
  emptySchema,
  findColumn,
  findTable,
  keyOf,
  displayName,
} from "../../dialect/schema/model";
import { type ChangeEnum, type Operation, type Constraint, type Rename, apply } from "../../dialect/schema/operation";
import { describeConstraint } from "../../dialect/schema/describe";
import { normalize } from "./normalize";
import { type Choice, type Prompts, closestFirst } from "./answers";
import { compare, isSameName, constraintsOf } from "./compare";
import type { MigrationContext } from "../context";
import { entitiesNotAccepted } from "./errors";
import { Names } from "./names";
import { problemOf, sqlValue } from "./value";

/** What the entities want and what the database has, both as the database tells it. */
export interface Schemas {
  readonly actual: Schema;
  readonly wanted: Schema;
  readonly declared: Declared;
  readonly scope: Scope;
  readonly dialect: SchemaDialect;
}

/** The changes that make the database what the entities want. */
export interface Difference extends Schemas {
  readonly operations: readonly Operation[];
}

/** Reads both schemas. The entities' is made on a scratch database and read back, so that like is compared with like. */
export async function readSchemas(context: MigrationContext): Promise<Schemas> {
  const { dataSource } = context;
  const dialect = schemaDialectOf(dataSource);
  const declared = declaredSchema(dataSource, dialect);
  const scope = scopeOf(context, declared);
  const runner = dataSource.createQueryRunner();
  try {
    return {
      actual: await dialect.read(runner, scope),
      wanted: await wantedSchema(context, declared, scope),
      declared,
      scope,
      dialect,
    };
  } finally {
    await runner.release();
  }
}

/**
 * Whether the database is what the entities want to the letter. False proves nothing: what is told in other words may be
 * the same after all, which `readSchemas` finds out.
 */
export async function isVerbatim(context: MigrationContext): Promise<boolean> {
  const { dataSource } = context;
  const dialect = schemaDialectOf(dataSource);
  if (!dialect.matchesExactly) return false;
  const declared = declaredSchema(dataSource, dialect);
  const runner = dataSource.createQueryRunner();
  try {
    return await dialect.matchesExactly(runner, creation(declared, dialect), scopeOf(context, declared));
  } finally {
    await runner.release();
  }
}

/** What makes all that the entities want in an empty database. */
function creation({ schema: { tables, views, enums } }: Declared, dialect: SchemaDialect): Plan {
  return dialect.plan(emptySchema, [
    ...enums.map((type): Operation => ({ kind: "createEnum", type })),
    ...tables.map((table): Operation => ({ kind: "createTable", table })),
    ...views.map((view): Operation => ({ kind: "createView", view })),
  ]);
}

async function wantedSchema({ dataSource }: MigrationContext, declared: Declared, scope: Scope): Promise<Schema> {
  const dialect = schemaDialectOf(dataSource);
  const scratch = await dialect.openScratch(dataSource);
  try {
    for (const step of creation(declared, dialect).steps)
      for (const statement of step.statements)
        if (statement.kind === "sql")
          await scratch.runner.query(statement.sql).catch((error: unknown) => {
            throw entitiesNotAccepted(step.comment.replace(/^create /i, ""), error);
          });
    return withoutStored(await scratch.read(scope));
  } finally {
    await scratch.close();
  }
}

/** The statements of the scratch database are nobody's own words: tables that are new are rendered for the file. */
function withoutStored(schema: Schema): Schema {
  const plain = <T extends { stored?: string | undefined }>(one: T): T => ({ ...one, stored: undefined });
  return {
    ...schema,
    tables: schema.tables.map((table) => ({ ...plain(table), indexes: table.indexes.map(plain) })),
    views: schema.views.map(plain),
  };
}

/** What is the project's business: not TypeORM's books, not Retort's, not what settings or entities leave to others. */
export function scopeOf(
  { dataSource, settings }: Pick<MigrationContext, "dataSource" | "settings">,
  declared: Declared,
): Scope {
  const books = [dataSource.options.migrationsTableName ?? "migrations", dataSource.metadataTableName, "retort_*"];
  const cache = dataSource.options.cache;
  const cacheTable = typeof cache === "object" && cache.tableName ? cache.tableName : "query-result-cache";
  const patterns = [...books, cacheTable, ...declared.ignored, ...(settings.ignore ?? [])].map(wildcard);
  return {
    isIgnored: (name) => patterns.some((one) => one.test(name)),
    schemas: [...new Set(declared.schema.tables.flatMap(({ schema }) => (schema === undefined ? [] : [schema])))],
  };
}

/** The difference as it is, nothing asked: what is not in the entities counts as dropped, renames are not guessed. */
export function plainDifference(schemas: Schemas): Difference {
  const wanted = normalize(schemas.wanted, schemas.actual, schemas.declared.schema, schemas.dialect);
  return { ...schemas, operations: compare(schemas.actual, wanted, schemas.dialect) };
}

/** The difference with the answers applied; questions that nobody answers are thrown together. */
export async function answeredDifference(
  context: MigrationContext,
  schemas: Schemas,
  inquiry: Prompts,
): Promise<Difference> {
  const runner = context.dataSource.createQueryRunner();
  try {
    return await new Decision(context, schemas, inquiry, runner).difference();
  } finally {
    await runner.release();
  }
}

/** How many new names for a column are offered, the likeliest ones. */
const RENAMES = 5;

/** One walk through the difference, with the questions it raises. */
class Decision {
  readonly #names: Names;
  readonly #renames: Operation[] = [];
  /** Table and column as they are called in the wanted schema → as they are called in the database now. */
  readonly #origins = new Map<string, string>();
  /** New columns that may be old ones under another name: no value is asked for them yet. */
  readonly #undecided = new Set<string>();
  #actual: Schema;
  readonly #wanted: Schema;

  constructor(
    context: MigrationContext,
    readonly schemas: Schemas,
    readonly inquiry: Prompts,
    readonly runner: QueryRunner,
  ) {
    this.#names = new Names(context.dataSource, schemas.declared);
    this.#actual = schemas.actual;
    this.#wanted = schemas.wanted;
  }

  async difference(): Promise<Difference> {
    await this.#pairTables();
    for (const table of this.#wanted.tables) await this.#pairColumns(table);
    this.#pairEnums();
    const wanted = normalize(this.#wanted, this.#actual, this.schemas.declared.schema, this.schemas.dialect);
    const operations: Operation[] = [];
    for (const operation of compare(this.#actual, wanted, this.schemas.dialect)) {
      const settled = await this.#settle(operation);
      if (settled) operations.push(settled);
    }
    this.inquiry.close();
    // Views go before anything is renamed under them, in the words they have then.
    const views = operations
      .filter((operation) => operation.kind === "dropView")
      .map((operation) => this.#asItIsNow(operation));
    const rest = operations.filter((operation) => operation.kind !== "dropView");
    return { ...this.schemas, operations: [...views, ...this.#renames, ...rest] };
  }

  #asItIsNow(operation: Extract<Operation, { kind: "dropView" }>): Operation {
    const view = this.schemas.actual.views.find((other) => keyOf(other) === keyOf(operation.view));
    return view ? { kind: "dropView", view } : operation;
  }

  // Tables

  async #pairTables(): Promise<void> {
    const isNew = (table: Table) => !findTable(this.#actual, table);
    for (const answer of this.inquiry
      .all("rename")
      .filter(({ subject }) => !subject.includes(".") || this.#isTable(subject))) {
      const to = this.#wanted.tables.find(
        (table) => isNew(table) && this.#names.tableAliases(table).includes(answer.value),
      );
      const gone = this.#actual.tables.filter((table) => !findTable(this.#wanted, table));
      const from = gone.find((table) => this.#names.wasTableOf(table, answer.subject));
      if (!to || !from) continue;
      answer.used = true;
      this.#rename({ kind: "renameTable", from: nameOf(from), to: nameOf(to) });
    }
    for (const table of this.#actual.tables.filter((one) => !findTable(this.#wanted, one)))
      if (await this.#removedTable(table, isNew)) return this.#pairTables();
  }

  #isTable(subject: string): boolean {
    return this.#actual.tables.some((table) => keyOf(table) === subject);
  }

  async #removedTable(table: Table, isNew: (table: Table) => boolean): Promise<boolean> {
    if (
      this.inquiry.all("drop").some((answer) => this.#names.wasTableOf(table, answer.subject) && (answer.used = true))
    )
      return false;
    const rows = await this.#count(table);
    const name = keyOf(table);
    const candidates = this.#wanted.tables.filter(isNew);
    return this.inquiry.put({
      about: "table",
      text: `table ${displayName(table)} (${pluralize(rows, "row")}) belongs to no entity`,
      rows,
      choices: [
        ...closestFirst(name, candidates, ({ name: other }) => other).map((other): Choice => ({
          flag: `--rename ${name}:${this.#names.table(other)}`,
          text: `it is now ${displayName(other)}; its rows stay`,
        })),
        { flag: `--drop ${name}`, text: `drops it with ${pluralize(rows, "row")}` },
      ],
    });
  }

  #rename(rename: Rename): void {
    if (rename.kind === "renameTable") this.#origins.set(keyOf(rename.to), keyOf(rename.from));
    else this.#origins.set(`${keyOf(rename.table)}\0${rename.to}`, rename.from);
    this.#renames.push(rename);
    this.#actual = this.schemas.dialect.renamed(this.#withoutViewsOver(rename), rename);
  }

  /** What a database makes of a view's names and aliases is its own business: an entity's view over them is made again. */
  #withoutViewsOver(rename: Rename): Schema {
    const name = rename.kind === "renameTable" ? rename.from.name : rename.from;
    const views = this.#actual.views.map((view) => {
      const isEntity = this.#wanted.views.some((other) => keyOf(other) === keyOf(view));
      return isEntity && this.schemas.dialect.mentions(view.definition, name) ? { ...view, definition: "" } : view;
    });
    return { ...this.#actual, views };
  }

  // Columns

  async #pairColumns(wanted: Table): Promise<void> {
    const actual = findTable(this.#actual, wanted);
    if (!actual) return;
    const { dialect } = this.schemas;
    const gone = () =>
      findTable(this.#actual, wanted)!.columns.filter(
        (column) => !wanted.columns.some(({ name }) => dialect.sameName(name, column.name)),
      );
    const added = () =>
      wanted.columns.filter(
        (column) => !findTable(this.#actual, wanted)!.columns.some(({ name }) => dialect.sameName(name, column.name)),
      );
    this.#answeredRenames(wanted, gone, added);
    for (const column of gone()) {
      // What is computed can be computed again: dropping it loses nothing.
      if (this.#isDropped(wanted, column.name) || column.generated) continue;
      if (await this.#removedColumn(wanted, column, added())) return this.#pairColumns(wanted);
    }
  }

  #answeredRenames(table: Table, gone: () => Column[], added: () => Column[]): void {
    for (const answer of this.inquiry.all("rename")) {
      const prefix = this.#names.tableAliases(table).find((alias) => answer.subject.startsWith(`${alias}.`));
      if (prefix === undefined) continue;
      const to = this.#names
        .columnsOf(table, answer.value)
        .filter((name) => added().some((column) => column.name === name));
      const former = { ...table, columns: gone() };
      const from = this.#names.formerColumns(former, answer.subject.slice(prefix.length + 1), to);
      if (to.length === 0 || from.length !== to.length) continue;
      answer.used = true;
      from.forEach((name, at) => this.#rename({ kind: "renameColumn", table: nameOf(table), from: name, to: to[at]! }));
    }
  }

  /** An enum is called after its table and column: with a new name of these, it has a new one too. */
  #pairEnums(): void {
    for (const table of this.#wanted.tables)
      for (const column of table.columns) {
        const before = findTable(this.#actual, table)?.columns.find(({ name }) => name === column.name)?.enumType;
        const after = column.enumType;
        if (!before || !after || keyOf(before) === keyOf(after)) continue;
        const isGone = !this.#wanted.enums.some((type) => keyOf(type) === keyOf(before));
        const isNew = !this.#actual.enums.some((type) => keyOf(type) === keyOf(after));
        if (!isGone || !isNew || before.schema !== after.schema) continue;
        const rename: Operation = { kind: "renameEnum", from: before, to: after };
        this.#renames.push(rename);
        this.#actual = apply(this.#actual, rename);
      }
  }

  #isDropped(table: Table, column: string): boolean {
    const subjects = this.#names.tableAliases(table).map((alias) => `${alias}.${column}`);
    if (this.inquiry.given("drop", subjects) !== undefined) return true;
    const answer = this.inquiry
      .all("drop")
      .find(({ subject }) =>
        this.#names
          .tableAliases(table)
          .some(
            (alias) =>
              subject.startsWith(`${alias}.`) && this.#isFormer(table, subject.slice(alias.length + 1), column),
          ),
      );
    if (answer) answer.used = true;
    return answer !== undefined;
  }

  #isFormer(table: Table, property: string, column: string): boolean {
    const former = findTable(this.#actual, table)!;
    return (
      this.#names.formerColumns(
        { ...former, columns: former.columns.filter(({ name }) => name === column) },
        property,
        [property],
      )[0] === column
    );
  }

  async #removedColumn(table: Table, column: Column, candidates: readonly Column[]): Promise<boolean> {
    const rows = await this.#count(
      table,
      `${this.schemas.dialect.quote(this.#origin(table, column.name))} IS NOT NULL`,
    );
    const name = `${this.#names.table(table)}.${column.name}`;
    const free = candidates.filter(
      (other) => !other.generated && !this.#undecided.has(`${keyOf(table)}\0${other.name}`),
    );
    const isSameType = (other: Column) => this.schemas.dialect.sameType(other.type, column.type, table);
    const likely = closestFirst(column.name, free.filter(isSameType), (other) => other.name);
    if (likely[0]) this.#undecided.add(`${keyOf(table)}\0${likely[0].name}`);
    // A new name often comes with a new length.
    const others = free.filter((other) => !isSameType(other));
    const retyped = closestFirst(column.name, others, (other) => other.name);
    return this.inquiry.put({
      about: "column",
      text: `column "${column.name}" of ${displayName(table)} is no longer in the entity; ${rows === 0 ? "no row has" : pluralize(rows, "row has", "rows have")} a value in it`,
      rows,
      choices: [
        ...[...likely, ...retyped].slice(0, RENAMES).map((other): Choice => ({
          flag: `--rename ${name}:${this.#names.property(table, other.name)}`,
          text: `it is now "${other.name}"${isSameType(other) ? "" : `, ${other.type}`}; its values stay`,
        })),
        { flag: `--drop ${name}`, text: `drops it with ${pluralize(rows, "value")}` },
      ],
    });
  }

  // What else loses something, or needs a value

  async #settle(operation: Operation): Promise<Operation | undefined> {
    switch (operation.kind) {
      case "dropTable":
        return { ...operation, rows: await this.#count(operation.table) };
      case "addColumn":
        return this.#settleAdded(operation);
      case "alterColumn":
        return this.#settleAltered(operation);
      case "dropColumn": {
        const backfill = this.#backfill(operation.table, operation.column);
        return backfill === undefined ? operation : { ...operation, backfill };
      }
      case "changeEnum":
        return this.#settleEnum(operation);
      case "dropConstraint":
        return (await this.#mayDrop(operation.table, operation.constraint)) ? operation : undefined;
      case "dropView":
        return (await this.#mayDropView(operation)) ? operation : undefined;
      default:
        return operation;
    }
  }

  async #settleAdded(operation: Extract<Operation, { kind: "addColumn" }>): Promise<Operation> {
    const { table, column } = operation;
    const given = this.#backfill(table, column);
    if (given !== undefined) return { ...operation, backfill: given };
    if (column.nullable || column.default !== undefined || column.generated || column.increment) return operation;
    if (this.#undecided.has(`${keyOf(table)}\0${column.name}`) && this.inquiry.isOpen) return operation;
    const rows = await this.#count(findTable(this.#actual, table)!);
    if (rows === 0) return operation;
    const isAnswered = await this.#askForValue(
      table,
      column,
      rows,
      `${displayName(table)} gets "${column.name}", which is NOT NULL and has no default; ${pluralize(rows, "row")} ${rows === 1 ? "needs" : "need"} a value`,
    );
    return isAnswered ? this.#settleAdded(operation) : operation;
  }

  async #settleAltered(operation: Extract<Operation, { kind: "alterColumn" }>): Promise<Operation> {
    const { table, before, after } = operation;
    const backfill = after.nullable ? undefined : this.#backfill(table, after);
    const own = this.schemas.dialect.quote(this.#origin(table, before.name));
    if (before.nullable && !after.nullable && backfill === undefined && !before.generated && !after.generated) {
      const rows = await this.#count(table, `${own} IS NULL`);
      const text = `"${after.name}" of ${displayName(table)} becomes NOT NULL, and is NULL in ${pluralize(rows, "row")}`;
      if (rows > 0 && (await this.#askForValue(table, after, rows, text))) return this.#settleAltered(operation);
    }
    if (!(await this.#isKept(operation)) || !(await this.#valuesFit(operation))) return this.#settleAltered(operation);
    const isText = before.type !== after.type && this.schemas.dialect.lossy(before, after) !== undefined;
    const narrowing = isText && this.#isDropped(findTable(this.#wanted, table)!, after.name);
    return { ...operation, backfill, replaced: this.#replaced(operation), ...(narrowing && { narrowing }) };
  }

  /** Whether no value changes with the column's type, or somebody said that it may. False when the answer came just now. */
  async #isKept({ table, before, after }: Extract<Operation, { kind: "alterColumn" }>): Promise<boolean> {
    const condition =
      before.type === after.type
        ? undefined
        : this.schemas.dialect.lossy({ ...before, name: this.#origin(table, before.name) }, after);
    if (condition === undefined || this.#isDropped(findTable(this.#wanted, table)!, after.name)) return true;
    const rows = await this.#count(table, condition);
    if (rows === 0) return true;
    const name = this.#names.column(table, after.name);
    return !(await this.inquiry.put({
      about: "narrowing",
      text: `"${after.name}" of ${displayName(table)} becomes ${after.type}, which changes the value of ${pluralize(rows, "row")}`,
      rows,
      choices: [{ flag: `--drop ${name}`, text: "what does not fit may go" }],
    }));
  }

  /** Whether every row has a value that the enum still allows, or somebody said what it becomes. */
  async #valuesFit({ table, before, after }: Extract<Operation, { kind: "alterColumn" }>): Promise<boolean> {
    if (!after.values || before.type.endsWith("[]") || this.#replacement(table, after) !== undefined) return true;
    const own = this.schemas.dialect.quote(this.#origin(table, before.name));
    const renamed = Object.keys(this.#renamedValues(table, before, after));
    const fitting = [...after.values, ...renamed].map((value) => this.schemas.dialect.literal(value)).join(", ");
    const rows = await this.#count(
      table,
      `${own} IS NOT NULL AND ${this.schemas.dialect.asText(own)} NOT IN (${fitting})`,
    );
    if (rows === 0) return true;
    const name = this.#names.column(table, after.name);
    const gone = before.values?.filter((value) => !after.values!.includes(value) && !renamed.includes(value)) ?? [];
    const added = after.values.filter((value) => !before.values?.includes(value));
    return !(await this.inquiry.put({
      about: "values",
      text: `"${after.name}" of ${displayName(table)} has a value in ${pluralize(rows, "row")} that its enum no longer allows`,
      rows,
      choices: [
        ...gone.flatMap((old) =>
          added.map((value) => ({ flag: `--rename ${name}.${old}:${value}`, text: `'${old}' is now '${value}'` })),
        ),
        wantedValue(after, name, "those rows get that value"),
      ],
    }));
  }

  /** A type of its own may be that of several columns: an answer about one of them is one about the type. */
  async #settleEnum(operation: ChangeEnum): Promise<Operation> {
    const replaced: Record<string, string> = {};
    for (const table of this.#wanted.tables)
      for (const column of table.columns) {
        const before = findTable(this.#actual, table)?.columns.find(({ name }) => name === column.name);
        if (!before?.enumType || !column.enumType || keyOf(column.enumType) !== keyOf(operation.name)) continue;
        const change = {
          table: nameOf(table),
          before: { ...before, values: operation.before },
          after: { ...column, values: operation.after },
        };
        if (!(await this.#valuesFit({ kind: "alterColumn", ...change }))) return this.#settleEnum(operation);
        Object.assign(replaced, this.#replaced({ kind: "alterColumn", ...change }));
      }
    return Object.keys(replaced).length > 0 ? { ...operation, replaced } : operation;
  }

  #renamedValues(table: ObjectName, before: Column, after: Column): Record<string, string> {
    const renamed: Record<string, string> = {};
    for (const old of before.values ?? []) {
      if (after.values?.includes(old)) continue;
      const subjects = this.#subjects(table, after.name).map((subject) => `${subject}.${old}`);
      const value = this.inquiry.given("rename", subjects);
      if (value !== undefined) renamed[old] = value;
    }
    return renamed;
  }

  #replacement(table: ObjectName, column: Column): string | undefined {
    return this.inquiry.given("backfill", this.#subjects(table, column.name));
  }

  #replaced({ table, before, after }: Extract<Operation, { kind: "alterColumn" }>): Record<string, string> | undefined {
    if (!after.values) return undefined;
    const renamed = this.#renamedValues(table, before, after);
    const value = this.#replacement(table, after);
    if (value !== undefined) this.#sqlValue(value, after, table);
    for (const old of before.values ?? [])
      if (value !== undefined && !after.values.includes(old) && !(old in renamed)) renamed[old] = value;
    return Object.keys(renamed).length > 0 ? renamed : undefined;
  }

  #subjects(table: ObjectName, column: string): string[] {
    const columns = this.#names.columnAliases(table, column);
    return this.#names.tableAliases(table).flatMap((alias) => columns.map((name) => `${alias}.${name}`));
  }

  #backfill(table: ObjectName, column: Column): string | undefined {
    const value = this.inquiry.given("backfill", this.#subjects(table, column.name));
    return value === undefined ? undefined : this.#sqlValue(value, column, table);
  }

  #sqlValue(value: string, column: Column, table: ObjectName): string {
    return sqlValue(value, column, this.#names.column(table, column.name), this.schemas.dialect);
  }

  #askForValue(table: ObjectName, column: Column, rows: number, text: string): Promise<boolean> {
    const name = this.#names.column(table, column.name);
    const usual: Choice[] =
      column.default === undefined
        ? []
        : [{ flag: `--backfill ${name}=(${column.default})`, text: "they get the default" }];
    return this.inquiry.put({
      about: "values",
      text,
      rows,
      choices: [...usual, wantedValue(column, name, "they get that value; an SQL expression in parentheses")],
    });
  }

  /** An index that somebody named by hand is not dropped unasked: it may be nobody's business here. */
  async #mayDrop(table: ObjectName, constraint: Constraint): Promise<boolean> {
    if (constraint.kind !== "index") return true;
    const { name, columns, where } = constraint.value;
    const own = findTable(this.#wanted, table)!;
    const before = findTable(this.schemas.actual, { ...own, name: this.#originOfTable(table) }) ?? own;
    const names = columns.map((column) => column.name ?? "");
    if (constraintsOf(own).some((other) => isSameName(other, constraint, this.schemas.dialect))) return true;
    if (names.some((column) => !findColumn(own, column))) return true;
    const formerly = names.map((column) => this.#origin(table, column));
    const tables = [own.name, before.name];
    if (this.#names.isDerived(name, tables, names, where) || this.#names.isDerived(name, tables, formerly, where))
      return true;
    const subjects = this.#names.tableAliases(table).map((alias) => `${alias}.${name}`);
    if (this.inquiry.given("drop", [name, ...subjects]) !== undefined) return true;
    const isAnswered = await this.inquiry.put({
      about: "index",
      text: `${describeConstraint(constraint)} of ${displayName(table)} belongs to no entity`,
      rows: 0,
      choices: [
        {
          flag: `--drop ${this.#names.table(table)}.${name}`,
          text: "drops it; to keep it, name it under migrations.ignore",
        },
      ],
    });
    return isAnswered && this.#mayDrop(table, constraint);
  }

  async #mayDropView({ view }: Extract<Operation, { kind: "dropView" }>): Promise<boolean> {
    if (this.#wanted.views.some((other) => keyOf(other) === keyOf(view))) return true;
    if (this.inquiry.all("drop").some((answer) => this.#names.wasTableOf(view, answer.subject) && (answer.used = true)))
      return true;
    const isAnswered = await this.inquiry.put({
      about: "view",
      text: `view ${displayName(view)} belongs to no entity`,
      rows: 0,
      choices: [{ flag: `--drop ${keyOf(view)}`, text: "drops it; no row is lost" }],
    });
    return isAnswered && this.#mayDropView({ kind: "dropView", view });
  }

  // Counting, on the database as it is now

  #originOfTable(table: ObjectName): string {
    return this.#origins.get(keyOf(table))?.split(".").at(-1) ?? table.name;
  }

  #origin(table: ObjectName, column: string): string {
    return this.#origins.get(`${keyOf(table)}\0${column}`) ?? column;
  }

  async #count(table: ObjectName, condition?: string): Promise<number> {
    const origin = { schema: table.schema, name: this.#originOfTable(table) };
    const [row] = (await this.runner.query(this.schemas.dialect.count(origin, condition))) as {
      rows: number | string;
    }[];
    return Number(row!.rows);
  }
}

function nameOf({ schema, name }: ObjectName): ObjectName {
  return { schema, name };
}

function wantedValue(column: Column, name: string, text: string): Choice {
  const problem = (value: string) => problemOf(value, column, name);
  return { flag: `--backfill ${name}=VALUE`, text, wantsValue: true, problem };
}
