import fs from "node:fs";
import path from "node:path";
import { isFile } from "../../paths";
import { readPackage } from "../package";

/** Files at the root of a repository with several packages, besides `workspaces` in its package.json. */
const MARKERS = ["pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json", "rush.json"] as const;

/**
 * The root of the repository of several packages (npm, yarn, pnpm, lerna, nx, turborepo) that a folder is in: the folder itself, or one
 * above it; undefined where there is none.
 */
export function workspaceRoot(folder: string): string | undefined {
  const isRoot =
    readPackage(folder)?.json.workspaces !== undefined || MARKERS.some((name) => isFile(path.join(folder, name)));
  if (isRoot) return folder;
  const parent = path.dirname(folder);
  // Nothing of a repository lies outside it.
  return parent === folder || fs.existsSync(path.join(folder, ".git")) ? undefined : workspaceRoot(parent);
}
