import fs from "node:fs";
import path from "node:path";
import { isFile } from "./paths";

/** Each package manager, by the file in which it locks versions. */
const LOCKFILES: readonly (readonly [lockfile: string, manager: string])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

const ADD: Readonly<Record<string, string>> = {
  npm: "npm install",
  pnpm: "pnpm add",
  yarn: "yarn add",
  bun: "bun add",
};

/**
 * The command that adds packages to a project, with the package manager that the project uses.
 * @param folder of the project, or below it
 */
export function installCommand(folder: string, ...packages: readonly string[]): string {
  const add = ADD[packageManager(folder)] ?? ADD["npm"]!;
  return [packages.length > 0 ? add : add.replace(" add", " install"), ...packages].join(" ");
}

/** By `packageManager` of the nearest package.json that has it, or by the nearest lockfile. */
function packageManager(folder: string): string {
  const declared = declaredIn(folder);
  if (declared !== undefined) return declared;
  const [, manager] = LOCKFILES.find(([lockfile]) => isFile(path.join(folder, lockfile))) ?? [];
  if (manager !== undefined) return manager;
  const parent = path.dirname(folder);
  // Nothing of a repository lies outside it.
  return parent === folder || fs.existsSync(path.join(folder, ".git")) ? "npm" : packageManager(parent);
}

function declaredIn(folder: string): string | undefined {
  try {
    const json: unknown = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    const { packageManager } = (json ?? {}) as { packageManager?: unknown };
    return typeof packageManager === "string" ? packageManager.split("@")[0] : undefined;
  } catch {
    return undefined;
  }
}
