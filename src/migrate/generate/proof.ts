import type { MigrationInterface } from "typeorm";
import { RetortError, driverErrorOf, shortMessage } from "../../errors";
import type { Plan, SchemaDialect, Scope } from "../../dialect/schema/dialect";
import { type Column, type ObjectName, type Schema, displayName, isSameObject } from "../../dialect/schema/model";
import type { Operation } from "../../dialect/schema/operation";
import { describe } from "../../dialect/schema/describe";
import type { MigrationContext } from "../context";
import { type ScratchDatabase, withScratch } from "../scratch/scratch";
import { missingBeside, schemaDifferences } from "../scratch/snapshot";
import { shorten } from "../history/statement";
import { copyDiffers } from "../errors";
import { type Difference, plainDifference } from "./resolve/resolver";
import { loadMigration } from "./render";
import { proofFailed, rowsDoNotAllow, downRefused } from "./errors";

/** Whether the migration was tried on a scratch copy of the database, and on how many rows. */
export type Proof =
  | {
      readonly status: "proven";
      /** Whether the copy had every row of the database. */
      readonly complete: boolean;
      /** Rows that were the same before and after, up and down. */
      readonly rows: number;
      /** What the database keeps beside its definitions and down does not restore, as statements. */
      readonly notRestored?: readonly string[];
    }
  | { readonly status: "not proven"; readonly reason: string };

/** More rows of a table than this are not copied: the proof is about the statements, and a table may be large. */
const ROWS_A_TABLE = 10_000;

/** The migration that is to be proven. */
interface Candidate {
  readonly difference: Difference;
  readonly up: Plan;
  readonly down: Plan;
  readonly className: string;
  readonly transaction: boolean | undefined;
}

/**
 * Runs the text of the migration on a scratch copy of the database, up and down. Where the database allows no copy, the
 * migration is not proven.
 *
 * @throws migrate/proof where the difference is not empty after up, a row that stays has changed, or schema or rows after
 *   down are not as before; migrate/rows where the rows do not allow the migration
 */
export async function prove(context: MigrationContext, candidate: Candidate): Promise<Proof> {
  try {
    const first = await attempt(context, candidate, ROWS_A_TABLE);
    // A down that throws while there are rows is tried again without any.
    if (first.isRefused) await attempt(context, candidate, 0);
    const { complete, rows, notRestored } = first;
    return { status: "proven", complete, rows, ...(notRestored.length > 0 && { notRestored }) };
  } catch (error) {
    if (isCopyImpossible(error)) return { status: "not proven", reason: error.message };
    throw error;
  }
}

function isCopyImpossible(error: unknown): error is RetortError {
  return error instanceof RetortError && ["migrate/no-scratch", "migrate/no-copy"].includes(error.code);
}

interface Attempt {
  readonly complete: boolean;
  readonly rows: number;
  /** Whether down threw while there were rows, as the file says that it does. */
  readonly isRefused: boolean;
  readonly notRestored: readonly string[];
}

function attempt(context: MigrationContext, candidate: Candidate, limit: number): Promise<Attempt> {
  return withScratch(context, { entities: false }, async (scratch) => {
    const complete = await scratch.copy(candidate.difference.scope, limit);
    await expectCopy(scratch, candidate.difference);
    return { complete, ...(await new ProofRun(candidate, scratch, complete).run()) };
  });
}

/** A proof on a copy that is not the database says nothing. @throws migrate/no-copy */
async function expectCopy(scratch: ScratchDatabase, { actual, scope }: Difference): Promise<void> {
  const copy = await scratch.read(scope);
  const differences = [...(await schemaDifferences(scratch, copy, actual)), ...missingBeside(copy, actual)];
  if (differences.length > 0) throw copyDiffers(differences);
}

class ProofRun {
  readonly #dialect: SchemaDialect;
  readonly #scope: Scope;
  readonly #kept: readonly KeptTable[];
  readonly #migration: MigrationInterface;

