import { pluralize } from "../../text";
import { ExitCode } from "../../errors";
import { check } from "../../migrate/generate/check";
import { errorIfHalfApplied } from "../../migrate/run/plan";
import { pendingFiles } from "../../migrate/history/state";
import type { CommandContext } from "../command";
import { printJson } from "./json";
import { noteMissing, openMigrations } from "./open";

interface Options {
  json?: boolean;
}

/** Compares the entities with the database. Creates nothing. */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const opened = await openMigrations(command, { use: "read", entities: "required" });
  const state = await opened.state();
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
  if (!command.options.json) noteMissing(command, state);
  const { agrees, differences } = await check(opened.context);
  const pending = pendingFiles(state).length;
  if (command.options.json) {
    printJson(command, { agrees, differences: differences.map(({ text }) => text), pending });
  } else {
    for (const { text } of differences) command.print(text);
    command.note(advice(agrees, differences.length, pending));
  }
  return agrees ? ExitCode.done : ExitCode.different;
}

function advice(agrees: boolean, differences: number, pending: number): string {
  if (agrees) return "The entities and the database agree.";
  const count = pluralize(differences, "difference");
  if (pending === 0) return `${count}: retort migrate generate NAME`;
  return `${count}, and ${pending} pending: retort migrate up`;
}
