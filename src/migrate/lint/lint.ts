import type { MigrationInterface, QueryRunner } from "typeorm";
import { pluralize } from "../../text";
import type { Dialect } from "../../dialect/dialect";
import { dialectOf } from "../../dialect/dialects";
import { mentions, withNames } from "../../dialect/schema/tokens";
import type { Plan, Step } from "../run/plan";
import { RowQueries, type RowCount, operand } from "./evidence";
import { effectsOf, type Effect, type KeyTarget, type Part } from "./effects";
import { readMethod } from "./source";
import { dataSourceOf } from "../../typeorm/data-source";

/**
 * - `must-fail`: the rows that are there do not allow it;
 * - `loses-rows`, `loses-values`: a table or a column goes, with what is in it;
 * - `deletes-rows`: rows are deleted by a statement;
 * - `rebuilds`: every row is written anew;
 * - `locks`: nobody can write to the table meanwhile.
 */
export type FindingKind = "must-fail" | "loses-rows" | "loses-values" | "deletes-rows" | "rebuilds" | "locks";

export interface Finding {
  readonly kind: FindingKind;
  readonly table: string;
  /** One sentence, with the number of rows. */
  readonly text: string;
  /** How many rows it concerns; undefined where they cannot be counted beforehand. */
  readonly rows: number | undefined;
  /** The statement that shows the rows which do not allow it. */
  readonly query?: string | undefined;
}

export interface LintResult {
  readonly step: Step;
  readonly findings: readonly Finding[];
  /** How many of its statements are put together while it runs, so that nobody could look at them. */
  readonly unanalyzed: number;
}

/**
 * Reads what the plan's migrations say, asks the database about the rows they concern, and changes nothing.
 * @param wanted with `failures` only what must fail is looked for: the rest has to be counted, and tables may be large
 */
export async function lint(runner: QueryRunner, plan: Plan, wanted: "all" | "failures" = "all"): Promise<LintResult[]> {
  const dialect = dialectOf(dataSourceOf(runner));
  const linter = new Linter(dialect, new RowQueries(runner, dialect), wanted);
  const linted: LintResult[] = [];
  for (const step of plan) {
    // What is half done already has been looked at, or cannot be helped.
    if (step.resumed) continue;
    linted.push({ step, ...(await linter.read(step.migration.instance[step.direction])) });
  }
  return linted;
}

/** What the rows that are there do not allow of what a migration's method says. */
export async function findFailures(runner: QueryRunner, method: Method): Promise<readonly Finding[]> {
  const dialect = dialectOf(dataSourceOf(runner));
  const { findings } = await new Linter(dialect, new RowQueries(runner, dialect), "failures").read(method);
  return findings.filter(({ kind }) => kind === "must-fail");
}

type Method = MigrationInterface["up"];

/** MySQL changes a table's columns one by one: that it may be rebuilt is said once. */
function withoutDuplicates(findings: readonly Finding[]): Finding[] {
  const isFirst = (one: Finding, at: number) =>
    findings.findIndex((other) => other.kind === one.kind && other.text === one.text) === at;
  return findings.filter(isFirst);
}

/** A table as the statements so far have left it, and where its rows are in the database as it is now. */
interface TableState {
  /** The table that holds its rows now; undefined for one that was made on the way. */
  readonly origin: string | undefined;
  /** New name of a column → its name now. */
  readonly columns: Map<string, string>;
  /** Whether columns that are not listed are called as they are now; where not, nobody knows where their values come from. */
  readonly othersAreSame: boolean;
  /** Statements have changed rows or columns in ways that cannot be followed: the rows say nothing any more. */
  rowsChanged: boolean;
  /** Columns, as they are called by then, whose values statements have changed. */
  readonly changedColumns: Set<string>;
  /** What a new table demands of its rows. */
  readonly definition: readonly Part[];
  /** Where all its rows were copied to. */
  copy: { readonly into: string; readonly values: readonly string[] } | undefined;
}

class Linter {
  readonly #dialect: Dialect;
  readonly #rows: RowQueries;
  readonly #scope: "all" | "failures";
  readonly #tables = new Map<string, TableState>();
  #isLost = false;

