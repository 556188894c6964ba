import type { ExitCode } from "../../errors";
import { planRedo } from "../../migrate/run/plan";
import { badCount } from "../../migrate/errors";
import type { CommandContext } from "../command";
import { confirmLosses } from "./down";
import { runMigrations, type RunningOptions } from "./run-migrations";

/** Rolls the last migrations back and applies them again. */
export function run(command: CommandContext<RunningOptions>): Promise<ExitCode> {
  const count = readCount(command.args[0] ?? "1");
  return runMigrations(command, {
    makePlan: (state) => planRedo(state, count),
    nothingToDo: "Nothing to do.",
    confirm: (opened, plan) =>
      confirmLosses(
        command,
        opened,
        plan.filter(({ direction }) => direction === "down"),
      ),
  });
}

function readCount(text: string): number {
  const count = /^-?\d+$/.test(text) ? Math.abs(Number(text)) : 0;
  if (count === 0) throw badCount(text);
  return count;
}
