import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { holdsSecret } from "./secret-input";

/** Inputs that are kept in the file. */
const KEPT = 5_000;

/** The inputs of this project, of this shell and earlier ones. */
export class History {
  readonly entries: string[] = [];

  private readonly secrets: ReadonlySet<string>;

  /**
   * @param file readable by its owner only; undefined keeps nothing
   * @param secrets names of secrets besides the usual ones: `token`, or `User.token`
   */
  constructor(
    private readonly file: string | undefined,
    secrets: readonly string[] = [],
  ) {
    this.secrets = new Set(secrets.map((name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase()));
    if (file !== undefined) this.entries.push(...read(file));
  }

  /** Adds an input. One that holds a secret is not written to the file. */
  add(text: string): void {
    const entry = text.trimEnd();
    if (entry.trim() === "" || entry === this.entries.at(-1)) return;
    this.entries.push(entry);
    if (this.file !== undefined && !holdsSecret(entry, this.secrets)) append(this.file, entry);
  }

  /** The latest entry that begins with a text, for the suggestion after it. */
  beginningWith(text: string): string | undefined {
    if (text.trim() === "") return undefined;
    for (let index = this.entries.length - 1; index >= 0; index -= 1) {
      const entry = this.entries[index]!;
      if (entry.length > text.length && entry.startsWith(text)) return entry;
    }
    return undefined;
  }

  /** The index of the latest entry before `from` that contains a text; -1 where there is none. */
  find(text: string, from = this.entries.length): number {
    for (let index = from - 1; index >= 0; index -= 1) if (this.entries[index]!.includes(text)) return index;
    return -1;
  }
}

/** One file for each project, below the user's state folder. */
export function historyFileOf(root: string, env: NodeJS.ProcessEnv): string {
  const state = env["XDG_STATE_HOME"] || path.join(env["HOME"] ?? os.homedir(), ".local", "state");
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return path.join(state, "retort", "history", `${path.basename(root).replace(/[^\w.-]/g, "_")}-${hash}`);
}

/** One entry a line, as JSON: an entry may have several lines. */
function read(file: string): string[] {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const entries = text.split("\n").flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === "string" ? [entry] : [];
    } catch {
      return [];
    }
  });
  const kept = entries.slice(-KEPT);
  // The file is shortened once in a while.
  if (entries.length > KEPT * 2) write(file, `${kept.map((entry) => JSON.stringify(entry)).join("\n")}\n`, "w");
  return kept;
}

function append(file: string, entry: string): void {
  write(file, `${JSON.stringify(entry)}\n`, "a");
}

function write(file: string, text: string, flag: "a" | "w"): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const before = fs.statSync(file, { throwIfNoEntry: false });
    // A copied file may be readable by others.
    if (before && (before.mode & 0o077) !== 0) fs.chmodSync(file, 0o600);
    fs.writeFileSync(file, text, { flag, mode: 0o600 });
  } catch {
    // A history that cannot be written (a read-only home) is not worth an error.
  }
}
