import fs from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { packageSettings } from "./find/configuration";
import { workspaceRoot } from "./find/workspace";
import { isRecord } from "../values";

/** The first one that sets a variable is used. */
const NAMES = [".env.local", ".env"] as const;

/**
 * Sets the variables of `.env.local` and `.env` in the project's folder, and in the root of its workspace, in `env`. A variable that is set
 * already is never changed. `"env": false` of the settings in package.json turns it off.
 * @returns the files that were read, absolute, and whether a variable was set by them: none is where the shell has read them already
 * @see `node --env-file`, whose parser reads them
 */
export function readEnvironmentFiles(root: string, env: NodeJS.ProcessEnv): { files: string[]; hasSet: boolean } {
  const settings = packageSettings(root);
  if (isRecord(settings) && settings["env"] === false) return { files: [], hasSet: false };
  const folders = new Set([root, workspaceRoot(root) ?? root]);
  const candidates = [...folders].flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const read = candidates.map((file) => ({ file, text: textOf(file) })).filter(({ text }) => text !== undefined);
  const before = Object.keys(env).length;
  for (const { text } of read) for (const [name, value] of Object.entries(parseEnv(text!))) env[name] ??= value;
  return { files: read.map(({ file }) => file), hasSet: Object.keys(env).length > before };
}

/** A file that is missing, is a folder or may not be read has no variables. */
function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
