import type { MigrationFile } from "../files/files";
import type { HistoryEntry } from "../history/history";
import {
  cannotResume,
  fileMissing,
  halfAppliedError,
  partlyReplacedError,
  tooFewApplied,
  tooFewPending,
  wrongDirection,
} from "../errors";
import {
  appliedEntries,
  doneStatements,
  findPartlyReplaced,
  pendingFiles,
  type MigrationState,
} from "../history/state";
import { parseTarget, type Target } from "../history/target";

/** One migration to be run, up or down. */
export interface Step {
  readonly direction: "up" | "down";
  readonly migration: MigrationFile;
  /** An earlier run did not finish it; it is resumed. */
  readonly resumed: boolean;
}

/** The steps in order; empty where there is nothing to do. */
export type Plan = readonly Step[];

/** The migrations to apply up to the target. */
export function planUp(state: MigrationState, text = "head"): Plan {
  const partly = findPartlyReplaced(state);
  if (partly) throw partlyReplacedError(partly.file.name, partly.missing);
  const resumed = resumedStep(state, "up");
  const pending = pendingFiles(state).filter(({ name }) => name !== resumed?.migration.name);
  const wanted = upTo(parseTarget(text, state), text, pending, resumed ? 1 : 0, state);
  return [...(resumed ? [resumed] : []), ...wanted.map((migration) => step("up", migration))];
}

function upTo(
  target: Target,
  text: string,
  pending: readonly MigrationFile[],
  resumed: number,
  state: MigrationState,
): readonly MigrationFile[] {
  switch (target.kind) {
    case "head":
      return pending;
    case "base":
      throw wrongDirection(text, "up", "retort migrate down base");
    case "steps": {
      if (target.steps <= 0) throw wrongDirection(text, "up", `retort migrate down ${text}`);
      if (target.steps > pending.length + resumed) throw tooFewPending(target.steps, pending.length + resumed);
      return pending.slice(0, target.steps - resumed);
    }
    case "migration": {
      const file = state.files.find(({ name }) => name === target.name);
      // It is applied and its file is missing: the target is reached.
      if (!file) return [];
      const order = state.files.indexOf(file);
      return pending.filter((migration) => state.files.indexOf(migration) <= order);
    }
  }
}

/** The migrations to roll back down to the target, the last one first. */
export function planDown(state: MigrationState, text = "-1"): Plan {
  const resumed = resumedStep(state, "down");
  const applied = appliedEntries(state).reverse();
  const wanted = downTo(parseTarget(text, state), text, applied);
  const files = wanted.map((entry) => fileOf(entry, state));
  const others = files.filter(({ name }) => name !== resumed?.migration.name);
  return [...(resumed ? [resumed] : []), ...others.map((migration) => step("down", migration))];
}

function downTo(target: Target, text: string, applied: readonly HistoryEntry[]): readonly HistoryEntry[] {
  switch (target.kind) {
    case "base":
      return applied;
    case "head":
      throw wrongDirection(text, "down", "retort migrate up");
    case "steps": {
      if (target.steps >= 0) throw wrongDirection(text, "down", `retort migrate up ${text}`);
      if (-target.steps > applied.length) throw tooFewApplied(-target.steps, applied.length);
      return applied.slice(0, -target.steps);
    }
    case "migration": {
      const index = applied.findIndex(({ name }) => name === target.name);
      if (index < 0) throw wrongDirection(text, "down, because it is not applied", "retort migrate status");
      return applied.slice(0, index);
    }
  }
}

/** Rolls the last ones back and applies them again. */
export function planRedo(state: MigrationState, count: number): Plan {
  const down = planDown(state, `-${count}`);
  const up = down.map(({ migration }) => migration).reverse();
  return [...down, ...up.map((migration) => step("up", migration))];
}

function step(direction: Step["direction"], migration: MigrationFile): Step {
  return { direction, migration, resumed: false };
}

/**
 * The half-applied migration as the first step, where the command has its direction. No other migration runs before it:
 * the schema is between two known states.
 */
function resumedStep(state: MigrationState, direction: Step["direction"]): Step | undefined {
  const { halfApplied } = state.log;
  if (!halfApplied) return undefined;
  if (halfApplied.direction !== direction) throw errorIfHalfApplied(state)!;
  const migration = state.files.find(({ name }) => name === halfApplied.name);
  if (!migration) {
    const last = halfApplied.statements.at(-1)!;
    throw cannotResume(halfApplied.name, last.position, last.sql, undefined);
  }
  return { direction, migration, resumed: true };
}

/** The error that every command ends with while a migration is half-applied; undefined when none is. */
export function errorIfHalfApplied({ log }: MigrationState): Error | undefined {
  if (!log.halfApplied) return undefined;
  const { name, direction } = log.halfApplied;
  return halfAppliedError(name, direction, doneStatements(log.halfApplied));
}

function fileOf({ name }: HistoryEntry, state: MigrationState): MigrationFile {
  const file = state.files.find((candidate) => candidate.name === name);
  if (!file) throw fileMissing(name);
  return file;
}

/** The changes of the history that make the target the current migration; nothing is run. */
export interface Stamp {
  readonly add: readonly MigrationFile[];
  readonly remove: readonly HistoryEntry[];
}

export function planStamp(state: MigrationState, text: string, purge: boolean): Stamp {
  const wanted = filesUpTo(parseTarget(text, state), state);
  const names = new Set(wanted.map(({ name }) => name));
  const known = new Set(state.files.map(({ name }) => name));
  const applied = appliedEntries(state);
  const stays = (entry: HistoryEntry) => names.has(entry.name) || !known.has(entry.name);
  if (purge) return { add: wanted, remove: applied };
  const present = new Set(applied.map(({ name }) => name));
  return {
    add: wanted.filter(({ name }) => !present.has(name)),
    remove: applied.filter((entry) => !stays(entry)),
  };
}

function filesUpTo(target: Target, state: MigrationState): readonly MigrationFile[] {
  const { files } = state;
  switch (target.kind) {
    case "head":
      return files;
    case "base":
      return [];
    case "steps": {
      const applied = files.length - pendingFiles(state).length;
      const wanted = applied + target.steps;
      if (wanted < 0) throw tooFewApplied(-target.steps, applied);
      if (wanted > files.length) throw tooFewPending(target.steps, files.length - applied);
      return files.slice(0, wanted);
    }
    case "migration": {
      const index = files.findIndex(({ name }) => name === target.name);
      if (index < 0) throw fileMissing(target.name);
      return files.slice(0, index + 1);
    }
  }
}
