import path from "node:path";
import type { QueryRunner } from "typeorm";
import type { MigrationFile } from "../files/files";
import type { History, HistoryEntry } from "./history";
import type { HalfApplied, MigrationLog, MigrationLogContents } from "./migration-log";

/** The migration files, and what the database has of them. */
export interface MigrationState {
  /** Oldest first. */
  readonly files: readonly MigrationFile[];
  /** In the order in which they were applied. */
  readonly history: readonly HistoryEntry[];
  readonly log: MigrationLogContents;
  /** Written into the history by the next run before anything else. */
  readonly replacements: readonly Replacement[];
}

/** A squashed migration whose originals are all applied: it replaces them in the history. */
export interface Replacement {
  readonly file: MigrationFile;
  readonly entries: readonly HistoryEntry[];
}

export async function readState(
  files: readonly MigrationFile[],
  history: History,
  log: MigrationLog,
  runner: QueryRunner,
): Promise<MigrationState> {
  const entries = await history.read(runner);
  const replacements = replacementsIn(files, entries);
  return { files, history: withReplacements(entries, replacements), log: await log.read(runner), replacements };
}

function replacementsIn(files: readonly MigrationFile[], entries: readonly HistoryEntry[]): Replacement[] {
  const applied = new Set(entries.map(({ name }) => name));
  return files
    .filter(
      ({ name, replaces }) => replaces.length > 0 && !applied.has(name) && replaces.every((one) => applied.has(one)),
    )
    .map((file) => ({ file, entries: entries.filter(({ name }) => file.replaces.includes(name)) }));
}

/** The history after the replacements: a squashed migration has the place of the last of its originals. */
function withReplacements(entries: readonly HistoryEntry[], replacements: readonly Replacement[]): HistoryEntry[] {
  const gone = new Map(
    replacements.flatMap((replacement) => replacement.entries.map(({ id }) => [id, replacement] as const)),
  );
  return entries.flatMap((entry) => {
    const replacement = gone.get(entry.id);
    if (!replacement) return [entry];
    const { name, timestamp } = replacement.file;
    return replacement.entries.at(-1)!.id === entry.id ? [{ id: entry.id, name, timestamp }] : [];
  });
}

/** A squashed migration of whose originals some are applied and some are not; undefined when there is none. */
export function findPartlyReplaced({
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
 * - `applied`: it is in the history, and its file exists;
 * - `pending`: its file exists, and it is not in the history;
 * - `missing`: it is in the history, and its file does not exist;
 * - `half-applied`: it was started and did not finish.
 */
export type MigrationStatus = "applied" | "pending" | "missing" | "half-applied";

/** One migration with its status. */
export interface MigrationInfo {
  readonly name: string;
  readonly timestamp: number;
  /** Absolute; undefined where there is none or it is not known. */
  readonly file: string | undefined;
  readonly status: MigrationStatus;
  /** When Retort applied it; undefined where another tool did. */
  readonly appliedAt: Date | undefined;
  /** Its file has changed since it was applied. */
  readonly edited: boolean;
  /** Pending: older than one that is applied. Applied: it was applied after a later one. */
  readonly outOfOrder: boolean;
  /** The number of its rows in the history; normally 0 or 1. */
  readonly entries: number;
}

/** Every migration that has a file or a history entry, oldest first. */
export function migrationInfos(state: MigrationState): MigrationInfo[] {
  const names = new Set([...state.files, ...state.history].map(({ name }) => name));
  const statuses = [...names].map((name) => infoOf(name, state));
  return statuses.sort((a, b) => a.timestamp - b.timestamp || (a.name < b.name ? -1 : 1));
}

function infoOf(name: string, state: MigrationState): MigrationInfo {
  const file = state.files.find((candidate) => candidate.name === name);
  const entries = state.history.filter((entry) => entry.name === name);
  const remembered = state.log.applied.get(name);
  const timestamp = file?.timestamp ?? entries[0]!.timestamp;
  return {
    name,
    timestamp,
    file: file?.file,
    status: statusOf(name, file, entries.length, state),
    appliedAt: entries.length > 0 ? remembered?.at : undefined,
    edited: entries.length > 0 && isEdited(file, state),
    outOfOrder: isOutOfOrder(timestamp, entries[0], state.history),
    entries: entries.length,
  };
}

function statusOf(
  name: string,
  file: MigrationFile | undefined,
  entries: number,
  state: MigrationState,
): MigrationStatus {
  if (state.log.halfApplied?.name === name) return "half-applied";
  if (entries === 0) return "pending";
  return file ? "applied" : "missing";
}

/** Compares files with the same extension only: as TypeScript and as JavaScript a migration has two texts. */
function isEdited(file: MigrationFile | undefined, { log }: MigrationState): boolean {
  const remembered = file && log.applied.get(file.name);
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

/** The applied migrations without duplicate rows, in the order in which they were applied. */
export function appliedEntries({ history }: MigrationState): HistoryEntry[] {
  return history.filter(({ name }, index) => history.findIndex((other) => other.name === name) === index);
}

/** The migration that was applied last. */
export function currentEntry(state: MigrationState): HistoryEntry | undefined {
  return appliedEntries(state).at(-1);
}

/** Applied migrations whose files have changed since. */
export function editedNames(state: MigrationState): string[] {
  return migrationInfos(state)
    .filter(({ edited }) => edited)
    .map(({ name }) => name);
}

/** Applied migrations without a file: the database is newer than the files, or of another branch. */
export function missingNames(state: MigrationState): string[] {
  return migrationInfos(state)
    .filter(({ status }) => status === "missing")
    .map(({ name }) => name);
}

/** How many of the half-applied migration's statements are done. */
export function doneStatements({ statements }: HalfApplied): number {
  return statements.filter(({ changes, state }) => changes && state === "done").length;
}
