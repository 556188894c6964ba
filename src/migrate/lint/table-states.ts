import type { Dialect } from "../../dialect/dialect";
import { mentions, withNames } from "../../dialect/schema/tokens";
import type { Effect, RowConstraint } from "./effects";

/** A table after the statements so far, and where its rows are in the database as it is now. */
export interface TableState {
  /** The table that has its rows now; undefined for a new one. */
  readonly origin: string | undefined;
  /** New name of a column → its present name. */
  readonly columns: Map<string, string>;
  /** Whether columns that are not listed have their present names; if not, the origin of their values is not known. */
  readonly othersAreSame: boolean;
  /** Statements have changed rows in ways that are not analyzed: the present rows prove nothing. */
  rowsChanged: boolean;
  /** Columns, by their new names, whose values statements have changed. */
  readonly changedColumns: Set<string>;
  /** The constraints of a new table. */
  readonly definition: readonly RowConstraint[];
  /** The table to which all its rows were copied. */
  copy: { readonly into: string; readonly values: readonly string[] } | undefined;
}

/**
 * The tables as the statements so far have left them, in terms of the database as it is now: rows can only be counted
 * there.
 */
export class TableStates {
  readonly #dialect: Dialect;
  readonly #tables = new Map<string, TableState>();
  #isLost = false;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** After a statement that is not known, every row may have changed. */
  markUnknown(): void {
    this.#isLost = true;
    for (const state of this.#tables.values()) state.rowsChanged = true;
  }

  /** The table of that name was dropped or renamed away. */
  drop(table: string): void {
    this.set(table, { ...newState(undefined), rowsChanged: true });
  }

  get(table: string): TableState {
    let state = this.#tables.get(key(table));
    if (!state) this.#tables.set(key(table), (state = { ...newState(table), rowsChanged: this.#isLost }));
    return state;
  }

  set(table: string, state: TableState): void {
    this.#tables.set(key(table), state);
  }

  rename(table: string, to: string): void {
    const state = this.get(table);
    this.drop(table);
    const target = to.includes(".") || !table.includes(".") ? to : `${table.slice(0, table.lastIndexOf(".") + 1)}${to}`;
    this.set(target, state);
  }

  renameColumn({ table, column, to }: Extract<Effect, { kind: "renameColumn" }>): void {
    const state = this.get(table);
    const own = this.currentColumn(state, column);
    if (own === undefined) return;
    if (state.changedColumns.delete(key(column))) state.changedColumns.add(key(to));
    state.columns.delete(key(column));
    state.columns.set(key(to), own);
  }

  /** An expression over a table's columns, with their present names. */
  currentExpression(expression: string, { columns }: TableState): string {
    if (columns.size === 0) return expression;
    return withNames(
      expression,
      (name) => columns.get(key(name)),
      (name) => this.#dialect.quote(name),
      this.#dialect.quoting,
    );
  }

  /** The same, if it can be checked now; undefined where it mentions values that do not exist yet. */
  unchangedExpression(state: TableState, expression: string): string | undefined {
    const quoting = this.#dialect.quoting;
    const isKnown =
      state.othersAreSame && ![...state.changedColumns].some((name) => mentions(expression, name, quoting));
    return isKnown ? this.currentExpression(expression, state) : undefined;
  }

  /** The present name of a column whose values are unchanged. */
  unchangedColumn(state: TableState, column: string): string | undefined {
    return state.changedColumns.has(key(column)) ? undefined : this.currentColumn(state, column);
  }

  /** The present name of a column; undefined where it is not known. */
  currentColumn({ columns, othersAreSame, origin }: TableState, column: string): string | undefined {
    if (origin === undefined) return undefined;
    return columns.get(key(column)) ?? (othersAreSame ? column : undefined);
  }
}

/** A table with the rows of another, or with none. */
export function newState(origin: string | undefined): TableState {
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

export function key(table: string): string {
  return table.toLowerCase();
}
