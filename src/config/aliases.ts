import fs from "node:fs";
import path from "node:path";
import { isRecord } from "../values";
import { compiledOfSource, sourceOfCompiled } from "./find/files";
import { packageOf, readPackage, type Package } from "./package";
import { workspaceRoot } from "./find/workspace";
import { sourceFile } from "./resolve";
import { compilerSettings } from "./tsconfig";

/*
 * Aliases that the project's own start resolves at run time (module-alias, tsconfig-paths), which Retort does not run.
 */

/**
 * The file that an alias stands for: by `_moduleAliases` of package.json, then by `paths` of tsconfig.json, which compiled files use through
 * tsconfig-paths. Sources import sources and compiled files compiled ones: a class that is loaded from both would be two classes.
 * @param request a bare specifier that Node's rules do not resolve
 * @returns an absolute path; undefined where it is no alias, or where there is no such file
 */
export function aliasedFile(request: string, from: string): string | undefined {
  const owner = packageOf(path.dirname(from));
  if (!owner) return undefined;
  const counterpart = /\.[cm]?tsx?$/.test(from) ? sourceOfCompiled : compiledOfSource;
  for (const candidate of [
    ...moduleAliases(request, owner),
    ...compilerSettings(path.dirname(from)).pathsOf(request),
  ]) {
    const file = sourceFile(path.normalize(candidate));
    // What an alias of compiled files stands for may not be compiled yet.
    const found = counterpart(file ?? path.normalize(candidate), owner.root) ?? file;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Whether a bare specifier that was not found is an alias or a package of the project itself, which no registry has: by the aliases that
 * are configured, by the scope or name of the project, or by its folders (`@entities/user`, `src/user`).
 */
export function isNameOfProject(request: string, from: string): boolean {
  if (/^(?:[@~]\/|~|#)/.test(request)) return true;
  const owner = packageOf(path.dirname(from));
  if (!owner) return false;
  const [first = ""] = request.split("/");
  const folders = [owner.root, path.join(owner.root, "src")].map((base) => path.join(base, first.replace(/^@/, "")));
  return (
    moduleAliases(request, owner).length > 0 ||
    hasPath(request, from) ||
    namesIn(owner.root).some((name) => name.split("/")[0] === first || `@${name}` === first) ||
    (request !== first && folders.some((folder) => fs.existsSync(folder)))
  );
}

/** The names of the project's package and of the repository that it belongs to. */
function namesIn(root: string): string[] {
  return [root, workspaceRoot(root) ?? root].flatMap((folder) => readPackage(folder)?.json.name ?? []);
}

function moduleAliases(request: string, { root, json }: Package): string[] {
  const aliases = isRecord(json._moduleAliases) ? json._moduleAliases : {};
  return Object.entries(aliases).flatMap(([alias, target]) => {
    const isOfAlias = request === alias || request.startsWith(`${alias}/`);
    return isOfAlias && typeof target === "string" ? [path.join(root, target, request.slice(alias.length))] : [];
  });
}

/** By a pattern of `paths`; `baseUrl` alone makes a candidate of every specifier. */
function hasPath(request: string, from: string): boolean {
  const settings = compilerSettings(path.dirname(from));
  return settings.pathPatterns.some((pattern) => {
    const [head, tail] = pattern.split("*", 2);
    return tail === undefined
      ? request === pattern
      : head !== "" && request.startsWith(head!) && request.endsWith(tail);
  });
}
