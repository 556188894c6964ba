import { describe } from "../../dialect/schema/describe";
import { findTable } from "../../dialect/schema/model";
import { pluralize } from "../../text";
import type { MigrationContext } from "../context";
import type { MigrationFile } from "../files/files";
import { plainDifference } from "../generate/resolve/resolver";
import { readWanted } from "../generate/schemas";
import type { RunContext, RunOptions } from "../run/context";
import { addSampleRows } from "../scratch/sample-rows";
import { type Snapshot, schemaDifferences } from "../scratch/snapshot";
import { type Trial, withTrial } from "./trial";
import { isStatementError } from "../../typeorm/data-source";

/**
 * - `proven`: up works, down restores the schema, and up works again;
 * - `irreversible`: down throws before it changes anything;
 * - `failed`: up or down fails, or down does not restore the schema.
 */
export type VerifyStatus = "proven" | "irreversible" | "failed";

export interface VerifiedMigration {
  readonly migration: MigrationFile;
  readonly status: VerifyStatus;
  /** What is wrong, or why `down` is impossible; empty for a proven one. */
  readonly problem: string;
  /** What `down` cannot restore, a line each. */
  readonly losses: readonly string[];
  /** Whether the failure is lost rows. */
  readonly losesRows?: boolean;
}

export interface Verification {
  readonly migrations: readonly VerifiedMigration[];
  /** What the entities declare and the migrations do not create, a line each; undefined when a migration failed. */
  readonly differences: readonly string[] | undefined;
}

/**
 * Runs the whole history on a scratch database: each migration up, down and up, and then all of it down and up; first with
 * empty tables, then with rows in them. The project's database is read for its kind and settings only.
 */
export async function verify(
  context: MigrationContext,
  running: RunContext,
  options: RunOptions,
  notify: (verified: VerifiedMigration) => void,
): Promise<Verification> {
  const verification = await verifyTwice(context, running, options);
  for (const one of verification.migrations) notify(one);
  return verification;
}

async function verifyTwice(context: MigrationContext, running: RunContext, options: RunOptions): Promise<Verification> {
  const empty = await withTrial(context, running, options, async (trial) => {
    const migrations = await new Verifier(trial, false).verifyAll();
    return { migrations, differences: hasFailed(migrations) ? undefined : await entityDifferences(context, trial) };
  });
  if (!empty.differences) return empty;
  const filled = await withTrial(context, running, options, (trial) => new Verifier(trial, true).verifyAll());
  const migrations = empty.migrations.map((one, index) => withRows(one, filled[index]));
  const failed = migrations.findIndex(({ status }) => status === "failed");
  if (failed < 0) return { migrations, differences: empty.differences };
  return { migrations: migrations.slice(0, failed + 1), differences: undefined };
}

function hasFailed(migrations: readonly VerifiedMigration[]): boolean {
  return migrations.some(({ status }) => status === "failed");
}

/** What the entities have and the migrations do not create, a line each. */
async function entityDifferences(context: MigrationContext, { scratch, scope }: Trial): Promise<string[]> {
  // A DataSource that names no entities says nothing of the schema: migrations that are written by hand, without an application.
  if (Object.values(context.dataSource.options.entities ?? []).length === 0) return [];
  const wanted = await readWanted(context, scratch.runner);
  const { operations } = await plainDifference(scratch.runner, { ...wanted, actual: await scratch.read(scope) });
  return operations.map(describe);
}

/**
 * With sample rows, a migration may fail that works with the project's own (a value that does not fit, a duplicate key);
 * so only lost rows count as a failure.
 */
function withRows(empty: VerifiedMigration, filled: VerifiedMigration | undefined): VerifiedMigration {
  if (!filled) return empty;
  return { ...empty, losses: filled.losses, ...(filled.losesRows && { status: "failed", problem: filled.problem }) };
}

class Verifier {
  readonly #trial: Trial;
  readonly #withRows: boolean;

  constructor(trial: Trial, withRows: boolean) {
    this.#trial = trial;
    this.#withRows = withRows;
  }

