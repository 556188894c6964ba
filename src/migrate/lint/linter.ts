import type { MigrationInterface } from "typeorm";
import { pluralize } from "../../text";
import type { Dialect } from "../../dialect/dialect";
import type { TableChange } from "../../dialect/schema/change-cost";
import { mentions, withNames } from "../../dialect/schema/tokens";
import { effectsOf, type Effect, type KeyTarget, type RowConstraint } from "./effects";
import { finding, findingWithQuery, type Finding } from "./finding";
import { type RowQueries, operand } from "./row-queries";
import { readMethod } from "./source";
import { tableChangesOf } from "./table-changes";
import { TableStates, key, newState } from "./table-states";

export type Method = MigrationInterface["up"];

/** What is found in one method of a migration. */
export interface MethodFindings {
  readonly findings: readonly Finding[];
  /** How many statements are built while the migration runs, so that they cannot be analyzed. */
  readonly unanalyzed: number;
}

/** Follows the statements of migrations and asks the database about the rows that they concern. */
export class Linter {
  readonly #dialect: Dialect;
  readonly #rows: RowQueries;
  readonly #scope: "all" | "failures";
  readonly #tables: TableStates;

  constructor(dialect: Dialect, rows: RowQueries, wanted: "all" | "failures") {
    this.#dialect = dialect;
    this.#rows = rows;
    this.#scope = wanted;
    this.#tables = new TableStates(dialect);
  }

