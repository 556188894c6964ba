import { pluralize } from "../../text";
import { findTable } from "../../dialect/schema/model";
import { check } from "../generate/check";
import type { MigrationContext } from "../context";
import { migrationDatabaseOf } from "../run/databases/database";
import type { MigrationFile } from "../files/files";
import { History } from "../history/history";
import { MigrationLog } from "../history/migration-log";
import { planDown, planUp, type Plan } from "../run/plan";
import { run, type RunObserver, type Running, type RunOptions } from "../run/run";
import { addSampleRows } from "./sample";
import { Snapshots, type Snapshot } from "./snapshot";
import type { MigrationState } from "../history/state";

/**
 * - `proven`: up, down and up again lead where they should;
 * - `irreversible`: its down refuses by itself, before it touches anything;
 * - `failed`: it does not work, or does not lead back.
 */
export type Verdict = "proven" | "irreversible" | "failed";

export interface VerifiedMigration {
  readonly migration: MigrationFile;
  readonly verdict: Verdict;
  /** What is wrong, or why there is no way back; empty for a proven one. */
  readonly problem: string;
  /** What the way back cannot bring back: a line each. */
  readonly losses: readonly string[];
  /** What is wrong is that rows went missing. */
  readonly losesRows?: boolean;
}

export interface Verification {
  readonly migrations: readonly VerifiedMigration[];
  /** What the entities want and the migrations do not make, a line each; undefined when a migration failed. */
  readonly differences: readonly string[] | undefined;
}

/**
 * Runs the whole history on a scratch database: each migration up, down and up, and then all of it down and up; first with
 * empty tables, then with rows in them. The project's database is asked for its kind only.
 */
export async function verify(
  context: MigrationContext,
  running: Running,
  options: RunOptions,
  tell: (verified: VerifiedMigration) => void,
): Promise<Verification> {
  const empty = await onScratch(context, running, async (scratch, own) => {
    const migrations = await new Verifier(scratch, own, options, false).verifyAll();
    const isFailed = migrations.some(({ verdict }) => verdict === "failed");
    return {
      migrations,
      differences: isFailed ? undefined : (await check(scratch)).differences.map(({ text }) => text),
    };
  });
  if (!empty.differences) return told(empty, tell);
  const filled = await onScratch(context, running, (scratch, own) =>
    new Verifier(scratch, own, options, true).verifyAll(),
  );
  const migrations = empty.migrations.map((one, index) => withRows(one, filled[index]));
  const failed = migrations.findIndex(({ verdict }) => verdict === "failed");
  if (failed < 0) return told({ migrations, differences: empty.differences }, tell);
  return told({ migrations: migrations.slice(0, failed + 1), differences: undefined }, tell);
}

function told(verification: Verification, tell: (verified: VerifiedMigration) => void): Verification {
  for (const one of verification.migrations) tell(one);
  return verification;
}

/**
 * With made-up rows, a migration may fail that is right for the project's own (a value that does not fit, a key that is
 * there twice); so only rows that got lost count against it.
 */
function withRows(empty: VerifiedMigration, filled: VerifiedMigration | undefined): VerifiedMigration {
  if (!filled) return empty;
  return { ...empty, losses: filled.losses, ...(filled.losesRows && { verdict: "failed", problem: filled.problem }) };
}

/** Does work on an empty database of the project's kind, which is gone afterwards. */
export async function onScratch<T>(
  context: MigrationContext,
  running: Running,
  work: (context: MigrationContext, running: Running) => Promise<T>,
): Promise<T> {
  const scratch = await running.database.openScratch(context.root);
  const { dataSource } = scratch;
  try {
    const runner = dataSource.createQueryRunner("master");
    const own: Running = {
      ...running,
      history: new History(dataSource),
      ledger: new MigrationLog(dataSource),
      database: migrationDatabaseOf(dataSource, runner),
      runner,
    };
    const result = await work({ ...context, dataSource }, own);
    await runner.release();
    return result;
  } finally {
    await scratch.close();
  }
}

const SILENT: RunObserver = {
  waiting: () => undefined,
  planned: () => undefined,
  begun: () => undefined,
  done: () => undefined,
};

class Verifier {
  readonly #running: Running;
  readonly #options: RunOptions;
  readonly #withRows: boolean;
  readonly #snapshots: Snapshots;

