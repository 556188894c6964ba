import { ExitCode } from "../../errors";
import type { Plan, Step } from "../../migrate/run/plan";
import type { RunObserver, RunOptions, RunReport, TransactionMode } from "../../migrate/run/context";
import { run } from "../../migrate/run/run";
import { wouldFail } from "../../migrate/errors";
import { editedNames, migrationInfos, type MigrationState } from "../../migrate/history/state";
import { CLEAR_LINE, LINE_START } from "../../terminal/control";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import type { TextStyle } from "../../terminal/style";
import { write, writeData } from "../../terminal/write";
import type { CommandContext } from "../command";
import { parseDuration } from "./duration";
import { errorJson, planJson, printJson, reportJson, stateJson, stepJson } from "./json";
import { noteMissing, openMigrations, type OpenedMigrations } from "./open";

/** The default time to wait for another run, in milliseconds. */
export const LOCK_TIMEOUT = 10_000;

/** Options of up, down and redo. */
export interface RunningOptions {
  readonly sql?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly lint?: boolean;
  readonly yes?: boolean;
  readonly transaction?: TransactionMode;
  readonly lockTimeout?: number;
  readonly ddlLockTimeout?: number;
}

/** Width of the progress bar, in characters. */
const BAR = 20;

type Command = CommandContext<RunningOptions>;

/** What differs between the three commands. */
export interface MigrationTask {
  makePlan(state: MigrationState): Plan;
  /** Printed when there is nothing to do. */
  readonly nothingToDo: string;
  /** Patterns that match no migration are an error. Default false. */
  readonly needsFiles?: boolean;
  /** Called before anything is run; false ends the command. */
  confirm?(opened: OpenedMigrations, plan: Plan): Promise<boolean>;
}

/** Runs the migrations of the task, or prints the plan or the statements. */
export async function runMigrations(command: Command, task: MigrationTask): Promise<ExitCode> {
  const { sql, dryRun } = command.options;
  const opened = await openMigrations(command, { use: sql || dryRun ? "read" : "write" });
  if (task.needsFiles) opened.place.expectFiles();
  if (dryRun) return showPlan(command, opened, task);
  if (sql) return showStatements(command, opened, task);
  return runTask(command, opened, task);
}

async function showPlan(command: Command, opened: OpenedMigrations, task: MigrationTask): Promise<ExitCode> {
  const state = await opened.state();
  const plan = task.makePlan(state);
  if (command.options.json) {
    printJson(command, { steps: planJson(plan, opened.context.root), ...stateJson(state) });
    return ExitCode.done;
  }
  for (const { direction, migration, resumed } of plan) {
    command.print(`${direction.padEnd(4)}  ${migration.name}${resumed ? "  (resumed)" : ""}`);
  }
  if (plan.length === 0) command.note(task.nothingToDo);
  return ExitCode.done;
}

async function showStatements(command: Command, opened: OpenedMigrations, task: MigrationTask): Promise<ExitCode> {
  const { recordScript } = require("../../migrate/run/script") as typeof import("../../migrate/run/script");
  const plan = task.makePlan(await opened.state());
  const script = await recordScript(opened.running, plan, runOptions(command, opened));
  if (command.options.json) {
    printJson(command, {
      steps: script.map(({ step, statements }) => ({ ...stepJson(step, opened.context.root), statements })),
    });
    return ExitCode.done;
  }
  for (const { lines } of script) for (const line of lines) command.print(line);
  if (plan.length === 0) command.note(task.nothingToDo);
  return ExitCode.done;
}

async function runTask(command: Command, opened: OpenedMigrations, task: MigrationTask): Promise<ExitCode> {
  const state = await opened.state();
  const plan = task.makePlan(state);
  if (plan.length > 0 && task.confirm && !(await task.confirm(opened, plan))) {
    command.note("Nothing was done.");
    return ExitCode.failure;
  }
  if (plan.length > 0 && command.options.lint !== false) await refuseWhatMustFail(opened, plan);
  const report = await run(
    opened.running,
    (now) => task.makePlan(now),
    runOptions(command, opened),
    observer(command, opened),
  );
  if (command.options.json) printReport(command, opened, report);
  else if (report.steps.length === 0 && report.error === undefined) command.note(task.nothingToDo);
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- whatever the migration threw
  if (report.error !== undefined) throw report.error;
  return ExitCode.done;
}

/** Refuses the run before its first migration, rather than at the one that fails. */
async function refuseWhatMustFail({ running }: OpenedMigrations, plan: Plan): Promise<void> {
  const { lint } = require("../../migrate/lint/lint") as typeof import("../../migrate/lint/lint");
  for (const { step, findings } of await lint(running.runner, plan, "failures")) {
    const doomed = findings.filter(({ kind }) => kind === "must-fail").map(({ text }) => text);
    if (doomed.length > 0) throw wouldFail(step.migration.name, doomed);
  }
}

function runOptions({ options }: Command, { context }: OpenedMigrations): RunOptions {
  const configured = context.dataSource.options.migrationsTransactionMode;
  return {
    transaction: options.transaction ?? configured ?? "each",
    lockTimeout: options.lockTimeout ?? LOCK_TIMEOUT,
    ddlLockTimeout: options.ddlLockTimeout ?? configuredTimeout(context.settings.ddlLockTimeout),
    strict: options.strict === true,
  };
}

function configuredTimeout(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : parseDuration(String(value));
}

/** One line a migration, on stderr: text, or with --json an object each. */
function observer(command: Command, { context }: OpenedMigrations): RunObserver {
  const { noteStyle: style, options, io } = command;
  const isShown = io.stderr.isTTY && !options.json;
  const say = (text: string, textStyle: TextStyle) => options.json || command.noteStyled(textStyle(escapeLine(text)));
  return {
    waiting: () => say("Waiting for another run of migrations to end …", style.dim),
    planned: (_plan, state) => {
      if (!options.json) noteMissing(command, state);
      for (const name of editedNames(state)) say(`${name} was edited after it was applied.`, style.warn);
      for (const { name, status, outOfOrder } of migrationInfos(state)) {
        if (outOfOrder && status === "pending") say(`${name} is out of order: a later one is applied.`, style.warn);
      }
    },
    started: () => undefined,
    ...(isShown && {
      progress: (step: Step, share: number) => write(io.stderr, ansi`${LINE_START}${bar(step, share)}`),
    }),
    done: (report) => {
      if (isShown) write(io.stderr, ansi`${LINE_START}${CLEAR_LINE}`);
      if (options.json) writeData(io.stderr, `${JSON.stringify(reportJson(report, context.root))}\n`);
      else command.noteStyled(ansi`${stepText(report.step)}  ${style.dim(escapeLine(duration(report.milliseconds)))}`);
    },
  };
}

function printReport(command: Command, { context }: OpenedMigrations, { state, steps, error }: RunReport): void {
  printJson(command, {
    steps: steps.map((step) => reportJson(step, context.root)),
    ...stateJson(state),
    error: error === undefined ? null : errorJson(error),
  });
}

/** `up    Name  ███████░░░░░░░░░░░░░  34 %` */
function bar(step: Step, share: number): EscapedText {
  const full = Math.round(share * BAR);
  const percent = `${Math.round(share * 100)} %`.padStart(5);
  return ansi`${stepText(step)}  ${escapeLine(`${"█".repeat(full)}${"░".repeat(BAR - full)} ${percent}`)}`;
}

function stepText({ direction, migration }: Step): EscapedText {
  return escapeLine(`${direction.padEnd(4)}  ${migration.name}`);
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
