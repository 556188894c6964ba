import { planRedo } from "../../migrate/plan";
import { badCount } from "../../migrate/running-errors";
import type { CommandContext } from "../command";
import { carryOut, type RunningOptions } from "./running";

/** Takes the last migrations back and applies them again. */
export async function run(command: CommandContext<RunningOptions>): Promise<void> {
  const count = readCount(command.args[0] ?? "1");
  await carryOut(command, { makePlan: (state) => planRedo(state, count), nothing: "Nothing to do." });
}

function readCount(text: string): number {
  const count = /^-?\d+$/.test(text) ? Math.abs(Number(text)) : 0;
  if (count === 0) throw badCount(text);
  return count;
}
