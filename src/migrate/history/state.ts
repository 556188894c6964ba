import path from "node:path";
import type { QueryRunner } from "typeorm";
import type { MigrationFile } from "../files/files";
import type { History, HistoryEntry } from "./history";
import type { HalfApplied, MigrationLog, MigrationLogContents } from "./migration-log";

/** The facts that every command starts from: what files there are, and what the database says was applied. */
export interface MigrationState {
  /** Oldest first. */
  readonly files: readonly MigrationFile[];
  /** In the order in which they were applied. */
  readonly history: readonly HistoryEntry[];
  readonly ledger: MigrationLogContents;
  /** What the next run writes into the history before anything else. */
  readonly takeovers: readonly Takeover[];
}

/** A migration that was squashed out of others, all of which are applied: it takes their place in the history. */
export interface Takeover {
  readonly file: MigrationFile;
  readonly entries: readonly HistoryEntry[];
}

export async function readState(
  files: readonly MigrationFile[],
  history: History,
  ledger: MigrationLog,
  runner: QueryRunner,
): Promise<MigrationState> {
  const entries = await history.read(runner);
  const takeovers = takeoversOf(files, entries);
  return { files, history: taken(entries, takeovers), ledger: await ledger.read(runner), takeovers };
}

function takeoversOf(files: readonly MigrationFile[], entries: readonly HistoryEntry[]): Takeover[] {
  const applied = new Set(entries.map(({ name }) => name));
  return files
    .filter(
      ({ name, replaces }) => replaces.length > 0 && !applied.has(name) && replaces.every((one) => applied.has(one)),
    )
    .map((file) => ({ file, entries: entries.filter(({ name }) => file.replaces.includes(name)) }));
}

/** The history as it is when the takeovers are written: the squashed migration stands where the last of the others stood. */
function taken(entries: readonly HistoryEntry[], takeovers: readonly Takeover[]): HistoryEntry[] {
  const gone = new Map(takeovers.flatMap((takeover) => takeover.entries.map(({ id }) => [id, takeover] as const)));
  return entries.flatMap((entry) => {
    const takeover = gone.get(entry.id);
    if (!takeover) return [entry];
    const { name, timestamp } = takeover.file;
    return takeover.entries.at(-1)!.id === entry.id ? [{ id: entry.id, name, timestamp }] : [];
  });
}

/** A squashed migration of whose parts some are applied and some are not; undefined when there is none. */
export function partlyReplaced({
  files,
  history,
}: MigrationState): { file: MigrationFile; missing: string[] } | undefined {
  const applied = new Set(history.map(({ name }) => name));
  for (const file of files) {
    if (applied.has(file.name)) continue;
    const missing = file.replaces.filter((name) => !applied.has(name));
    if (missing.length > 0 && missing.length < file.replaces.length) return { file, missing };
  }
  return undefined;
}

/**
 * - `applied`: it stands in the history, and its file is there;
 * - `pending`: its file is there, and it does not stand in the history;
 * - `missing`: it stands in the history, and its file is not there;
 * - `half-applied`: it was begun, and not finished.
 */
export type MigrationStanding = "applied" | "pending" | "missing" | "half-applied";

/** How one migration stands. */
export interface MigrationStatus {
  readonly name: string;
  readonly timestamp: number;
  /** Absolute; undefined where there is none or it is not known. */
  readonly file: string | undefined;
  readonly standing: MigrationStanding;
  /** When Retort applied it; undefined where another tool did. */
  readonly appliedAt: Date | undefined;
  /** Its file is not what it was when it was applied. */
  readonly edited: boolean;
  /** Pending: older than one that is applied. Applied: it was applied after a younger one. */
  readonly outOfOrder: boolean;
  /** How often it stands in the history; more than once is somebody's mishap. */
  readonly entries: number;
}

/** Every migration that is known by its file or its entry, oldest first. */
export function statusOf(state: MigrationState): MigrationStatus[] {
  const names = new Set([...state.files, ...state.history].map(({ name }) => name));
  const statuses = [...names].map((name) => statusOfOne(name, state));
  return statuses.sort((a, b) => a.timestamp - b.timestamp || (a.name < b.name ? -1 : 1));
}

function statusOfOne(name: string, state: MigrationState): MigrationStatus {
  const file = state.files.find((candidate) => candidate.name === name);
  const entries = state.history.filter((entry) => entry.name === name);
  const remembered = state.ledger.applied.get(name);
  const timestamp = file?.timestamp ?? entries[0]!.timestamp;
  return {
    name,
    timestamp,
    file: file?.file,
    standing: standingOf(name, file, entries.length, state),
    appliedAt: entries.length > 0 ? remembered?.at : undefined,
    edited: entries.length > 0 && isEdited(file, state),
    outOfOrder: isOutOfOrder(timestamp, entries[0], state.history),
    entries: entries.length,
  };
}

function standingOf(
  name: string,
  file: MigrationFile | undefined,
  entries: number,
  state: MigrationState,
): MigrationStanding {
  if (state.ledger.halfApplied?.name === name) return "half-applied";
  if (entries === 0) return "pending";
  return file ? "applied" : "missing";
}

/** The ending counts: the same migration as TypeScript and as JavaScript has two texts. */
function isEdited(file: MigrationFile | undefined, { ledger }: MigrationState): boolean {
  const remembered = file && ledger.applied.get(file.name);
  if (!remembered?.checksum || !file?.file || !file.checksum) return false;
  return remembered.ending === path.extname(file.file) && remembered.checksum !== file.checksum;
}

function isOutOfOrder(timestamp: number, entry: HistoryEntry | undefined, history: readonly HistoryEntry[]): boolean {
  return history.some((other) => other.timestamp > timestamp && (entry === undefined || other.id < entry.id));
}

/** Files that are not applied, oldest first. */
export function pendingFiles({ files, history }: MigrationState): MigrationFile[] {
  const applied = new Set(history.map(({ name }) => name));
  return files.filter(({ name }) => !applied.has(name));
}

/** The applied migrations without doubles, in the order in which they were applied. */
export function appliedEntries({ history }: MigrationState): HistoryEntry[] {
  return history.filter(({ name }, index) => history.findIndex((other) => other.name === name) === index);
}

/** The migration that was applied last. */
export function currentEntry(state: MigrationState): HistoryEntry | undefined {
  return appliedEntries(state).at(-1);
}

/** Applied migrations whose files have changed since. */
export function editedNames(state: MigrationState): string[] {
  return statusOf(state)
    .filter(({ edited }) => edited)
    .map(({ name }) => name);
}

/** Applied migrations whose files are not there: the database is newer than the files, or another branch's. */
export function missingNames(state: MigrationState): string[] {
  return statusOf(state)
    .filter(({ standing }) => standing === "missing")
    .map(({ name }) => name);
}

/** How many of the half-applied migration's statements are done. */
export function doneStatements({ statements }: HalfApplied): number {
  return statements.filter(({ changes, state }) => changes && state === "done").length;
}
