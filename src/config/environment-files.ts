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
 * @returns the files that were read, absolute
 * @see `node --env-file`, whose parser reads them
 */
export function readEnvironmentFiles(root: string, env: NodeJS.ProcessEnv): string[] {
  const settings = packageSettings(root);
  if (isRecord(settings) && settings["env"] === false) return [];
  const folders = new Set([root, workspaceRoot(root) ?? root]);
  const files = [...folders].flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return files.filter((file) => {
    const text = textOf(file);
    if (text === undefined) return false;
    for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
    return true;
  });
}

/** A file that is missing, is a folder or may not be read has no variables. */
function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
