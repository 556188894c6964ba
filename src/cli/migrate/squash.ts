import { errorIfHalfApplied } from "../../migrate/run/plan";
import { displayPath } from "../../migrate/errors";
import { squash, writeSquashed } from "../../migrate/verify/squash";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./open";

interface Options {
  message?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Writes one migration for many, proven to do the same, and deletes the old files. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const { message = "squashed", dryRun = false, json = false } = command.options;
  const { context, running, state } = await openMigrations(command, { use: "read" });
  const now = await state();
  const halfApplied = errorIfHalfApplied(now);
  if (halfApplied) throw halfApplied;
  const squashed = await squash(context, running, now, command.args[0]!, message);
  if (!dryRun) writeSquashed(squashed);
  const file = displayPath(context.root, squashed.file);
  if (json) {
    printJson(command, {
      name: squashed.name,
      timestamp: squashed.timestamp,
      file,
      by: squashed.by,
      replaced: squashed.replaced.map((one) => migrationJson(one, context.root)),
      ...(dryRun && { text: squashed.text }),
    });
    return;
  }
  for (const { name } of squashed.replaced) command.note(`  ${name}`);
  command.note(`Squashed ${squashed.replaced.length} migrations into one, proven to do the same.`);
  command.print(dryRun ? squashed.text.trimEnd() : file);
}
