import fs from "node:fs";
import { displayPath, baselineBesideApplied, baselineBesidePending } from "../../migrate/errors";
import { loadMigrations } from "../../migrate/files/files";
import { writeMigration } from "../../migrate/files/write";
import { noProof } from "../../migrate/generate/errors";
import { errorIfHalfApplied } from "../../migrate/run/plan";
import { appliedEntries, type MigrationState } from "../../migrate/history/state";
import { stamp } from "../../migrate/run/stamp";
import { baseline, type Baseline } from "../../migrate/verify/baseline";
import { escapeText } from "../../terminal/escaped-text";
import { pluralize } from "../../text";
import type { CommandContext } from "../command";
import { nameOf } from "./create";
import { printJson, stateJson } from "./json";
import { openMigrations, sourcesOf, type OpenedMigrations } from "./open";
import { LOCK_TIMEOUT } from "./run-migrations";

interface Options {
  message?: string;
  purge?: boolean;
  requireProof?: boolean;
  sql?: boolean;
  dryRun?: boolean;
  lockTimeout?: number;
  json?: boolean;
}

/** Takes over a database that was not made by migrations: writes one that creates its schema, and marks it as applied. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const { purge = false, requireProof = false, sql = false, dryRun = false } = command.options;
  const isShown = sql || dryRun;
  const opened = await openMigrations(command, { use: isShown ? "read" : "write", entities: "required" });
  const state = await opened.state();
  refuse(state, purge);
  const made = await baseline(opened.context, opened.running, {
    name: nameOf(command) || undefined,
    after: Math.max(0, ...state.history.map(({ timestamp }) => timestamp)),
    replaced: appliedEntries(state).map(({ name }) => name),
  });
  if (requireProof && made.proof.status !== "proven") throw noProof(made.proof.reason);
  if (!isShown) await writeAndMark(command, opened, made, purge);
  if (command.options.json) await printAsJson(command, opened, made, isShown);
  else print(command, opened, made, state);
}

/** @throws migrate/half-applied, migrate/pending, migrate/already-applied */
function refuse(state: MigrationState, purge: boolean): void {
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
  const applied = appliedEntries(state).map(({ name }) => name);
  const files = state.files.map(({ name }) => name);
  if (applied.length > 0 && (!purge || files.length > 0)) throw baselineBesideApplied(applied, files.length > 0);
  if (files.length > 0) throw baselineBesidePending(files);
}

/** The file is read back as every command reads it: what is marked is what is there. */
async function writeAndMark(
  command: CommandContext<Options>,
  { running, place }: OpenedMigrations,
  { className, file, text }: Baseline,
  purge: boolean,
): Promise<void> {
  const { lockTimeout = LOCK_TIMEOUT } = command.options;
  const wait = {
    timeout: lockTimeout,
    waiting: () => command.note("Waiting for another run of migrations to end …"),
  };
  writeMigration(file, text);
  try {
    const files = await loadMigrations(sourcesOf(await command.project(), place));
    const expect = (state: MigrationState) => refuse({ ...state, files: [] }, purge);
    await stamp({ ...running, files }, className, purge, wait, expect);
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw error;
  }
}

async function printAsJson(
  command: CommandContext<Options>,
  opened: OpenedMigrations,
  made: Baseline,
  isShown: boolean,
): Promise<void> {
  const { className, timestamp, file, steps, differences, notDeclared, notCreated, proof, text } = made;
  printJson(command, {
    status: isShown ? "shown" : "written",
    name: className,
    timestamp,
    file: displayPath(opened.context.root, file),
    steps: steps.map(({ comment }) => comment),
    agrees: differences.length === 0,
    differences,
    notDeclared,
    notCreated,
    proof,
    ...(command.options.sql && { statements: statementsOf(made) }),
    ...(command.options.dryRun && { text }),
    ...(!isShown && stateJson(await opened.state())),
  });
}

function print(
  command: CommandContext<Options>,
  { context }: OpenedMigrations,
  made: Baseline,
  state: MigrationState,
): void {
  const { sql, dryRun } = command.options;
  const warn = (text: string) => command.noteStyled(command.noteStyle.warn(escapeText(text)));
  if (sql) for (const statement of statementsOf(made)) command.print(`${statement.replace(/;\s*$/, "")};`);
  else if (dryRun) command.print(made.text.trimEnd());
  else {
    command.note(
      `${made.className} creates the schema as it is, and is marked as applied${state.history.length > 0 ? ` in the place of ${pluralize(state.history.length, "migration")}` : ""}.`,
    );
  }
  for (const one of made.notDeclared) command.note(`  no entity declares: ${one}`);
  for (const one of made.notCreated) warn(`  not created by the migration: ${one}`);
  if (made.proof.status === "not proven") warn(`  not proven: ${made.proof.reason}`);
  for (const one of made.differences) warn(`  entities and database differ: ${one}`);
  if (made.differences.length > 0)
    command.note(
      'retort migrate generate NAME writes these changes; what is not the project\'s is left alone with "retort": { "migrations": { "ignore": ["TABLE"] } } in package.json.',
    );
  if (!sql && !dryRun) command.print(displayPath(context.root, made.file));
}

function statementsOf({ steps }: Baseline): string[] {
  return steps.flatMap(({ statements }) => statements.flatMap((one) => (one.kind === "sql" ? [one.sql] : [])));
}