  /** Follows the statements of a method. */
  async read(method: Method): Promise<MethodFindings> {
    const statements = readMethod(method.toString());
    const findings: Finding[] = [];
    for (const sql of statements) {
      if (sql === undefined) {
        this.#tables.markUnknown();
        continue;
      }
      findings.push(...(await this.#costs(sql)));
      for (const effect of effectsOf(sql, this.#dialect.quoting)) findings.push(...(await this.apply(effect)));
    }
    return {
      findings: withoutDuplicates(findings),
      unanalyzed: statements.filter((sql) => sql === undefined).length,
    };
  }

  /** What the statement makes those wait for who use a table that is there now. */
  async #costs(sql: string): Promise<Finding[]> {
    const altered = this.#scope === "all" ? tableChangesOf(sql, this.#dialect.quoting) : undefined;
    const origin = altered && this.#tables.get(altered.table).origin;
    if (!altered || origin === undefined) return [];
    const findings: Finding[] = [];
    for (const change of altered.changes) {
      const now = this.#withPresentName(change, altered.table);
      const cost = now && (await this.#rows.cost(origin, now));
      if (!cost) continue;
      const { rows, bytes } = cost.size;
      const size = `about ${pluralize(rows, "row")}, ${byteText(bytes)}`;
      const text = `"${origin}" (${size}) ${cost.text}`;
      findings.push({ kind: cost.rewrites ? "rebuilds" : "locks", table: origin, text, rows });
    }
    return findings;
  }

  /** A column that the migration itself has added has no rows' values to convert. */
  #withPresentName(change: TableChange, table: string): TableChange | undefined {
    if (!("column" in change) || change.kind === "addColumn") return change;
    const column = this.#tables.currentColumn(this.#tables.get(table), change.column);
    return column === undefined ? undefined : { ...change, column };
  }

  /** Counts rows for findings other than failures. */
  async #count(table: string, where?: string): Promise<number | undefined> {
    return this.#scope === "all" ? (await this.#rows.rows(table, where)).rows : undefined;
  }

  /** Follows one effect of a statement and returns the findings about it. */
  async apply(effect: Effect): Promise<Finding[]> {
    switch (effect.kind) {
      case "createTable":
        this.#tables.set(effect.table, { ...newState(undefined), definition: effect.definition });
        return [];
      case "dropTable":
        return this.#dropTable(effect.table);
      case "renameTable":
        this.#tables.rename(effect.table, effect.to);
        return [];
      case "renameColumn":
        this.#tables.renameColumn(effect);
        return [];
      case "dropColumn":
        return this.#dropColumn(effect.table, effect.column);
      case "copy":
        return this.#copy(effect);
      case "deleteRows":
        return this.#deleteRows(effect);
      case "changeRows": {
        const state = this.#tables.get(effect.table);
        if (effect.columns) for (const column of effect.columns) state.changedColumns.add(key(column));
        else state.rowsChanged = true;
        return [];
      }
      default:
        return this.#checkConstraints(effect);
    }
  }

  // Losses

  async #dropTable(table: string): Promise<Finding[]> {
    const state = this.#tables.get(table);
    this.#tables.drop(table);
    if (state.origin === undefined) return [];
    if (state.copy) return this.#lostColumns(state.origin, state.copy.values);
    const rows = await this.#count(state.origin);
    return finding(rows, (count) => ({
      kind: "loses-rows",
      table: state.origin!,
      text: `table "${state.origin}" is dropped with ${pluralize(count, "row")}`,
    }));
  }

  /** A column that no value of the copy mentions is lost. */
  async #lostColumns(origin: string, values: readonly string[]): Promise<Finding[]> {
    const columns = this.#scope === "all" ? await this.#rows.columns(origin) : [];
    const isKept = (column: string) => values.some((value) => mentions(value, column, this.#dialect.quoting));
    const findings: Finding[] = [];
    for (const column of columns) if (!isKept(column)) findings.push(...(await this.#lostValues(origin, column)));
    return findings;
  }

  async #dropColumn(table: string, column: string): Promise<Finding[]> {
    const state = this.#tables.get(table);
    const own = this.#tables.currentColumn(state, column);
    return state.origin === undefined || own === undefined ? [] : this.#lostValues(state.origin, own);
  }

  async #lostValues(table: string, column: string): Promise<Finding[]> {
    const rows = await this.#count(table, `${this.#dialect.quote(column)} IS NOT NULL`);
    return finding(rows, (count) => ({
      kind: "loses-values",
      table,
      text: `column "${column}" of "${table}" is dropped with its values in ${pluralize(count, "row")}`,
    }));
  }

  async #deleteRows({ table, where }: Extract<Effect, { kind: "deleteRows" }>): Promise<Finding[]> {
    const state = this.#tables.get(table);
    const isFollowed = state.origin !== undefined && !state.rowsChanged;
    state.rowsChanged = true;
    if (!isFollowed || this.#scope !== "all") return [];
    const rows = await this.#count(state.origin!, where);
    if (rows === 0) return [];
    const text = `rows of "${state.origin}" are deleted${rows === undefined ? "" : `: ${rows}`}`;
    return [{ kind: "deletes-rows", table: state.origin!, text, rows }];
  }

  // Rebuilds and locks

  /** The rows of one table are copied into a new one, as in a rebuild on SQLite. */
  async #copy({ into, columns, from, values }: Extract<Effect, { kind: "copy" }>): Promise<Finding[]> {
    const [source, target] = [this.#tables.get(from), this.#tables.get(into)];
    if (source.origin === undefined || target.origin !== undefined) {
      target.rowsChanged = true;
      return [];
    }
    const now = values.map((value) => this.#tables.currentExpression(value, source));
    source.copy = { into, values: now };
    const plain = columns.map((column, index) => [key(column), plainName(now[index] ?? "")] as const);
    const followed = plain.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
    const isFollowed = !source.rowsChanged && source.changedColumns.size === 0 && source.othersAreSame;
    this.#tables.set(into, {
      ...newState(source.origin),
      columns: new Map(isFollowed ? followed : []),
      othersAreSame: false,
      rowsChanged: source.rowsChanged || source.changedColumns.size > 0,
    });
    const rows = await this.#count(source.origin);
    const rebuilt = finding(rows, (count) => ({
      kind: "rebuilds",
      table: source.origin!,
      text: `table "${source.origin}" is rebuilt: ${pluralize(count, "row")} copied`,
    }));
    if (!isFollowed) return rebuilt;
    return [...rebuilt, ...(await this.#checkNewConstraints(source.origin, target.definition, columns, now))];
  }

  /** Only constraints that the table does not have already can fail. */
  async #checkNewConstraints(
    table: string,
    definition: readonly RowConstraint[],
    columns: readonly string[],
    values: readonly string[],
  ): Promise<Finding[]> {
    const valueOf = (column: string) => values[columns.findIndex((one) => one.toLowerCase() === column.toLowerCase())];
    const spelled = (part: RowConstraint) => JSON.stringify(part).toLowerCase();
    const old = new Set((await this.#rows.definition(table)).map(spelled));
    const fresh = definition.filter((part) => !old.has(spelled(this.#withCurrentNames(part, valueOf))));
    const findings: Finding[] = [];
    for (const part of fresh) findings.push(...(await this.#checkConstraint(part, table, columns, valueOf)));
    return findings;
  }

  /** A constraint with the present names of its columns, where they are copied unchanged. */
  #withCurrentNames(part: RowConstraint, valueOf: (column: string) => string | undefined): RowConstraint {
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
        const parent = this.#tables.get(part.parent);
        const parentColumns = part.parentColumns.map((column) => this.#tables.currentColumn(parent, column) ?? column);
        return { ...part, columns: part.columns.map(nameNow), parent: parent.origin ?? part.parent, parentColumns };
      }
    }
  }

  async #checkConstraint(
    part: RowConstraint,
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

  // Constraints that the existing rows must meet

  async #checkConstraints(effect: Effect): Promise<Finding[]> {
    if (!("table" in effect)) return [];
    const state = this.#tables.get(effect.table);
    if (state.origin === undefined || state.rowsChanged) {
      if (effect.kind === "addColumn") state.rowsChanged = true;
      return [];
    }
    const { origin } = state;
    switch (effect.kind) {
      case "addColumn":
        // MySQL fills in zero or an empty string.
        if (!effect.notNull || effect.hasDefault || this.#dialect.hasImplicitDefaults) return [];
        return finding((await this.#rows.rows(origin)).rows, (count) => ({
          kind: "must-fail",
          table: origin,
          text: `"${effect.column}" of "${origin}" is NOT NULL without a default, and ${pluralize(count, "row")} would have no value`,
        }));
      case "setNotNull": {
        const column = this.#tables.unchangedColumn(state, effect.column);
        return column === undefined ? [] : this.#nulls(origin, effect.column, `${this.#dialect.quote(column)} IS NULL`);
      }
      case "unique": {
        const columns = effect.columns.map((column) => this.#tables.unchangedColumn(state, column));
        if (columns.includes(undefined)) return [];
        const names = columns.map((column) => this.#dialect.quote(column!));
        // A condition on names or values that do not exist yet cannot be checked now.
        const where = effect.where && this.#tables.unchangedExpression(state, effect.where);
        if (effect.where !== undefined && where === undefined) return [];
        return this.#duplicates(origin, effect.columns, names, where);
      }
      case "check": {
        const expression = this.#tables.unchangedExpression(state, effect.expression);
        return expression === undefined ? [] : this.#failing(origin, expression);
      }
      case "foreignKey": {
        const columns = effect.columns.map((column) => this.#tables.unchangedColumn(state, column));
        const quoted = columns.flatMap((column) => (column === undefined ? [] : [this.#dialect.quote(column)]));
        return quoted.length < columns.length ? [] : this.#dangling(origin, quoted, effect);
      }
      default:
        return [];
    }
  }

  async #nulls(table: string, column: string, condition: string): Promise<Finding[]> {
    return findingWithQuery(await this.#rows.rows(table, condition), (count) => ({
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
    return findingWithQuery(await this.#rows.duplicates(table, values, where), (count) => ({
      kind: "must-fail",
      table,
      text: `${columns.map((column) => `"${column}"`).join(", ")} of "${table}" becomes unique, and ${pluralize(count, "value is", "values are")} there more than once`,
    }));
  }

  async #failing(table: string, expression: string, columns?: string): Promise<Finding[]> {
    return findingWithQuery(await this.#rows.failing(table, expression, columns), (count) => ({
      kind: "must-fail",
      table,
      text: `${pluralize(count, "row")} of "${table}" ${count === 1 ? "does" : "do"} not meet CHECK (${expression.trim()})`,
    }));
  }

  /** @param values the values of the child's columns, as expressions over the table as it is now */
  async #dangling(child: string, values: readonly string[], key: KeyTarget): Promise<Finding[]> {
    const parent = this.#tables.get(key.parent);
    const own = key.parentColumns.map((column) => this.#tables.unchangedColumn(parent, column));
    // A new parent may get its rows in this migration.
    if (parent.origin === undefined || parent.rowsChanged || own.includes(undefined)) return [];
    const rows = await this.#rows.dangling(child, values, parent.origin, own as string[]);
    return findingWithQuery(rows, (count) => ({
      kind: "must-fail",
      table: child,
      text: `${pluralize(count, "row")} of "${child}" point${count === 1 ? "s" : ""} at no row of "${parent.origin}"`,
    }));
  }
}

/** `17 MB` */
function byteText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** The name of the column, if the expression is nothing else. */
function plainName(value: string): string | undefined {
  return /^(?:"((?:[^"]|"")+)"|`([^`]+)`|([\p{L}_][\p{L}\p{N}_$]*))$/u.exec(value.trim())?.slice(1).find(Boolean);
}

/** MySQL changes a table's columns one by one, so that the same finding may come several times. */
function withoutDuplicates(findings: readonly Finding[]): Finding[] {
  const isFirst = (one: Finding, at: number) =>
    findings.findIndex((other) => other.kind === one.kind && other.text === one.text) === at;
  return findings.filter(isFirst);
}
