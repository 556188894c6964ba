import { errorIfHalfApplied } from "../../migrate/run/plan";
import { currentEntry, pendingFiles, migrationInfos } from "../../migrate/history/state";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./open";

interface Options {
  json?: boolean;
}

/** Prints the migration that was applied last. Creates nothing. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const opened = await openMigrations(command, { use: "read", entities: false });
  const state = await opened.state();
  const entry = currentEntry(state);
  const pending = pendingFiles(state).length;
  if (command.options.json) {
    const status = migrationInfos(state).find(({ name }) => name === entry?.name);
    const current = status ? migrationJson(status, opened.context.root) : null;
    printJson(command, { current, head: pending === 0, pending });
  } else if (entry) {
    command.print(pending === 0 ? `${entry.name} (head)` : entry.name);
  } else {
    command.note("No migration is applied.");
  }
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
}
