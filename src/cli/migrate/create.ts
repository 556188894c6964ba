import { createMigration } from "../../migrate/generate/create";
import type { CommandContext } from "../command";
import { nameMissing } from "./errors";
import { migrationJson, printJson } from "./json";
import { placeOf } from "./open";

interface Options {
  message?: string;
  json?: boolean;
}

/** Writes an empty migration. Needs no database. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const words = nameOf(command);
  if (!words) throw nameMissing("create");
  const project = await command.project();
  const { root } = project;
  const created = createMigration({ dataSource: project.dataSource, place: placeOf(project) }, words);
  const json = migrationJson(created, root);
  if (command.options.json) printJson(command, json);
  else command.print(json.file!);
}

/** The migration's name: the arguments, in one word or several, or -m. */
export function nameOf({ options, args }: CommandContext<Options>): string {
  return options.message ?? args.join(" ");
}