  async verifyAll(): Promise<VerifiedMigration[]> {
    const start = await this.#trial.snapshot();
    const verified: VerifiedMigration[] = [];
    for (const migration of this.#trial.running.files) {
      const one = await this.#verifyOne(migration);
      verified.push(one);
      // The migrations after it need its schema.
      if (one.status === "failed") return verified;
    }
    const last = verified.at(-1);
    if (!last || verified.some(({ status }) => status !== "proven")) return verified;
    const problem = await this.#verifyWhole(start);
    return problem ? [...verified.slice(0, -1), { ...last, status: "failed", problem }] : verified;
  }

  async #verifyOne(migration: MigrationFile): Promise<VerifiedMigration> {
    const trial = this.#trial;
    const failed = (problem: string) => ({ migration, status: "failed", problem, losses: [] }) as const;
    const before = await trial.snapshot();
    const upError = await trial.up(migration.name);
    if (upError) return failed(upError.message);
    const after = await trial.snapshot();

    const downError = await trial.down("-1");
    if (downError) return this.#verifyIrreversible(migration, downError, before, after);
    const back = await trial.snapshot();
    const changed = await schemaDifferences(trial.scratch, back.schema, before.schema);
    if (changed.length > 0) return failed(`down does not restore the schema: ${changed.join("; ")}`);
    const [lost, losses] = lostRows(before, back, after);
    if (lost.length > 0) return { ...failed(`up and down lose ${lost.join(" and ")}`), losesRows: true };

    const againError = await trial.up(migration.name);
    if (againError) return failed(`up does not work after down: ${againError.message}`);
    const again = await trial.differences(after.schema);
    if (again.length > 0) return failed(`up after down leads to another schema: ${again.join("; ")}`);
    await this.#addSamples(before, after);
    return { migration, status: "proven", problem: "", losses };
  }

  /** A down that throws is irreversible if it has changed nothing. */
  async #verifyIrreversible(
    migration: MigrationFile,
    error: Error,
    before: Snapshot,
    after: Snapshot,
  ): Promise<VerifiedMigration> {
    const isRefusal = isThrownByMigration(error) && (await this.#trial.differences(after.schema)).length === 0;
    if (isRefusal) await this.#addSamples(before, after);
    return { migration, status: isRefusal ? "irreversible" : "failed", problem: error.message, losses: [] };
  }

  async #verifyWhole(start: Snapshot): Promise<string | undefined> {
    const trial = this.#trial;
    const head = await trial.snapshot();
    const down = await trial.down("base");
    if (down) return `down to base, with rows in the tables: ${down.message}`;
    const atBase = await trial.differences(start.schema);
    if (atBase.length > 0) return `down to base leaves: ${atBase.join("; ")}`;
    const up = await trial.up();
    if (up) return `up from base for the second time: ${up.message}`;
    const atHead = await trial.differences(head.schema);
    return atHead.length > 0 ? `up from base leads to another schema the second time: ${atHead.join("; ")}` : undefined;
  }

  async #addSamples(before: Snapshot, after: Snapshot): Promise<void> {
    if (!this.#withRows) return;
    const added = after.schema.tables.filter((table) => !findTable(before.schema, table));
    await addSampleRows(this.#trial.scratch.runner, added, after.schema.enums, this.#trial.dialect);
  }
}

/** Whether the migration threw the error itself; else it is that of a statement. */
function isThrownByMigration(error: Error): boolean {
  const { code, cause } = error as { code?: string; cause?: unknown };
  return code === "migrate/failed" && !isStatementError(cause);
}

/**
 * Rows of tables that were there all the time must be there still. Values that changed, and rows of a table that was
 * dropped and made again, are losses that a migration may have meant.
 */
function lostRows(before: Snapshot, back: Snapshot, between: Snapshot): [gone: string[], losses: string[]] {
  const gone: string[] = [];
  const losses: string[] = [];
  for (const [name, rows] of before.rows) {
    const now = back.rows.get(name) ?? [];
    const missing = rows.length - now.length;
    const stayed = between.rows.has(name);
    if (missing > 0 && stayed) gone.push(`${pluralize(missing, "row")} of "${name}"`);
    else if (missing > 0) losses.push(`down creates "${name}" again, without its rows`);
    else if (rows.join("\n") !== now.join("\n")) losses.push(`down leaves other values in "${name}" than there were`);
  }
  return [gone, losses];
}