  constructor(
    readonly candidate: Candidate,
    readonly scratch: ScratchDatabase,
    readonly complete: boolean,
  ) {
    this.#migration = loadMigration({
      className: candidate.className,
      transaction: candidate.transaction,
      up: candidate.up.steps,
      down: candidate.down.steps,
    });
    this.#dialect = candidate.difference.dialect;
    this.#scope = candidate.difference.scope;
    this.#kept = keptTables(candidate.difference.actual, candidate.difference.operations);
  }

  async run(): Promise<Omit<Attempt, "complete">> {
    const problems = await this.#problems();
    const before = await this.#rows("before");

    await this.#up();
    await this.#expectNoDifference();
    await this.#expectNoNewProblems(problems, "up");
    expectSameRows(before, await this.#rows("after"), "up");

    const isRefused = await this.#isDownRefused();
    if (isRefused) return { rows: count(before), isRefused, notRestored: [] };
    const notRestored = await this.#expectSchemaAsBefore();
    await this.#expectNoNewProblems(problems, "down");
    expectSameRows(before, await this.#rows("before"), "down");
    return { rows: count(before), isRefused, notRestored };
  }

  async #up(): Promise<void> {
    try {
      await this.scratch.run((runner) => this.#migration.up(runner));
    } catch (error) {
      if (!this.#dialect.isDataError(error)) throw this.#failed("up", error);
      // The database names the first row only; `lint` finds all of them, in the project's own tables.
      const { findFailures } = require("../lint/lint") as typeof import("../lint/lint");
      throw rowsDoNotAllow(await findFailures(this.scratch.source, this.#migration.up), error);
    }
  }

  /** Whether down threw as the file says that it does. */
  async #isDownRefused(): Promise<boolean> {
    const refusals = this.candidate.down.steps.flatMap((step) =>
      step.statements.flatMap((one) => (one.kind === "assertNoRows" ? [one.message] : [])),
    );
    try {
      await this.scratch.run((runner) => this.#migration.down(runner));
      return false;
    } catch (error) {
      if (refusals.some((message) => shortMessage(error).includes(message))) return true;
      throw this.#dialect.isDataError(error) ? downRefused(this.#withoutValues(), error) : this.#failed("down", error);
    }
  }

  #failed(direction: "up" | "down", error: unknown): Error {
    return proofFailed(`${direction} fails: ${withDetail(error)}`, error);
  }

  /** Dropped columns for which no value on the way back is given. */
  #withoutValues(): string[] {
    return this.candidate.difference.operations.flatMap((one) =>
      one.kind === "dropColumn" && one.backfill === undefined && !one.column.generated
        ? [`${one.table.name}.${one.column.name}`]
        : [],
    );
  }

  async #expectNoDifference(): Promise<void> {
    const actual = await this.scratch.read(this.#scope);
    const { operations } = await plainDifference(this.scratch.runner, { ...this.candidate.difference, actual });
    if (operations.length > 0)
      throw proofFailed(`after up there is still a difference: ${operations.map(describe).join("; ")}`);
  }

  /** What of the rest is not as before. */
  async #expectSchemaAsBefore(): Promise<string[]> {
    const now = await this.scratch.read(this.#scope);
    const differences = await schemaDifferences(this.scratch, now, this.candidate.difference.actual);
    if (differences.length > 0) throw proofFailed(`down does not restore the schema: ${differences.join("; ")}`);
    return missingBeside(now, this.candidate.difference.actual);
  }

  #problems(): Promise<string[]> {
    // Without all rows, keys dangle that do not in the project's database.
    return this.complete ? this.scratch.problems() : Promise.resolve([]);
  }

  async #expectNoNewProblems(before: readonly string[], direction: string): Promise<void> {
    const added = (await this.#problems()).filter((problem) => !before.includes(problem));
    if (added.length > 0) throw proofFailed(`after ${direction}, ${added.slice(0, 3).join("; ")}`);
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

/** A table that stays, with the columns whose values stay. */
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
      if (operation.kind === "renameTable" && isSameObject(operation.from, name)) name = operation.to;
      else if (operation.kind === "dropTable" && isSameObject(operation.table, name)) return [];
      else if (!("table" in operation) || !isSameObject(operation.table, name)) continue;
      else if (operation.kind === "renameColumn")
        columns = columns.map((one) => (one.after === operation.from ? { ...one, after: operation.to } : one));
      else if (operation.kind === "dropColumn") columns = columns.filter((one) => one.after !== operation.column.name);
      else if (operation.kind === "alterColumn" && mayChangeValues(operation))
        columns = columns.filter((one) => one.after !== operation.after.name);
    }
    return [{ before: table, after: name, columns }];
  });
}

/** Whether values of the column's enum type are replaced. */
function hasOtherValues({ enumType }: Column, operations: readonly Operation[]): boolean {
  return operations.some(
    (operation) =>
      operation.kind === "changeEnum" &&
      (operation.replaced !== undefined || operation.removed !== undefined) &&
      enumType !== undefined &&
      isSameObject(operation.name, enumType),
  );
}

function mayChangeValues({ before, after, backfill, replaced }: Extract<Operation, { kind: "alterColumn" }>): boolean {
  const isOtherType = before.type !== after.type || before.charset !== after.charset;
  return isOtherType || backfill !== undefined || replaced !== undefined || Boolean(after.generated);
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

/** The message with the statement, and what PostgreSQL says besides: the objects that depend on what is changed. */
function withDetail(error: unknown): string {
  const { detail } = (driverErrorOf(error) ?? {}) as { detail?: unknown };
  const { query } = (error ?? {}) as { query?: unknown };
  const more = [detail, typeof query === "string" ? shorten(query) : undefined].filter(
    (one) => typeof one === "string",
  );
  return shortMessage(error) + more.map((text) => ` (${text.replace(/\s+/g, " ")})`).join("");
}
