import fs from "node:fs";
import path from "node:path";
import { isRecord } from "../values";

/** The fields of a package.json that Retort reads. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly type?: string;
  readonly retort?: unknown;
  readonly exports?: unknown;
  readonly main?: unknown;
  readonly scripts?: Readonly<Record<string, unknown>>;
  readonly workspaces?: unknown;
  readonly packageManager?: unknown;
  /** Of the package module-alias. */
  readonly _moduleAliases?: unknown;
}

export interface Package {
  /** The folder that holds package.json. */
  readonly root: string;
  readonly json: PackageJson;
}

const found = new Map<string, Package | undefined>();

/** The package of a folder, by the nearest package.json upwards; undefined where there is none. */
export function packageOf(folder: string): Package | undefined {
  if (found.has(folder)) return found.get(folder);
  const parent = path.dirname(folder);
  const result = readPackage(folder) ?? (parent === folder ? undefined : packageOf(parent));
  found.set(folder, result);
  return result;
}

/** The package whose root is this folder. A package.json that does not parse counts as empty, as in TypeORM. */
export function readPackage(folder: string): Package | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
  } catch {
    return undefined;
  }
  return { root: folder, json: parsed(text) };
}

function parsed(text: string): PackageJson {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Whether a package.json names a package among its dependencies, of whatever kind. */
export function dependsOn(json: PackageJson, name: string): boolean {
  return ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"].some((kind) => {
    const group = (json as Record<string, unknown>)[kind];
    return isRecord(group) && name in group;
  });
}

/** The format in which Node reads a file: by its ending, else by the `type` of its package. */
export function moduleFormatOf(file: string): "cjs" | "esm" {
  if (/\.m[jt]s$/.test(file)) return "esm";
  if (/\.c[jt]s$/.test(file)) return "cjs";
  return packageOf(path.dirname(file))?.json.type === "module" ? "esm" : "cjs";
}
