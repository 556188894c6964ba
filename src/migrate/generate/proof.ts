import type { MigrationInterface, QueryRunner } from "typeorm";
import { shortMessage } from "../../errors";
import type { Plan, SchemaDialect, Scope, Scratch } from "../../dialect/schema/dialect";
import {
  type Column,
  type ObjectName,
  type Schema,
  type Table,
  findTable,
  displayName,
} from "../../dialect/schema/model";
import type { Operation } from "../../dialect/schema/operation";
import { describe } from "../../dialect/schema/describe";
import { compare } from "./compare";
import type { MigrationContext } from "../context";
import { type Difference, plainDifference } from "./resolve/resolver";
import { renderFile } from "./render";
import { proofFailed, rowsRefuse, downRefused } from "./errors";

/** What was tried, and on how many rows. */
export interface Proof {
  /** Whether every row of the database was on the scratch database. */
  readonly complete: boolean;
  /** Rows that were there before and after, up and down. */
  readonly rows: number;
}

/** More rows a table than this are not copied: the proof is about the statements, and a table may be large. */
const ROWS_A_TABLE = 10_000;

interface Tried {
  readonly difference: Difference;
  readonly up: Plan;
  readonly down: Plan;
  readonly className: string;
}

/**
 * Runs the very text of the migration on a scratch copy of the database, up and down, and throws where the difference
 * is not empty after up, a kept row changed, or the schema or the rows after down are not what they were.
 */
export async function prove(context: MigrationContext, tried: Tried): Promise<Proof> {
  const source = context.dataSource.createQueryRunner();
  try {
    const first = await trial(context, tried, source, ROWS_A_TABLE);
    // A way back that must refuse while there are rows is tried again without any.
    if (first.isRefused) await trial(context, tried, source, 0);
    return { complete: first.complete, rows: first.rows };
  } finally {
    await source.release();
  }
}

async function trial(
  { dataSource }: MigrationContext,
  tried: Tried,
  source: QueryRunner,
  limit: number,
): Promise<Proof & { readonly isRefused: boolean }> {
  const scratch = await tried.difference.dialect.openScratch(dataSource);
  try {
    const complete = await scratch.copy(source, tried.difference.actual, limit);
    return { complete, ...(await new Trial(tried, source, scratch, complete).run()) };
  } finally {
    await scratch.close();
  }
}

class Trial {
  readonly #dialect: SchemaDialect;
  readonly #scope: Scope;
  readonly #kept: readonly KeptTable[];
  readonly #migration: MigrationInterface;

  constructor(
    readonly tried: Tried,
    readonly source: QueryRunner,
    readonly scratch: Scratch,
    readonly complete: boolean,
  ) {
    this.#migration = load(tried);
    this.#dialect = tried.difference.dialect;
    this.#scope = tried.difference.scope;
    this.#kept = keptTables(tried.difference.actual, tried.difference.operations);
  }

