import type { QueryRunner } from "typeorm";
import { dialectOf } from "../../dialect/dialects";
import { RetortError } from "../../errors";
import type { DryRunConnection, StatementWrapper } from "./databases/contract";
import { withParameters } from "./literal";
import type { Plan, Step } from "./plan";
import type { RunContext, RunOptions } from "./context";
import { cannotBeShown } from "../errors";
import { sendWrapped, InterceptedError, interceptStatements, type SentStatement } from "./intercept";
import { dataSourceOf } from "../../typeorm/data-source";

/** The statements of one migration. */
export interface ScriptStep {
  readonly step: Step;
  /** The statements of the migration, in order, with their parameters as literals. */
  readonly statements: readonly string[];
  /** The whole script for the database's own client: with transaction, history and wrapper. */
  readonly lines: readonly string[];
}

/**
 * The statements that a plan would send, without changing the database. On SQLite the migrations run on a copy in
 * memory. On a server, statements that read are sent in a read-only transaction; the others are recorded and return
 * no rows.
 */
export async function recordScript(running: RunContext, plan: Plan, options: RunOptions): Promise<ScriptStep[]> {
  if (plan.length === 0) return [];
  const { database } = running;
  const stage = await database.openDryRun();
  try {
    const script: ScriptStep[] = [];
    for (const [index, step] of plan.entries()) {
      const recorder = new Recorder(running, stage);
      const preparation = index === 0 ? await recorder.tables() : [];
      const statements = await recorder.migration(step);
      const inTransaction = step.migration.transaction ?? options.transaction !== "none";
      const history = await recorder.history(step);
      const lines = scriptLines(step, [...preparation, ...statements, ...history], database.wrapScript(inTransaction));
      script.push({ step, statements, lines });
    }
    return script;
  } finally {
    await stage.close();
  }
}

function scriptLines({ direction, migration }: Step, statements: readonly string[], frame: StatementWrapper): string[] {
  const title = `-- ${migration.name} (${direction})`;
  return [title, ...[...frame.before, ...statements, ...frame.after].map(terminated)];
}

function terminated(sql: string): string {
  return /;\s*$/.test(sql) ? sql.trimEnd() : `${sql.trimEnd()};`;
}

class Recorder {
  readonly #running: RunContext;
  readonly #stage: DryRunConnection;
  #recorded: string[] = [];

  constructor(running: RunContext, stage: DryRunConnection) {
    this.#running = running;
    this.#stage = stage;
  }

  get #runner(): QueryRunner {
    return this.#stage.runner;
  }

  /** The statements that create TypeORM's table, where it does not exist. */
  tables(): Promise<string[]> {
    return this.#record(() => this.#running.history.create(this.#runner));
  }

  async migration(step: Step): Promise<string[]> {
    const { instance, name } = step.migration;
    try {
      return await this.#record(() =>
        step.direction === "up" ? instance.up(this.#runner) : instance.down(this.#runner),
      );
    } catch (error) {
      const thrown = error instanceof InterceptedError ? error.thrown : error;
      throw thrown instanceof RetortError ? thrown : cannotBeShown(name, step.direction, thrown);
    }
  }

  history({ direction, migration }: Step): Promise<string[]> {
    const { history } = this.#running;
    const send = (sql: string, parameters?: unknown[]) => this.#runner.query(sql, parameters) as Promise<never>;
    return this.#record(() =>
      direction === "up" ? history.add(send, migration) : history.remove(send, migration.name),
    );
  }

  async #record(work: () => Promise<unknown>): Promise<string[]> {
    this.#recorded = [];
    await interceptStatements(
      this.#runner,
      (statement) => this.#take(statement),
      async () => void (await work()),
    );
    return this.#recorded;
  }

  async #take(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "read") return this.#read(statement);
    const wrapper = this.#running.database.wrapStatement?.(statement.sql);
    this.#recorded.push(...(wrapper?.before ?? []));
    this.#write(statement);
    this.#recorded.push(...(wrapper?.after ?? []));
    if (!this.#stage.executes) return emptyResult(statement);
    return sendWrapped(statement, wrapper, this.#stage.send);
  }

  /** A SELECT may write (`setval`); then the read-only transaction refuses it. */
  async #read(statement: SentStatement): Promise<unknown> {
    const { database } = this.#running;
    if (this.#stage.executes || !database.readSafely) return statement.send();
    const answer = await database.readSafely(() => statement.send());
    if (answer.isRead) return answer.value;
    this.#write(statement);
    return emptyResult(statement);
  }

  #write({ sql, parameters }: SentStatement): void {
    this.#recorded.push(withParameters(sql, parameters, dialectOf(dataSourceOf(this.#running.runner))));
  }
}

/** The result of a statement that was not sent: no rows. */
function emptyResult({ structured, sql }: SentStatement): unknown {
  if (structured) return { raw: [], records: [], affected: 0 };
  // TypeORM's driver for PostgreSQL returns this shape for these two.
  return /^\s*(update|delete)\b/i.test(sql)
    ? Object.assign([[], 0], { affectedRows: 0 })
    : Object.assign([], { affectedRows: 0, insertId: 0 });
}
