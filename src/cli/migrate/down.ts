import { planDown } from "../../migrate/plan";
import type { CommandContext } from "../command";
import { carryOut, type RunningOptions } from "./running";

/** Takes back what came after a target, by default the last migration. */
export async function run(command: CommandContext<RunningOptions>): Promise<void> {
  const [target = "-1"] = command.args;
  await carryOut(command, {
    makePlan: (state) => planDown(state, target),
    nothing: "Nothing to do: nothing is applied after the target.",
  });
}
