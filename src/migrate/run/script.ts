import type { QueryRunner } from "typeorm";
import { dialectOf } from "../../dialect/dialects";
import { RetortError } from "../../errors";
import type { Stage, Surroundings } from "./databases/contract";
import { withParameters } from "./literal";
import type { Plan, Step } from "./plan";
import type { Running, RunOptions } from "./run";
import { cannotBeShown } from "../errors";
import { sendWithin, WatchedError, watching, type SentStatement } from "./watch";

/** The statements of one migration. */
export interface ScriptStep {
  readonly step: Step;
  /** The migration's own, in order, with their parameters written in. */
  readonly statements: readonly string[];
  /** All of it as one would hand it to the database's own command: with transaction, history, and what has to be around them. */
  readonly lines: readonly string[];
}

/**
 * The statements that a plan would send, without changing the database. On SQLite the migrations really run, on a copy in
 * memory. On a server what only reads is asked of the database, and what changes something is written down and
 * answered with nothing.
 */
export async function recordScript(running: Running, plan: Plan, options: RunOptions): Promise<ScriptStep[]> {
  if (plan.length === 0) return [];
  const { database } = running;
  const stage = await database.openStage();
  try {
    const script: ScriptStep[] = [];
    for (const [index, step] of plan.entries()) {
      const recorder = new Recorder(running, stage);
      const preparation = index === 0 ? await recorder.tables() : [];
      const statements = await recorder.migration(step);
      const inTransaction = step.migration.transaction ?? options.transaction !== "none";
      const history = await recorder.history(step);
      const lines = framed(step, [...preparation, ...statements, ...history], database.frame(inTransaction));
      script.push({ step, statements, lines });
    }
    return script;
  } finally {
    await stage.close();
  }
}

function framed({ direction, migration }: Step, statements: readonly string[], frame: Surroundings): string[] {
  const title = `-- ${migration.name} (${direction})`;
  return [title, ...[...frame.before, ...statements, ...frame.after].map(terminated)];
}

function terminated(sql: string): string {
  return /;\s*$/.test(sql) ? sql.trimEnd() : `${sql.trimEnd()};`;
}

class Recorder {
  readonly #running: Running;
  readonly #stage: Stage;
  #recorded: string[] = [];

  constructor(running: Running, stage: Stage) {
    this.#running = running;
    this.#stage = stage;
  }

  get #runner(): QueryRunner {
    return this.#stage.runner;
  }

  /** TypeORM's table, where it is not there yet. */
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
      const thrown = error instanceof WatchedError ? error.thrown : error;
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
    await watching(
      this.#runner,
      (statement) => this.#take(statement),
      async () => void (await work()),
    );
    return this.#recorded;
  }

  async #take(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "read") return this.#read(statement);
    const around = this.#running.database.around?.(statement.sql);
    this.#recorded.push(...(around?.before ?? []));
    this.#write(statement);
    this.#recorded.push(...(around?.after ?? []));
    if (!this.#stage.executes) return nothingFor(statement);
    return sendWithin(statement, around, this.#stage.send);
  }

  /** A SELECT may change something after all (`setval`); the read-only transaction around it says so. */
  async #read(statement: SentStatement): Promise<unknown> {
    const { database } = this.#running;
    if (this.#stage.executes || !database.readSafely) return statement.send();
    const answer = await database.readSafely(() => statement.send());
    if (answer.isRead) return answer.value;
    this.#write(statement);
    return nothingFor(statement);
  }

  #write({ sql, parameters }: SentStatement): void {
    this.#recorded.push(withParameters(sql, parameters, dialectOf(this.#running.runner.dataSource)));
  }
}

/** The answer to a statement that was not sent: no rows. */
function nothingFor({ structured, sql }: SentStatement): unknown {
  if (structured) return { raw: [], records: [], affected: 0 };
  // What TypeORM's driver for PostgreSQL gives for these two.
  return /^\s*(update|delete)\b/i.test(sql)
    ? Object.assign([[], 0], { affectedRows: 0 })
    : Object.assign([], { affectedRows: 0, insertId: 0 });
}
