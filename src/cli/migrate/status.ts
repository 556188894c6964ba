import { ExitCode } from "../../errors";
import { halfAppliedError } from "../../migrate/run/plan";
import { currentEntry, statusOf, type MigrationState, type MigrationStatus } from "../../migrate/history/state";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./opened";

interface Options {
  check?: boolean;
  json?: boolean;
}

/** How every migration stands. Makes nothing, not even TypeORM's table. */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const opened = await openMigrations(command, { use: "read", entities: false });
  const state = await opened.state();
  const statuses = statusOf(state);
  if (command.options.json) printJson(command, statusJson(statuses, state, opened.context.root));
  else printStatus(command, statuses);
  const halfApplied = halfAppliedError(state);
  if (halfApplied) throw halfApplied;
  const pending = statuses.some(({ standing }) => standing === "pending");
  return command.options.check && pending ? ExitCode.pending : ExitCode.done;
}

function statusJson(statuses: readonly MigrationStatus[], state: MigrationState, root: string): object {
  const count = (test: (status: MigrationStatus) => boolean) => statuses.filter(test).length;
  const { halfApplied } = state.ledger;
  return {
    migrations: statuses.map((status) => ({
      ...migrationJson(status, root),
      standing: status.standing,
      appliedAt: status.appliedAt?.toISOString() ?? null,
      edited: status.edited,
      outOfOrder: status.outOfOrder,
      entries: status.entries,
    })),
    current: currentEntry(state)?.name ?? null,
    applied: count(({ entries }) => entries > 0),
    pending: count(({ standing }) => standing === "pending"),
    missing: count(({ standing }) => standing === "missing"),
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

function printStatus(command: CommandContext, statuses: readonly MigrationStatus[]): void {
  if (statuses.length === 0) {
    command.note("There are no migrations yet: retort migrate generate NAME");
    return;
  }
  const width = Math.max(...statuses.map(({ name }) => name.length));
  for (const status of statuses) command.print(line(command, status, width));
  command.note(summary(statuses));
}

function line({ style }: CommandContext, status: MigrationStatus, width: number): string {
  const colours = { applied: "good", pending: "warn", missing: "bad", "half-applied": "bad" } as const;
  const standing = style[colours[status.standing]](status.standing.padEnd(8));
  const remarks = remarksOn(status);
  const when = status.appliedAt ? ` ${style.dim(localTime(status.appliedAt))}` : "";
  const text = `${standing}  ${status.name.padEnd(width)} ${when}`;
  return (remarks.length > 0 ? `${text}  ${style.warn(remarks.join(", "))}` : text).trimEnd();
}

function remarksOn({ standing, edited, outOfOrder, entries }: MigrationStatus): string[] {
  const remarks: string[] = [];
  if (standing === "missing") remarks.push("its file is missing");
  if (edited) remarks.push("edited after it was applied");
  if (outOfOrder)
    remarks.push(standing === "pending" ? "out of order: a younger one is applied" : "applied out of order");
  if (entries > 1) remarks.push(`${entries} times in the history`);
  return remarks;
}

function summary(statuses: readonly MigrationStatus[]): string {
  const kinds = ["applied", "pending", "missing", "half-applied"] as const;
  const counts = kinds.map((kind) => [kind, statuses.filter(({ standing }) => standing === kind).length] as const);
  return counts
    .filter(([kind, count]) => count > 0 || kind === "applied" || kind === "pending")
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

/** `2026-11-22 17:20`, in the zone of whoever looks. */
function localTime(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
