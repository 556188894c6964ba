import { RetortError } from "../../errors";
import type { MigrationFile } from "../../migrate/files/files";
import type { Plan, Step } from "../../migrate/run/plan";
import type { StepReport } from "../../migrate/run/context";
import { displayPath } from "../../migrate/errors";
import { currentEntry, pendingFiles, type MigrationState } from "../../migrate/history/state";
import type { CommandContext } from "../command";

/** A migration in the output of `--json`. */
export interface MigrationJson {
  readonly name: string;
  readonly timestamp: number;
  /** Relative to the project's folder, with slashes; null where it is missing or not known. */
  readonly file: string | null;
}

export function migrationJson(
  migration: Pick<MigrationFile, "name" | "timestamp" | "file">,
  root: string,
): MigrationJson {
  const { name, timestamp, file } = migration;
  return { name, timestamp, file: file === undefined ? null : displayPath(root, file) };
}

export interface StepJson extends MigrationJson {
  readonly direction: "up" | "down";
}

export function stepJson({ direction, migration }: Step, root: string): StepJson {
  return { direction, ...migrationJson(migration, root) };
}

export function planJson(plan: Plan, root: string): StepJson[] {
  return plan.map((step) => stepJson(step, root));
}

export interface ReportJson extends StepJson {
  readonly milliseconds: number;
  readonly statements: number;
  readonly transaction: boolean;
}

export function reportJson({ step, milliseconds, statements, transaction }: StepReport, root: string): ReportJson {
  return { ...stepJson(step, root), milliseconds: Math.round(milliseconds), statements, transaction };
}

/** The state of the database after a command. */
export function stateJson(state: MigrationState): { current: string | null; pending: number } {
  return { current: currentEntry(state)?.name ?? null, pending: pendingFiles(state).length };
}

export function errorJson(error: unknown): { code: string; message: string; hint: string | null } {
  if (error instanceof RetortError) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: "unknown", message: error instanceof Error ? error.message : String(error), hint: null };
}

export function printJson(command: CommandContext, value: object): void {
  command.print(JSON.stringify(value, null, 2));
}