  constructor(dialect: Dialect, rows: RowQueries, wanted: "all" | "failures") {
    this.#dialect = dialect;
    this.#rows = rows;
    this.#scope = wanted;
  }

  /** Follows a method's statements one after the other. */
  async read(method: Method): Promise<Pick<LintResult, "findings" | "unanalyzed">> {
    const statements = readMethod(method.toString());
    const findings: Finding[] = [];
    for (const sql of statements) {
      if (sql === undefined) this.loseTrack();
      else for (const effect of effectsOf(sql, this.#dialect.quoting)) findings.push(...(await this.apply(effect)));
    }
    return {
      findings: withoutDuplicates(findings),
      unanalyzed: statements.filter((sql) => sql === undefined).length,
    };
  }

  /** Counts rows that something is said about besides what must fail. */
  async #count(table: string, where?: string): Promise<number | undefined> {
    return this.#scope === "all" ? (await this.#rows.rows(table, where)).rows : undefined;
  }

  /** Something happens that nobody can know beforehand: whatever the rows say now, they may be mended by then. */
  loseTrack(): void {
    this.#isLost = true;
    for (const state of this.#tables.values()) state.rowsChanged = true;
  }

  /** Follows one effect, and gives what is to be said about it. */
  async apply(effect: Effect): Promise<Finding[]> {
    switch (effect.kind) {
      case "createTable":
        this.#set(effect.table, { ...newState(undefined), definition: effect.definition });
        return [];
      case "dropTable":
        return this.#dropTable(effect.table);
      case "renameTable":
        this.#rename(effect.table, effect.to);
        return [];
      case "renameColumn":
        this.#renameColumn(effect);
        return [];
      case "dropColumn":
        return this.#dropColumn(effect.table, effect.column);
      case "copy":
        return this.#copy(effect);
      case "deleteRows":
        return this.#deleteRows(effect);
      case "changeRows": {
        const state = this.#state(effect.table);
        if (effect.columns) for (const column of effect.columns) state.changedColumns.add(key(column));
        else state.rowsChanged = true;
        return [];
      }
      case "rewrite":
        return this.#rewrites(effect.table);
      case "index":
        return effect.blocks ? this.#locks(effect.table) : [];
      default:
        return this.#demands(effect);
    }
  }

  // What goes

  async #dropTable(table: string): Promise<Finding[]> {
    const state = this.#state(table);
    this.#tables.set(key(table), { ...newState(undefined), rowsChanged: true });
    if (state.origin === undefined) return [];
    const copy = state.copy && this.#tables.get(key(state.copy.into));
    if (state.copy && copy) return this.#lostColumns(state.origin, state.copy.values);
    const rows = await this.#count(state.origin);
    return some(rows, (count) => ({
      kind: "loses-rows",
      table: state.origin!,
      text: `table "${state.origin}" goes with ${pluralize(count, "row")}`,
    }));
  }

  /** A column that no value of the copy speaks of is not carried over. */
  async #lostColumns(origin: string, values: readonly string[]): Promise<Finding[]> {
    const columns = this.#scope === "all" ? await this.#rows.columns(origin) : [];
    const isKept = (column: string) => values.some((value) => mentions(value, column, this.#dialect.quoting));
    const findings: Finding[] = [];
    for (const column of columns) if (!isKept(column)) findings.push(...(await this.#lostValues(origin, column)));
    return findings;
  }

  async #dropColumn(table: string, column: string): Promise<Finding[]> {
    const state = this.#state(table);
    const own = this.#columnNow(state, column);
    return state.origin === undefined || own === undefined ? [] : this.#lostValues(state.origin, own);
  }

  async #lostValues(table: string, column: string): Promise<Finding[]> {
    const rows = await this.#count(table, `${this.#dialect.quote(column)} IS NOT NULL`);
    return some(rows, (count) => ({
      kind: "loses-values",
      table,
      text: `column "${column}" of "${table}" goes with its values in ${pluralize(count, "row")}`,
    }));
  }

  async #deleteRows({ table, where }: Extract<Effect, { kind: "deleteRows" }>): Promise<Finding[]> {
    const state = this.#state(table);
    const isFollowed = state.origin !== undefined && !state.rowsChanged;
    state.rowsChanged = true;
    if (!isFollowed || this.#scope !== "all") return [];
    const rows = await this.#count(state.origin!, where);
    if (rows === 0) return [];
    const text = `rows of "${state.origin}" are deleted${rows === undefined ? "" : `: ${rows}`}`;
    return [{ kind: "deletes-rows", table: state.origin!, text, rows }];
  }

  // What is made anew

  /** The rows of one table become those of a new one: the way a table is rebuilt on SQLite. */
  async #copy({ into, columns, from, values }: Extract<Effect, { kind: "copy" }>): Promise<Finding[]> {
    const [source, target] = [this.#state(from), this.#state(into)];
    if (source.origin === undefined || target.origin !== undefined) {
      target.rowsChanged = true;
      return [];
    }
    const now = values.map((value) => this.#inNamesOfNow(value, source));
    source.copy = { into, values: now };
    const plain = columns.map((column, index) => [key(column), plainName(now[index] ?? "")] as const);
    const followed = plain.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
    const isFollowed = !source.rowsChanged && source.changedColumns.size === 0 && source.othersAreSame;
    this.#set(into, {
      ...newState(source.origin),
      columns: new Map(isFollowed ? followed : []),
      othersAreSame: false,
      rowsChanged: source.rowsChanged || source.changedColumns.size > 0,
    });
    const rows = await this.#count(source.origin);
    const rebuilt = some(rows, (count) => ({
      kind: "rebuilds",
      table: source.origin!,
      text: `table "${source.origin}" is rebuilt: ${pluralize(count, "row")} copied`,
    }));
    if (!isFollowed) return rebuilt;
    return [...rebuilt, ...(await this.#newDemands(source.origin, target.definition, columns, now))];
  }

  /** Only what the table does not demand of its rows already can fail. */
  async #newDemands(
    table: string,
    definition: readonly Part[],
    columns: readonly string[],
    values: readonly string[],
  ): Promise<Finding[]> {
    const valueOf = (column: string) => values[columns.findIndex((one) => one.toLowerCase() === column.toLowerCase())];
    const spelled = (part: Part) => JSON.stringify(part).toLowerCase();
    const old = new Set((await this.#rows.definition(table)).map(spelled));
    const fresh = definition.filter((part) => !old.has(spelled(this.#asNow(part, valueOf))));
    const findings: Finding[] = [];
    for (const part of fresh) findings.push(...(await this.#demanded(part, table, columns, valueOf)));
    return findings;
  }

  /** A demand in the names that its columns have in the database now, as far as they are copied as they are. */
  #asNow(part: Part, valueOf: (column: string) => string | undefined): Part {
    const nameNow = (column: string) => plainName(valueOf(column) ?? "") ?? column;
    switch (part.kind) {
      case "notNull":
        return { ...part, column: nameNow(part.column) };
      case "unique":
        return { ...part, columns: part.columns.map(nameNow) };
      case "check": {
        const quoting = this.#dialect.quoting;
        const isOther = (name: string) => (nameNow(name) === name ? undefined : nameNow(name));
        const expression = withNames(part.expression, isOther, (name) => this.#dialect.quote(name), quoting);
        return { ...part, expression };
      }
      case "foreignKey": {
        const parent = this.#state(part.parent);
        const parentColumns = part.parentColumns.map((column) => this.#columnNow(parent, column) ?? column);
        return { ...part, columns: part.columns.map(nameNow), parent: parent.origin ?? part.parent, parentColumns };
      }
    }
  }

  async #demanded(
    part: Part,
    table: string,
    columns: readonly string[],
    valueOf: (column: string) => string | undefined,
  ): Promise<Finding[]> {
    if (part.kind === "notNull") {
      const value = valueOf(part.column);
      return value === undefined ? [] : this.#nulls(table, part.column, `${operand(value)} IS NULL`);
    }
    if (part.kind === "unique") {
      const parts = part.columns.map(valueOf);
      return parts.includes(undefined) ? [] : this.#duplicates(table, part.columns, parts as string[]);
    }
    if (part.kind === "foreignKey") {
      const own = part.columns.map(valueOf);
      return own.includes(undefined) ? [] : this.#dangling(table, own as string[], part);
    }
    const list = columns.map((column) => `${operand(valueOf(column)!)} AS ${this.#dialect.quote(column)}`).join(", ");
    return this.#failing(table, part.expression, list);
  }

  async #rewrites(table: string): Promise<Finding[]> {
    const { origin } = this.#state(table);
    if (origin === undefined) return [];
    return some(await this.#count(origin), (count) => ({
      kind: "rebuilds",
      table: origin,
      text: `table "${origin}" may be rebuilt: ${pluralize(count, "row")}`,
    }));
  }

  async #locks(table: string): Promise<Finding[]> {
    const { origin } = this.#state(table);
    if (origin === undefined || !this.#dialect.supportsConcurrentIndexes) return [];
    return some(await this.#count(origin), (count) => ({
      kind: "locks",
      table: origin,
      text: `nobody can write to "${origin}" (${pluralize(count, "row")}) while its index is made; CREATE INDEX CONCURRENTLY with transaction = false lets them`,
    }));
  }

  // What the rows that are there must meet

  async #demands(effect: Effect): Promise<Finding[]> {
    if (!("table" in effect)) return [];
    const state = this.#state(effect.table);
    if (state.origin === undefined || state.rowsChanged) {
      if (effect.kind === "addColumn") state.rowsChanged = true;
      return [];
    }
    const { origin } = state;
    switch (effect.kind) {
      case "addColumn":
        // MySQL fills in a zero or an empty text.
        if (!effect.notNull || effect.hasDefault || this.#dialect.hasImplicitDefaults) return [];
        return some((await this.#rows.rows(origin)).rows, (count) => ({
          kind: "must-fail",
          table: origin,
          text: `"${effect.column}" of "${origin}" is NOT NULL without a default, and ${pluralize(count, "row")} would have no value`,
        }));
      case "setNotNull": {
        const column = this.#unchanged(state, effect.column);
        return column === undefined ? [] : this.#nulls(origin, effect.column, `${this.#dialect.quote(column)} IS NULL`);
      }
      case "unique": {
        const columns = effect.columns.map((column) => this.#unchanged(state, column));
        if (columns.includes(undefined)) return [];
        const names = columns.map((column) => this.#dialect.quote(column!));
        // A condition in names or values that come later cannot be asked about now.
        const where = effect.where && this.#asOfNow(state, effect.where);
        if (effect.where !== undefined && where === undefined) return [];
        return this.#duplicates(origin, effect.columns, names, where);
      }
      case "check": {
        const expression = this.#asOfNow(state, effect.expression);
        return expression === undefined ? [] : this.#failing(origin, expression);
      }
      case "foreignKey": {
        const columns = effect.columns.map((column) => this.#unchanged(state, column));
        const quoted = columns.flatMap((column) => (column === undefined ? [] : [this.#dialect.quote(column)]));
        return quoted.length < columns.length ? [] : this.#dangling(origin, quoted, effect);
      }
      default:
        return [];
    }
  }

  async #nulls(table: string, column: string, condition: string): Promise<Finding[]> {
    return findingOf(await this.#rows.rows(table, condition), (count) => ({
      kind: "must-fail",
      table,
      text: `"${column}" of "${table}" becomes NOT NULL, and is NULL in ${pluralize(count, "row")}`,
    }));
  }

  async #duplicates(
    table: string,
    columns: readonly string[],
    values: readonly string[],
    where?: string,
  ): Promise<Finding[]> {
    return findingOf(await this.#rows.duplicates(table, values, where), (count) => ({
      kind: "must-fail",
      table,
      text: `${columns.map((column) => `"${column}"`).join(", ")} of "${table}" becomes unique, and ${pluralize(count, "value is", "values are")} there more than once`,
    }));
  }

  async #failing(table: string, expression: string, columns?: string): Promise<Finding[]> {
    return findingOf(await this.#rows.failing(table, expression, columns), (count) => ({
      kind: "must-fail",
      table,
      text: `${pluralize(count, "row")} of "${table}" ${count === 1 ? "does" : "do"} not meet CHECK (${expression.trim()})`,
    }));
  }

