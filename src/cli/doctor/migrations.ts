import fs from "node:fs";
import path from "node:path";
import { BUILT } from "../../config/find/files";
import { codeFiles } from "../../config/find/search";
import { pluralize } from "../../text";
import { displayPath } from "../../migrate/errors";
import type { MigrationFile } from "../../migrate/files/files";
import { errorIfHalfApplied } from "../../migrate/run/plan";
import { currentEntry, migrationInfos, type MigrationInfo, type MigrationState } from "../../migrate/history/state";
import { problemOf, type Problem } from "./problem";

/** What is wrong with the history of a database, compared with the files. */
export function historyProblems(state: MigrationState): Problem[] {
  const infos = migrationInfos(state);
  const current = currentEntry(state)?.name ?? "base";
  const purge = `retort migrate stamp --purge ${current}`;
  const halfApplied = errorIfHalfApplied(state);
  return [
    ...(halfApplied ? [problemOf(halfApplied)] : []),
    ...problemWith(infos, "pending", {
      what: "pending",
      isOne: ({ status }) => status === "pending",
      hint: "retort migrate up",
    }),
    ...problemWith(infos, "missing", {
      what: "applied, but without a file",
      isOne: ({ status }) => status === "missing",
      hint: `restore the file (git log --diff-filter=D --name-only), or: ${purge}`,
    }),
    ...problemWith(infos, "edited", {
      what: "edited after being applied",
      isOne: ({ edited }) => edited,
      hint: "restore the old text, and put the change into a new migration",
    }),
    ...problemWith(infos, "doubled", {
      what: "more than once in the history",
      isOne: ({ entries }) => entries > 1,
      hint: purge,
    }),
    ...clockProblems(state),
  ];
}

interface Kind {
  readonly what: string;
  readonly hint: string;
  readonly isOne: (info: MigrationInfo) => boolean;
}

function problemWith(infos: readonly MigrationInfo[], code: string, { what, hint, isOne }: Kind): Problem[] {
  const names = infos.filter(isOne).map(({ name }) => name);
  if (names.length === 0) return [];
  const count = pluralize(names.length, "migration is", "migrations are");
  return [{ code: `doctor/${code}`, message: `${count} ${what}: ${names.join(", ")}`, hint }];
}

/** New migrations are numbered by the clock, and run in the order of their numbers. */
function clockProblems({ files, history }: MigrationState): Problem[] {
  const newest = [...files, ...history].reduce<MigrationFile | MigrationState["history"][number] | undefined>(
    (one, other) => (one && one.timestamp >= other.timestamp ? one : other),
    undefined,
  );
  if (!newest || newest.timestamp <= Date.now()) return [];
  return [
    {
      code: "doctor/clock",
      message: `the clock (${new Date().toISOString()}) is behind the last migration, ${newest.name} (${new Date(newest.timestamp).toISOString()})`,
      hint: "set the clock of this machine, or give the migration the time at which it was written",
    },
  ];
}

/** Files that have a migration and that no pattern of the DataSource finds. */
export function lostMigrations(root: string, files: readonly MigrationFile[], configuration: string): Problem[] {
  const found = new Set(files.map(({ file }) => file));
  const isBuilt = (file: string) => BUILT.includes(path.relative(root, file).split(path.sep)[0]!);
  const lost = codeFiles(root).filter((file) => !found.has(file) && !isBuilt(file) && isMigration(file));
  if (lost.length === 0) return [];
  const folders = [...new Set(lost.map((file) => displayPath(root, path.dirname(file))))];
  const ending = path.extname(lost[0]!);
  return [
    {
      code: "doctor/lost",
      message: `${pluralize(lost.length, "migration is", "migrations are")} found by no pattern of the DataSource: ${lost.map((file) => displayPath(root, file)).join(", ")}`,
      hint: `in ${displayPath(root, configuration)}, write migrations: [${folders.map((folder) => `"${folder}/*${ending}"`).join(", ")}]`,
    },
  ];
}

function isMigration(file: string): boolean {
  if (!/\d{13}/.test(path.basename(file))) return false;
  const text = fs.readFileSync(file, "utf8");
  return /\bclass\s+\w+/.test(text) && /\bup\s*\(/.test(text) && /\bdown\s*\(/.test(text);
}
