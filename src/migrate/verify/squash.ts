import fs from "node:fs";
import path from "node:path";
import type { MigrationInterface, QueryRunner } from "typeorm";
import { dialectOf } from "../../dialect/dialects";
import type { Step as FileStep } from "../../dialect/schema/dialect";
import { reverseAll } from "../../dialect/schema/operation";
import { compare } from "../generate/compare";
import type { MigrationContext } from "../context";
import { classNameOf, fileNameOf, renderFile } from "../generate/render";
import type { MigrationFile } from "../files/files";
import { withParameters } from "../run/literal";
import { planDown, planUp, type Plan } from "../run/plan";
import { run, type RunObserver, type Running, type RunOptions } from "../run/run";
import { badRange, squashNotProven, tooFewToSquash, unevenlyApplied } from "../errors";
import { Snapshots, type Snapshot } from "./snapshot";
import type { MigrationState } from "../history/state";
import { parseTarget } from "../history/target";
import { onScratch } from "./verify";
import { watching } from "../run/watch";

export interface Squashed {
  readonly name: string;
  readonly timestamp: number;
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  readonly replaced: readonly MigrationFile[];
  /** Whether the file says what the schema has become, or what the migrations did one after the other. */
  readonly by: "difference" | "statements";
}

/** What a migration file is made of. */
interface Body {
  readonly up: readonly FileStep[];
  readonly down: readonly FileStep[];
}

const OPTIONS: RunOptions = { transaction: "each", lockTimeout: 10_000, strict: false };

/**
 * Makes one migration of many, and proves on scratch databases that it comes to the same: the same schema and the same
 * rows after up, and the schema of before after down. First by the difference of the schemas, which reads well; where
 * the migrations did more than that, by their statements.
 */
export async function squash(
  context: MigrationContext,
  running: Running,
  state: MigrationState,
  range: string,
  words: string,
): Promise<Squashed> {
  const { before, inside } = filesIn(range, state);
  const { timestamp } = inside.at(-1)!;
  const name = classNameOf(words, timestamp);
  const file = path.join(context.folder, fileNameOf(words, timestamp, context));
  const record = await recorded(context, running, before, inside);
  const prove = (body: Body) => provenProblem(context, running, before, { name, timestamp, body, inside }, record);

  let by: Squashed["by"] = "difference";
  let body = record.byDifference;
  if ((await prove(body)) !== undefined) {
    by = "statements";
    body = record.byStatements;
    const problem = await prove(body);
    if (problem !== undefined) throw squashNotProven(problem);
  }
  const text = withReplaces(renderFile({ className: name, ...body }, context), name, inside);
  return { name, timestamp, file, text, replaced: inside, by };
}

/** Writes the squashed file and takes the others away. */
export function writeSquashed({ file, text, replaced }: Squashed): void {
  const old = replaced.flatMap((one) => (one.file === undefined ? [] : [one.file]));
  // The new one first: whatever happens in between, nothing is lost.
  fs.writeFileSync(file, text, { flag: old.includes(file) ? "w" : "wx" });
  for (const one of old) if (one !== file) fs.rmSync(one);
}

function filesIn(range: string, state: MigrationState): { before: MigrationFile[]; inside: MigrationFile[] } {
  const match = /^(.*?)\.\.(.*)$/.exec(range);
  if (!match) throw badRange(range);
  const first = indexOf(match[1] || "base", state, range);
  const last = indexOf(match[2] || "head", state, range);
  const inside = state.files.slice(first, last + 1);
  if (inside.length < 2) throw tooFewToSquash(inside.length);
  const applied = new Set(state.history.map((entry) => entry.name));
  const present = inside.filter(({ name }) => applied.has(name));
  if (present.length > 0 && present.length < inside.length) {
    throw unevenlyApplied(inside.filter(({ name }) => !applied.has(name)).map(({ name }) => name));
  }
  return { before: state.files.slice(0, first), inside };
}

function indexOf(text: string, state: MigrationState, range: string): number {
  const target = parseTarget(text, state);
  if (target.kind === "base") return 0;
  if (target.kind === "head") return state.files.length - 1;
  if (target.kind === "steps") throw badRange(range);
  return state.files.findIndex(({ name }) => name === target.name);
}

/** What the old migrations come to. */
interface Recording {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly byDifference: Body;
  readonly byStatements: Body;
}

async function recorded(
  context: MigrationContext,
  running: Running,
  before: readonly MigrationFile[],
  inside: readonly MigrationFile[],
): Promise<Recording> {
  return onScratch(context, running, async (scratch, own) => {
    const snapshots = new Snapshots(scratch, own.runner);
    const written = inside.map((migration) => ({ migration, up: [] as string[], down: [] as string[] }));
    const files = [...before, ...written.map(({ migration, up, down }) => listening(migration, up, down))];
    const working = { ...own, files };
    if (before.length > 0) await runAll(working, (state) => planUp(state, `+${before.length}`));
    const start = await snapshots.take();
    await runAll(working, (state) => planUp(state));
    const end = await snapshots.take();
    await runAll(working, (state) => planDown(state, `-${inside.length}`));
    return {
      before: start,
      after: end,
      byDifference: byDifference(start, end, snapshots),
      byStatements: {
        up: written.map(({ migration, up }) => step(migration, up)),
        down: [...written].reverse().map(({ migration, down }) => step(migration, down)),
      },
    };
  });
}

