import { writeMigration } from "../files/write";
import fs from "node:fs";
import type { MigrationInterface, QueryRunner } from "typeorm";
import { databaseTypeOf } from "../../dialect/database-type";
import { dialectOf } from "../../dialect/dialects";
import type { SchemaDialect, Step as FileStep } from "../../dialect/schema/dialect";
import { reverseAll } from "../../dialect/schema/operation";
import { compare } from "../generate/compare";
import type { MigrationContext } from "../context";
import { classNameOf, fileNameOf, renderFile, withReplaces } from "../generate/render";
import type { MigrationFile } from "../files/files";
import { withParameters } from "../run/literal";
import type { RunContext } from "../run/context";
import { badRange, sharesItsFile, squashNotProven, tooFewToSquash, rangePartlyApplied } from "../errors";
import { schemaDifferences, type Snapshot } from "../scratch/snapshot";
import type { MigrationState } from "../history/state";
import { parseTarget } from "../history/target";
import { interceptStatements } from "../run/intercept";
import { TRIAL_OPTIONS, type TrialMigration, trialFile, withTrial } from "./trial";
import { dataSourceOf } from "../../typeorm/data-source";

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

type Body = TrialMigration["body"];

/**
 * Squashes migrations into one and proves on scratch databases that both give the same schema and rows after up, and the earlier schema
 * after down. The squashed migration is first generated from the difference of the schemas, which reads well; where the migrations did
 * more, from their statements.
 */
export async function squash(
  context: MigrationContext,
  running: RunContext,
  state: MigrationState,
  range: string,
  words: string,
): Promise<Squashed> {
  const { before, inside } = filesIn(range, state);
  refuseSharedFiles(inside, state);
  const { timestamp } = inside.at(-1)!;
  const name = classNameOf(words, timestamp);
  const place = context.place.newFile(fileNameOf(words, timestamp));
  const recorded = await record(context, running, before, inside);
  const prove = (body: Body) => differenceOf(context, running, before, { name, timestamp, body, inside }, recorded);

  let by: Squashed["by"] = "difference";
  let body = recorded.byDifference;
  if ((await prove(body)) !== undefined) {
    by = "statements";
    body = recorded.byStatements;
    const problem = await prove(body);
    if (problem !== undefined) throw squashNotProven(problem);
  }
  const database = databaseTypeOf(context.dataSource);
  const text = withReplaces(
    renderFile({ className: name, database, ...body }, place),
    name,
    inside.map((one) => one.name),
    "retort migrate squash",
  );
  return { name, timestamp, file: place.file, text, replaced: inside, by };
}

/** Writes the squashed file and deletes the others. */
export function writeSquashed({ file, text, replaced }: Squashed): void {
  const old = [...new Set(replaced.flatMap((one) => (one.file === undefined ? [] : [one.file])))];
  // The new file first, so that a failure in between loses nothing.
  writeMigration(file, text, old.includes(file));
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
    throw rangePartlyApplied(inside.filter(({ name }) => !applied.has(name)).map(({ name }) => name));
  }
  return { before: state.files.slice(0, first), inside };
}

/** Squashing deletes files: none of them may have a migration that stays. */
function refuseSharedFiles(inside: readonly MigrationFile[], { files }: MigrationState): void {
  for (const one of files)
    if (one.file !== undefined && !inside.includes(one) && inside.some(({ file }) => file === one.file))
      throw sharesItsFile(one.name, one.file);
}

function indexOf(text: string, state: MigrationState, range: string): number {
  const target = parseTarget(text, state);
  if (target.kind === "base") return 0;
  if (target.kind === "head") return state.files.length - 1;
  if (target.kind === "steps") throw badRange(range);
  return state.files.findIndex(({ name }) => name === target.name);
}

/** The result of the original migrations. */
interface Recording {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly byDifference: Body;
  readonly byStatements: Body;
}

