import type { ExitCode } from "../../errors";
import { planUp } from "../../migrate/run/plan";
import type { CommandContext } from "../command";
import { runMigrations, type RunningOptions } from "./run-migrations";

/** Brings the database up to a target, by default to the last migration. */
export function run(command: CommandContext<RunningOptions>): Promise<ExitCode> {
  const [target = "head"] = command.args;
  return runMigrations(command, {
    makePlan: (state) => planUp(state, target),
    needsFiles: true,
    nothingToDo:
      target === "head" ? "Nothing to do: every migration is applied." : "Nothing to do: the target is reached.",
  });
}
