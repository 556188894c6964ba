import { errorIfHalfApplied } from "../../migrate/run/plan";
import { migrationInfos } from "../../migrate/history/state";
import { ansi, escapeLine } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./open";

interface Options {
  json?: boolean;
}

/** Lists the history, the last migration first. Creates nothing. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const opened = await openMigrations(command, { use: "read", entities: false });
  const state = await opened.state();
  const statuses = new Map(migrationInfos(state).map((status) => [status.name, status]));
  const entries = [...state.history].reverse().map((entry) => ({ entry, status: statuses.get(entry.name)! }));
  if (command.options.json) {
    const rows = entries.map(({ entry, status }) => ({
      id: entry.id,
      ...migrationJson({ ...entry, file: status.file }, opened.context.root),
      appliedAt: status.appliedAt?.toISOString() ?? null,
    }));
    printJson(command, { history: rows });
  } else {
    for (const { entry, status } of entries) {
      const line = escapeLine(`${String(entry.id).padStart(4)}  ${entry.timestamp}  ${entry.name}`);
      const isMissing = status.status === "missing";
      command.printStyled(isMissing ? ansi`${line}  ${command.style.bad(ansi`its file is missing`)}` : line);
    }
    if (entries.length === 0) command.note("No migration is applied.");
  }
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
}
