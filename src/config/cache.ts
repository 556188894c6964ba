import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** How long a compiled file is kept after it was written, in milliseconds. */
const MAX_AGE = 30 * 24 * 3600 * 1000;
/** The cache is pruned when it has more entries than this. */
const ENTRIES_BEFORE_PRUNING = 2000;

/**
 * Texts on disk under the hash of their inputs, so that no entry is outdated. Files are written under a temporary name and renamed,
 * because several processes may write at once. Without a usable cache everything is compiled.
 */
export class Cache {
  readonly #folder: string | undefined;
  #pruned = false;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** The name of an entry: the hash of its inputs. */
  static key(...parts: readonly string[]): string {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(`${part.length}:`).update(part);
    return hash.digest("hex").slice(0, 40);
  }

  read(name: string): string | undefined {
    if (!this.#folder) return undefined;
    try {
      const stored = fs.readFileSync(path.join(this.#folder, name), "utf8");
      const end = stored.indexOf("\n");
      const text = stored.slice(end + 1);
      // A file that was damaged counts as none.
      return stored.slice(0, end) === Cache.key(text) ? text : undefined;
    } catch {
      return undefined;
    }
  }

  write(name: string, text: string): void {
    if (!this.#folder) return;
    const file = path.join(this.#folder, name);
    const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      fs.writeFileSync(temporary, `${Cache.key(text)}\n${text}`, { mode: 0o600 });
      fs.renameSync(temporary, file);
    } catch {
      removeQuietly(temporary);
    }
    this.#prune(this.#folder);
  }

  /** Once per process, after the first write: a start that compiles nothing does not need it. */
  #prune(folder: string): void {
    if (this.#pruned) return;
    this.#pruned = true;
    try {
      const names = fs.readdirSync(folder);
      if (names.length > ENTRIES_BEFORE_PRUNING) for (const name of names) removeWhenOld(path.join(folder, name));
    } catch {
      // Another process may be clearing the folder at the same time.
    }
  }
}

function removeQuietly(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // The temporary file was not created.
  }
}

function removeWhenOld(file: string): void {
  const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (age > MAX_AGE) fs.rmSync(file, { force: true });
}

/**
 * The folder of a project's compiled files: `node_modules/.cache/retort` of the project or of its workspace, else a folder of the current
 * user in the system's temporary folder; undefined where neither is writable and safe.
 */
export function cacheFolder(root: string): string | undefined {
  const modules = nearestModules(root);
  if (modules && isWritable(modules)) return path.join(modules, ".cache", "retort");
  return temporaryFolder();
}

function nearestModules(folder: string): string | undefined {
  const modules = path.join(folder, "node_modules");
  if (fs.existsSync(modules)) return modules;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : nearestModules(parent);
}

function isWritable(modules: string): boolean {
  const nearest = [path.join(modules, ".cache", "retort"), path.join(modules, ".cache"), modules].find((folder) =>
    fs.existsSync(folder),
  );
  try {
    fs.accessSync(nearest ?? modules, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Files in this folder are executed, so it must belong to the current user and be writable by no other. */
function temporaryFolder(): string | undefined {
  const owner = process.getuid?.();
  const folder = path.join(os.tmpdir(), `retort-cache-${owner ?? os.userInfo().username}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.lstatSync(folder);
    const isOwn = owner === undefined || (uid === owner && (mode & 0o022) === 0);
    return isOwn ? folder : undefined;
  } catch {
    return undefined;
  }
}