function byDifference(start: Snapshot, end: Snapshot, { dialect }: Snapshots): Body {
  const operations = compare(start.schema, end.schema, dialect);
  const up = dialect.plan(start.schema, operations);
  const down = dialect.plan(up.schema, reverseAll(operations), start.schema);
  return { up: up.steps, down: down.steps };
}

function step({ name }: MigrationFile, statements: readonly string[]): FileStep {
  return { comment: name, statements: statements.map((sql) => ({ kind: "sql", sql, verbatim: true })) };
}

/** The same migration, which writes down what it sends. */
function listening(migration: MigrationFile, up: string[], down: string[]): MigrationFile {
  const { instance } = migration;
  const listen = (list: string[], work: (runner: QueryRunner) => Promise<unknown>) => async (runner: QueryRunner) => {
    const dialect = dialectOf(runner.dataSource);
    list.length = 0;
    await watching(
      runner,
      ({ sql, parameters, kind, send }) => {
        if (kind !== "read" && kind !== "transaction") list.push(withParameters(sql, parameters, dialect));
        return send();
      },
      async () => void (await work(runner)),
    );
  };
  const own: MigrationInterface = {
    up: listen(up, (runner) => instance.up(runner)),
    down: listen(down, (runner) => instance.down(runner)),
  };
  return { ...migration, instance: own };
}

interface Candidate {
  readonly name: string;
  readonly timestamp: number;
  readonly body: Body;
  readonly inside: readonly MigrationFile[];
}

/** What is not the same with the candidate; undefined when everything is. */
async function provenProblem(
  context: MigrationContext,
  running: Running,
  before: readonly MigrationFile[],
  candidate: Candidate,
  wanted: Recording,
): Promise<string | undefined> {
  return onScratch(context, running, async (scratch, own) => {
    const snapshots = new Snapshots(scratch, own.runner);
    const working = { ...own, files: [...before, loaded(candidate)] };
    try {
      await runAll(working, (state) => planUp(state));
      const after = await snapshots.take();
      const schema = snapshots.differences(after.schema, wanted.after.schema);
      if (schema.length > 0) return schema.join("; ");
      const rows = differentRows(after, wanted.after);
      if (rows.length > 0) return `other rows in ${rows.join(", ")}`;
      await runAll(working, (state) => planDown(state, "-1"));
      const back = snapshots.differences((await snapshots.take()).schema, wanted.before.schema);
      return back.length > 0 ? `down: ${back.join("; ")}` : undefined;
    } catch (error) {
      return (error as Error).message;
    }
  });
}

function differentRows(actual: Snapshot, wanted: Snapshot): string[] {
  const text = (rows: readonly string[] = []) => rows.map(timeless).sort().join("\n");
  return [...wanted.rows]
    .filter(([name, rows]) => text(rows) !== text(actual.rows.get(name)))
    .map(([name]) => `"${name}"`);
}

/** Two runs never agree about the time, nor about what is made up by chance. */
function timeless(row: string): string {
  return row
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, "<time>")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "<uuid>");
}

/** The migration out of the very text that is written. */
function loaded({ name, timestamp, body }: Candidate): MigrationFile {
  const text = renderFile({ className: name, ...body }, { language: "js", moduleFormat: "cjs" });
  const module = { exports: undefined as unknown as new () => MigrationInterface };

  const define = new Function("module", text) as (module: object) => void;
  define(module);
  const rest = { file: undefined, checksum: undefined, transaction: undefined, replaces: [] };
  return { name, timestamp, ...rest, instance: new module.exports() };
}

/** Says what the file stands for, so that databases that have it all take it for applied. */
function withReplaces(text: string, name: string, inside: readonly MigrationFile[]): string {
  const names = inside.map((one) => `    ${JSON.stringify(one.name)},`).join("\n");
  const comment = "  /** Where all of these are applied, so is this one (retort migrate squash). */";
  return text.replace(`  name = "${name}";\n`, (line) => `${line}\n${comment}\n  replaces = [\n${names}\n  ];\n`);
}

const SILENT: RunObserver = {
  waiting: () => undefined,
  planned: () => undefined,
  begun: () => undefined,
  done: () => undefined,
};

async function runAll(running: Running, makePlan: (state: MigrationState) => Plan): Promise<void> {
  const { error } = await run(running, makePlan, OPTIONS, SILENT);
  if (error !== undefined) throw error as Error;
}