  constructor(context: MigrationContext, running: Running, options: RunOptions, withRows: boolean) {
    this.#running = running;
    this.#options = options;
    this.#withRows = withRows;
    this.#snapshots = new Snapshots(context, running.runner);
  }

  async verifyAll(): Promise<VerifiedMigration[]> {
    const start = await this.#snapshots.take();
    const verified: VerifiedMigration[] = [];
    for (const migration of this.#running.files) {
      const one = await this.#verifyOne(migration);
      verified.push(one);
      // What comes after it would stand on nothing.
      if (one.verdict === "failed") return verified;
    }
    const last = verified.at(-1);
    if (!last || verified.some(({ verdict }) => verdict !== "proven")) return verified;
    const problem = await this.#verifyWhole(start);
    return problem ? [...verified.slice(0, -1), { ...last, verdict: "failed", problem }] : verified;
  }

  async #verifyOne(migration: MigrationFile): Promise<VerifiedMigration> {
    const result = (verdict: Verdict, problem = "", losses: readonly string[] = []) => ({
      migration,
      verdict,
      problem,
      losses,
    });
    const before = await this.#snapshots.take();
    const upError = await this.#run((state) => planUp(state, migration.name));
    if (upError) return result("failed", upError.message);
    const after = await this.#snapshots.take();

    const downError = await this.#run((state) => planDown(state, "-1"));
    if (downError) {
      const isRefusal = this.#isRefusal(downError) && (await this.#isSame(after));
      if (isRefusal) await this.#addSamples(before, after);
      return result(isRefusal ? "irreversible" : "failed", downError.message);
    }
    const back = await this.#snapshots.take();
    const changed = this.#snapshots.differences(back.schema, before.schema);
    if (changed.length > 0) return result("failed", `down does not lead back: ${changed.join("; ")}`);
    const [gone, losses] = lostRows(before, back, after);
    if (gone.length > 0) return { ...result("failed", `up and down lose ${gone.join(" and ")}`), losesRows: true };

    const againError = await this.#run((state) => planUp(state, migration.name));
    if (againError) return result("failed", `up does not work after down: ${againError.message}`);
    const again = this.#snapshots.differences((await this.#snapshots.take()).schema, after.schema);
    if (again.length > 0) return result("failed", `up leads elsewhere after down: ${again.join("; ")}`);
    await this.#addSamples(before, after);
    return result("proven", "", losses);
  }

  async #verifyWhole(start: Snapshot): Promise<string | undefined> {
    const head = await this.#snapshots.take();
    const down = await this.#run((state) => planDown(state, "base"));
    if (down) return `down to base, with rows in the tables: ${down.message}`;
    const atBase = this.#snapshots.differences((await this.#snapshots.take()).schema, start.schema);
    if (atBase.length > 0) return `down to base leaves: ${atBase.join("; ")}`;
    const up = await this.#run((state) => planUp(state));
    if (up) return `up from base for the second time: ${up.message}`;
    const atHead = this.#snapshots.differences((await this.#snapshots.take()).schema, head.schema);
    return atHead.length > 0 ? `up from base leads elsewhere the second time: ${atHead.join("; ")}` : undefined;
  }

  async #run(makePlan: (state: MigrationState) => Plan): Promise<Error | undefined> {
    const { error } = await run(this.#running, makePlan, this.#options, SILENT);
    return error as Error | undefined;
  }

  /** A down that throws by itself has decided so; one that fails in a statement has not. */
  #isRefusal(error: Error): boolean {
    const { cause } = error as { cause?: { driverError?: unknown } };
    return (error as { code?: string }).code === "migrate/failed" && cause?.driverError === undefined;
  }

  async #isSame({ schema }: Snapshot): Promise<boolean> {
    return this.#snapshots.differences((await this.#snapshots.take()).schema, schema).length === 0;
  }

  async #addSamples(before: Snapshot, after: Snapshot): Promise<void> {
    if (!this.#withRows) return;
    const fresh = after.schema.tables.filter((table) => !findTable(before.schema, table));
    await addSampleRows(this.#running.runner, fresh, after.schema.enums, this.#snapshots.dialect);
  }
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
    else if (missing > 0) losses.push(`down makes "${name}" again, without its rows`);
    else if (rows.join("\n") !== now.join("\n")) losses.push(`down leaves other values in "${name}" than there were`);
  }
  return [gone, losses];
}
