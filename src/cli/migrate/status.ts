import { ExitCode } from "../../errors";
import { errorIfHalfApplied } from "../../migrate/run/plan";
import { currentEntry, migrationInfos, type MigrationState, type MigrationInfo } from "../../migrate/history/state";
import { ansi, escapeLine, trimEnd, type EscapedText } from "../../terminal/escaped-text";
import { padEnd, widthOf } from "../../terminal/width";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./open";

interface Options {
  check?: boolean;
  json?: boolean;
}

/** Lists every migration with its status. Creates nothing, not even TypeORM's table. */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const opened = await openMigrations(command, { use: "read", entities: false });
  const state = await opened.state();
  const infos = migrationInfos(state);
  if (command.options.json) printJson(command, statusJson(infos, state, opened.context.root));
  else printStatus(command, infos);
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
  const pending = infos.some(({ status }) => status === "pending");
  return command.options.check && pending ? ExitCode.pending : ExitCode.done;
}

function statusJson(infos: readonly MigrationInfo[], state: MigrationState, root: string): object {
  const count = (test: (status: MigrationInfo) => boolean) => infos.filter(test).length;
  const { halfApplied } = state.log;
  return {
    migrations: infos.map((status) => ({
      ...migrationJson(status, root),
      status: status.status,
      appliedAt: status.appliedAt?.toISOString() ?? null,
      edited: status.edited,
      outOfOrder: status.outOfOrder,
      entries: status.entries,
    })),
    current: currentEntry(state)?.name ?? null,
    applied: count(({ entries }) => entries > 0),
    pending: count(({ status }) => status === "pending"),
    missing: count(({ status }) => status === "missing"),
    edited: count(({ edited }) => edited),
    outOfOrder: count(({ outOfOrder }) => outOfOrder),
    halfApplied: halfApplied
      ? {
          name: halfApplied.name,
          direction: halfApplied.direction,
          statementsDone: halfApplied.statements.filter(({ changes, state }) => changes && state === "done").length,
        }
      : null,
  };
}

function printStatus(command: CommandContext, infos: readonly MigrationInfo[]): void {
  if (infos.length === 0) {
    command.note("There are no migrations yet: retort migrate generate NAME");
    return;
  }
  const width = Math.max(...infos.map(({ name }) => widthOf(escapeLine(name))));
  for (const status of infos) command.printStyled(line(command, status, width));
  command.note(summary(infos));
}

function line({ style }: CommandContext, info: MigrationInfo, width: number): EscapedText {
  const colours = { applied: "good", pending: "warn", missing: "bad", "half-applied": "bad" } as const;
  const status = style[colours[info.status]](escapeLine(info.status.padEnd(8)));
  const remarks = remarksOn(info);
  const when = info.appliedAt ? ansi` ${style.dim(escapeLine(localTime(info.appliedAt)))}` : ansi``;
  const text = ansi`${status}  ${padEnd(escapeLine(info.name), width)} ${when}`;
  return trimEnd(remarks.length > 0 ? ansi`${text}  ${style.warn(escapeLine(remarks.join(", ")))}` : text);
}

function remarksOn({ status, edited, outOfOrder, entries }: MigrationInfo): string[] {
  const remarks: string[] = [];
  if (status === "missing") remarks.push("its file is missing");
  if (edited) remarks.push("edited after it was applied");
  if (outOfOrder) remarks.push(status === "pending" ? "out of order: a later one is applied" : "applied out of order");
  if (entries > 1) remarks.push(`${entries} times in the history`);
  return remarks;
}

function summary(infos: readonly MigrationInfo[]): string {
  const kinds = ["applied", "pending", "missing", "half-applied"] as const;
  const counts = kinds.map((kind) => [kind, infos.filter(({ status }) => status === kind).length] as const);
  return counts
    .filter(([kind, count]) => count > 0 || kind === "applied" || kind === "pending")
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

/** `2026-11-22 17:20`, in the local time zone. */
function localTime(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
