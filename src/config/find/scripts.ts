import path from "node:path";
import type { Package } from "../package";
import { codeFile, sourceOfCompiled } from "./files";

/** A file that a script of package.json gives to TypeORM's own commands. */
export interface NamedByScript {
  readonly file: string;
  /** The script's name: `migration:run`. */
  readonly script: string;
}

/** Scripts that run TypeORM's commands, directly or through another script. */
const RUNS_TYPEORM = /typeorm|\borm\b|migrations?:|schema:/i;
const NAMES_FILE = /(?:^|\s)(?:-d|--data-?source)(?:\s+|=)(?:"([^"]+)"|'([^']+)'|([^\s"'&|;]+))/gi;
const CHANGES_FOLDER = /\bcd\s+["']?([^\s"'&;]+)["']?\s*&&/g;

/**
 * The data sources that the package's scripts name: `typeorm migration:run -d src/db.ts`. A compiled file stands for its source, where that
 * exists. Files that do not exist are left out.
 */
export function namedByScripts({ root, json }: Package): NamedByScript[] {
  const found = new Map<string, string>();
  for (const [script, command] of Object.entries(json.scripts ?? {})) {
    if (typeof command !== "string" || !RUNS_TYPEORM.test(`${script} ${command}`)) continue;
    for (const file of filesNamedIn(command, root)) if (!found.has(file)) found.set(file, script);
  }
  return [...found].map(([file, script]) => ({ file, script }));
}

function filesNamedIn(command: string, root: string): string[] {
  const folders = [root, ...[...command.matchAll(CHANGES_FOLDER)].map(([, folder]) => path.resolve(root, folder!))];
  return [...command.matchAll(NAMES_FILE)].flatMap(([, double, single, bare]) => {
    const name = (double ?? single ?? bare)!.replaceAll("\\", "/");
    const files = folders.map((folder) => fileFor(path.resolve(folder, name), root));
    return files.find((file) => file !== undefined) ?? [];
  });
}

function fileFor(named: string, root: string): string | undefined {
  return sourceOfCompiled(named, root) ?? codeFile(named);
}
