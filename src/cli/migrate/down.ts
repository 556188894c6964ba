import { pluralize } from "../../text";
import type { ExitCode } from "../../errors";
import { planDown, type Plan } from "../../migrate/run/plan";
import { ansi, escapeLine } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { formatFinding } from "./findings";
import type { OpenedMigrations } from "./open";
import { confirm, isTerminal } from "./prompt";
import { runMigrations, type RunningOptions } from "./run-migrations";

/** Rolls back what came after a target, by default the last migration. */
export function run(command: CommandContext<RunningOptions>): Promise<ExitCode> {
  const [target = "-1"] = command.args;
  return runMigrations(command, {
    makePlan: (state) => planDown(state, target),
    nothingToDo: "Nothing to do: nothing is applied after the target.",
    confirm: (opened, plan) => confirmLosses(command, opened, plan),
  });
}

/** On a terminal, prints what will be lost, with counts, and asks. In a script the answer was given when the file was written. */
export async function confirmLosses(
  command: CommandContext<RunningOptions>,
  { running }: OpenedMigrations,
  plan: Plan,
): Promise<boolean> {
  if (command.options.yes || command.options.json || !isTerminal(command)) return true;

  const { lint } = require("../../migrate/lint/lint") as typeof import("../../migrate/lint/lint");
  const linted = await lint(running.runner, plan);
  const losses = linted.flatMap(({ step, findings }) =>
    findings.filter(({ kind }) => LOSSES.has(kind)).map((finding) => ({ step, finding })),
  );
  const unknown = linted.reduce((sum, one) => sum + one.unanalyzed, 0);
  for (const { step, finding } of losses)
    command.noteStyled(ansi`${escapeLine(step.migration.name)}  ${formatFinding(finding, command.noteStyle)}`);
  if (unknown > 0) command.note(`${pluralize(unknown, "statement")} cannot be analyzed beforehand.`);
  if (losses.length === 0 && unknown === 0) command.note("No row will be lost.");
  const migrations = plan.length === 1 ? plan[0]!.migration.name : `${plan.length} migrations`;
  return confirm(command, `Roll back ${migrations}?`);
}

const LOSSES: ReadonlySet<string> = new Set(["loses-rows", "loses-values", "deletes-rows"]);