  async run(): Promise<{ rows: number; isRefused: boolean }> {
    const complaints = await this.#complaints();
    const before = await this.#rows("before");

    await this.#try("up", (runner) => this.#migration.up(runner));
    await this.#expectNoDifference();
    await this.#expectNoNewComplaints(complaints, "up");
    expectSameRows(before, await this.#rows("after"), "up");

    const isRefused = await this.#tryDown();
    if (isRefused) return { rows: count(before), isRefused };
    await this.#expectSchemaAsBefore();
    await this.#expectNoNewComplaints(complaints, "down");
    expectSameRows(before, await this.#rows("before"), "down");
    return { rows: count(before), isRefused };
  }

  async #try(direction: "up" | "down", work: (runner: QueryRunner) => Promise<void>): Promise<void> {
    try {
      await this.scratch.run(work);
    } catch (error) {
      throw await this.#failure(direction, error);
    }
  }

  /** The database names the first thing only; `lint` finds all of them, in the tables themselves. */
  async #failure(direction: "up" | "down", error: unknown): Promise<Error> {
    if (!this.#dialect.isDataError(error)) return proofFailed(`${direction} fails: ${shortMessage(error)}`, error);
    if (direction === "down") return downRefused(this.#withoutValues(), error);
    const { failuresOf } = require("../lint/lint") as typeof import("../lint/lint");
    return rowsRefuse(await failuresOf(this.source, this.#migration.up), error);
  }

  /** Dropped columns of which nobody has said what rows get when they come back. */
  #withoutValues(): string[] {
    return this.tried.difference.operations.flatMap((one) =>
      one.kind === "dropColumn" && one.backfill === undefined && !one.column.generated
        ? [`${one.table.name}.${one.column.name}`]
        : [],
    );
  }

  /** Whether the way back refused, as the file says that it does. */
  async #tryDown(): Promise<boolean> {
    const refusals = this.tried.down.steps.flatMap((step) =>
      step.statements.flatMap((one) => (one.kind === "assertNoRows" ? [one.message] : [])),
    );
    try {
      await this.scratch.run((runner) => this.#migration.down(runner));
      return false;
    } catch (error) {
      if (!refusals.some((message) => shortMessage(error).includes(message))) {
        throw await this.#failure("down", error);
      }
      return true;
    }
  }

  async #expectNoDifference(): Promise<void> {
    const actual = await this.scratch.read(this.#scope);
    const { operations } = plainDifference({ ...this.tried.difference, actual });
    if (operations.length > 0)
      throw proofFailed(`after up there is still a difference: ${operations.map(describe).join("; ")}`);
  }

  async #expectSchemaAsBefore(): Promise<void> {
    const now = await this.scratch.read(this.#scope);
    const operations = compare(now, this.tried.difference.actual, this.#dialect);
    if (operations.length > 0) throw proofFailed(`down does not lead back: ${operations.map(describe).join("; ")}`);
    for (const table of this.tried.difference.actual.tables) {
      const other = findTable(now, table)!;
      const isSame = table.stored === undefined || this.#dialect.sameExpression(table.stored, other.stored!);
      if (!isSame) throw proofFailed(`down leaves ${displayName(table)} as ${other.stored}`);
      const triggers = (one: Table) => one.triggers.map(({ name }) => name).sort();
      if (triggers(table).join() !== triggers(other).join())
        throw proofFailed(`down loses a trigger of ${displayName(table)}`);
    }
  }

  #complaints(): Promise<string[]> {
    // Rows that stayed behind leave keys that dangle: that says nothing.
    return this.complete ? this.scratch.problems() : Promise.resolve([]);
  }

  async #expectNoNewComplaints(before: readonly string[], direction: string): Promise<void> {
    const fresh = (await this.#complaints()).filter((complaint) => !before.includes(complaint));
    if (fresh.length > 0) throw proofFailed(`after ${direction}, ${fresh.slice(0, 3).join("; ")}`);
  }

  async #rows(when: "before" | "after"): Promise<Map<string, string[]>> {
    const rows = new Map<string, string[]>();
    for (const table of this.#kept) {
      const columns = table.columns.map((column) => column[when]);
      rows.set(displayName(table.before), await this.scratch.rows(table[when], columns));
    }
    return rows;
  }
}

/** A table that survives, with the columns whose values do. */
interface KeptTable {
  readonly before: ObjectName;
  readonly after: ObjectName;
  readonly columns: readonly { readonly before: string; readonly after: string }[];
}

function keptTables(actual: Schema, operations: readonly Operation[]): KeptTable[] {
  return actual.tables.flatMap((table) => {
    let name: ObjectName = table;
    let columns = table.columns
      .filter((column) => !column.generated && !hasOtherValues(column, operations))
      .map((column) => ({ before: column.name, after: column.name }));
    for (const operation of operations) {
      if (operation.kind === "renameTable" && isSame(operation.from, name)) name = operation.to;
      else if (operation.kind === "dropTable" && isSame(operation.table, name)) return [];
      else if (!("table" in operation) || !isSame(operation.table, name)) continue;
      else if (operation.kind === "renameColumn")
        columns = columns.map((one) => (one.after === operation.from ? { ...one, after: operation.to } : one));
      else if (operation.kind === "dropColumn") columns = columns.filter((one) => one.after !== operation.column.name);
      else if (operation.kind === "alterColumn" && mayChangeValues(operation))
        columns = columns.filter((one) => one.after !== operation.after.name);
    }
    return [{ before: table, after: name, columns }];
  });
}

/** Whether values of the column's own type become others. */
function hasOtherValues({ enumType }: Column, operations: readonly Operation[]): boolean {
  return operations.some(
    (operation) =>
      operation.kind === "changeEnum" &&
      operation.replaced !== undefined &&
      enumType !== undefined &&
      isSame(operation.name, enumType),
  );
}

function mayChangeValues({ before, after, backfill, replaced }: Extract<Operation, { kind: "alterColumn" }>): boolean {
  return before.type !== after.type || backfill !== undefined || replaced !== undefined || Boolean(after.generated);
}

function isSame(a: ObjectName, b: ObjectName): boolean {
  return a.name === b.name && a.schema === b.schema;
}

function expectSameRows(
  before: ReadonlyMap<string, string[]>,
  after: ReadonlyMap<string, string[]>,
  direction: string,
): void {
  for (const [table, rows] of before) {
    const now = after.get(table)!;
    if (now.length !== rows.length)
      throw proofFailed(`${direction} leaves ${now.length} of the ${rows.length} rows of ${table}`);
    const at = rows.findIndex((row, position) => row !== now[position]);
    if (at !== -1) throw proofFailed(`${direction} changes a row of ${table}: (${rows[at]!}) becomes (${now[at]!})`);
  }
}

function count(rows: ReadonlyMap<string, string[]>): number {
  return [...rows.values()].reduce((sum, { length }) => sum + length, 0);
}

/** The migration from its own text, so that what is proven is what is written: statements, literals, recipe. */
function load({ up, down, className }: Tried): MigrationInterface {
  const text = renderFile({ className, up: up.steps, down: down.steps }, { language: "js", moduleFormat: "cjs" });
  const module = { exports: undefined as unknown as new () => MigrationInterface };
  (new Function("module", text) as (module: object) => void)(module);
  return new module.exports();
}