  /** @param values what the child's columns hold, as expressions over the table as it is now */
  async #dangling(child: string, values: readonly string[], key: KeyTarget): Promise<Finding[]> {
    const parent = this.#state(key.parent);
    const own = key.parentColumns.map((column) => this.#unchanged(parent, column));
    // A parent that is made on the way may get its rows there.
    if (parent.origin === undefined || parent.rowsChanged || own.includes(undefined)) return [];
    const rows = await this.#rows.dangling(child, values, parent.origin, own as string[]);
    return findingOf(rows, (count) => ({
      kind: "must-fail",
      table: child,
      text: `${pluralize(count, "row")} of "${child}" point${count === 1 ? "s" : ""} at no row of "${parent.origin}"`,
    }));
  }

  // Names

  #state(table: string): TableState {
    let state = this.#tables.get(key(table));
    if (!state) this.#tables.set(key(table), (state = { ...newState(table), rowsChanged: this.#isLost }));
    return state;
  }

  #set(table: string, state: TableState): void {
    this.#tables.set(key(table), state);
  }

  #rename(table: string, to: string): void {
    const state = this.#state(table);
    this.#tables.set(key(table), { ...newState(undefined), rowsChanged: true });
    const target = to.includes(".") || !table.includes(".") ? to : `${table.slice(0, table.lastIndexOf(".") + 1)}${to}`;
    this.#set(target, state);
  }

  #renameColumn({ table, column, to }: Extract<Effect, { kind: "renameColumn" }>): void {
    const state = this.#state(table);
    const own = this.#columnNow(state, column);
    if (own === undefined) return;
    if (state.changedColumns.delete(key(column))) state.changedColumns.add(key(to));
    state.columns.delete(key(column));
    state.columns.set(key(to), own);
  }

  /** An expression over a table's columns, in the names that they have in the database now. */
  #inNamesOfNow(expression: string, { columns }: TableState): string {
    if (columns.size === 0) return expression;
    return withNames(
      expression,
      (name) => columns.get(key(name)),
      (name) => this.#dialect.quote(name),
      this.#dialect.quoting,
    );
  }

  /** An expression over a table as it can be asked about now; undefined where it speaks of values that come later. */
  #asOfNow(state: TableState, expression: string): string | undefined {
    const quoting = this.#dialect.quoting;
    const isKnown =
      state.othersAreSame && ![...state.changedColumns].some((name) => mentions(expression, name, quoting));
    return isKnown ? this.#inNamesOfNow(expression, state) : undefined;
  }

  /** What a column whose values are those of now is called now. */
  #unchanged(state: TableState, column: string): string | undefined {
    return state.changedColumns.has(key(column)) ? undefined : this.#columnNow(state, column);
  }

  /** What a column is called in the database now; undefined where it cannot be said. */
  #columnNow({ columns, othersAreSame, origin }: TableState, column: string): string | undefined {
    if (origin === undefined) return undefined;
    return columns.get(key(column)) ?? (othersAreSame ? column : undefined);
  }
}

/** The column that an expression is, when it is no more than that. */
function plainName(value: string): string | undefined {
  return /^(?:"((?:[^"]|"")+)"|`([^`]+)`|([\p{L}_][\p{L}\p{N}_$]*))$/u.exec(value.trim())?.slice(1).find(Boolean);
}

function newState(origin: string | undefined): TableState {
  return {
    origin,
    columns: new Map(),
    othersAreSame: true,
    rowsChanged: false,
    changedColumns: new Set(),
    definition: [],
    copy: undefined,
  };
}

function key(table: string): string {
  return table.toLowerCase();
}

/** The same, with the statement that shows the rows. */
function findingOf({ rows, query }: RowCount, say: (rows: number) => Omit<Finding, "rows">): Finding[] {
  return some(rows, (count) => ({ ...say(count), query }));
}

function some(rows: number | undefined, say: (rows: number) => Omit<Finding, "rows">): Finding[] {
  return rows === undefined || rows === 0 ? [] : [{ ...say(rows), rows }];
}
