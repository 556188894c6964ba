import path from "node:path";
import { didYouMean } from "../../suggestion";
import { ambiguousTarget, unknownTarget } from "../errors";
import type { MigrationState } from "./state";

/** The target of a command. */
export type Target =
  | { readonly kind: "head" }
  | { readonly kind: "base" }
  /** A number of migrations forward (positive) or back (negative). */
  | { readonly kind: "steps"; readonly steps: number }
  | { readonly kind: "migration"; readonly name: string };

/** The spellings of a migration: its class, timestamp, file name, or the words of its file name. */
interface Candidate {
  readonly name: string;
  readonly spellings: readonly string[];
}

/** Reads `head`, `base`, `+2`, `-1`, a timestamp or a name, each by any unique prefix. */
export function parseTarget(text: string, state: MigrationState): Target {
  if (/^[+-]\d+$/.test(text)) return { kind: "steps", steps: Number(text) };
  const found = find(text, candidates(state));
  if (found.length > 1) throw ambiguousTarget(text, found);
  if (found.length === 0) throw unknownTarget(text, didYouMean(text, allSpellings(state)));
  const [name] = found;
  if (name === "head" || name === "base") return { kind: name };
  return { kind: "migration", name: name! };
}

/** Names of the candidates that match: those spelled exactly so, else all that begin so. */
function find(text: string, candidates: readonly Candidate[]): string[] {
  const wanted = normalized(text);
  if (wanted === "") return [];
  const whole = candidates.filter(({ spellings }) => spellings.some((spelling) => normalized(spelling) === wanted));
  if (whole.length > 0) return whole.map(({ name }) => name);
  const begun = candidates.filter(({ spellings }) =>
    spellings.some((spelling) => normalized(spelling).startsWith(wanted)),
  );
  return begun.map(({ name }) => name);
}

function candidates({ files, history }: MigrationState): Candidate[] {
  const migrations = new Map<string, Candidate>();
  for (const { name, timestamp, file } of files)
    migrations.set(name, { name, spellings: spellings(name, timestamp, file) });
  for (const { name, timestamp } of history) {
    if (!migrations.has(name)) migrations.set(name, { name, spellings: spellings(name, timestamp, undefined) });
  }
  return [{ name: "head", spellings: ["head"] }, { name: "base", spellings: ["base"] }, ...migrations.values()];
}

function spellings(name: string, timestamp: number, file: string | undefined): string[] {
  const own = [name, String(timestamp)];
  if (file === undefined) return own;
  const base = path.basename(file, path.extname(file));
  return [...own, path.basename(file), base, base.replace(/^\d+[-_]?/, "")].filter((spelling) => spelling !== "");
}

function allSpellings(state: MigrationState): string[] {
  return candidates(state).flatMap(({ spellings: [first, , , , words] }) => (words ? [words, first!] : [first!]));
}

/** "Posts table", "posts-table" and "PostsTable" are one name. */
function normalized(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, "");
}