async function record(
  context: MigrationContext,
  running: RunContext,
  before: readonly MigrationFile[],
  inside: readonly MigrationFile[],
): Promise<Recording> {
  return withTrial(context, running, TRIAL_OPTIONS, async (empty) => {
    const written = inside.map((migration) => ({ migration, up: [] as string[], down: [] as string[] }));
    const trial = empty.with([...before, ...written.map(({ migration, up, down }) => recording(migration, up, down))]);
    if (before.length > 0) throwIfFailed(await trial.up(`+${before.length}`));
    const start = await trial.snapshot();
    throwIfFailed(await trial.up());
    const end = await trial.snapshot();
    throwIfFailed(await trial.down(`-${inside.length}`));
    return {
      before: start,
      after: end,
      byDifference: byDifference(start, end, trial.dialect),
      byStatements: {
        up: written.map(({ migration, up }) => step(migration, up)),
        down: [...written].reverse().map(({ migration, down }) => step(migration, down)),
      },
    };
  });
}

function throwIfFailed(error: Error | undefined): void {
  if (error) throw error;
}

function byDifference(start: Snapshot, end: Snapshot, dialect: SchemaDialect): Body {
  const operations = compare(start.schema, end.schema, dialect);
  const up = dialect.plan(start.schema, operations);
  const down = dialect.plan(up.schema, reverseAll(operations), start.schema);
  return { up: up.steps, down: down.steps };
}

function step({ name }: MigrationFile, statements: readonly string[]): FileStep {
  return { comment: name, statements: statements.map((sql) => ({ kind: "sql", sql, verbatim: true })) };
}

/** The same migration, with its statements recorded. */
function recording(migration: MigrationFile, up: string[], down: string[]): MigrationFile {
  const { instance } = migration;
  const record = (list: string[], work: (runner: QueryRunner) => Promise<unknown>) => async (runner: QueryRunner) => {
    const dialect = dialectOf(dataSourceOf(runner));
    list.length = 0;
    await interceptStatements(
      runner,
      ({ sql, parameters, kind, send }) => {
        if (kind !== "read" && kind !== "transaction") list.push(withParameters(sql, parameters, dialect));
        return send();
      },
      async () => void (await work(runner)),
    );
  };
  const own: MigrationInterface = {
    up: record(up, (runner) => instance.up(runner)),
    down: record(down, (runner) => instance.down(runner)),
  };
  return { ...migration, instance: own };
}

interface Candidate extends TrialMigration {
  readonly inside: readonly MigrationFile[];
}

/** What differs when the candidate takes the place of the migrations; undefined when nothing does. */
async function differenceOf(
  context: MigrationContext,
  running: RunContext,
  before: readonly MigrationFile[],
  candidate: Candidate,
  wanted: Recording,
): Promise<string | undefined> {
  return withTrial(context, running, TRIAL_OPTIONS, async (empty) => {
    const trial = empty.with([...before, trialFile(candidate)]);
    const upError = await trial.up();
    if (upError) return upError.message;
    const after = await trial.snapshot();
    const schema = await schemaDifferences(trial.scratch, after.schema, wanted.after.schema);
    if (schema.length > 0) return schema.join("; ");
    const rows = differentRows(after, wanted.after);
    if (rows.length > 0) return `other rows in ${rows.join(", ")}`;
    const downError = await trial.down("-1");
    if (downError) return downError.message;
    const back = await trial.differences(wanted.before.schema);
    return back.length > 0 ? `down: ${back.join("; ")}` : undefined;
  });
}

function differentRows(actual: Snapshot, wanted: Snapshot): string[] {
  const text = (rows: readonly string[] = []) => rows.map(timeless).sort().join("\n");
  return [...wanted.rows]
    .filter(([name, rows]) => text(rows) !== text(actual.rows.get(name)))
    .map(([name]) => `"${name}"`);
}

/** Times and random values differ between two runs. */
function timeless(row: string): string {
  return row
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, "<time>")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "<uuid>");
}
