import fs from "node:fs";
import path from "node:path";
import { workspaceRoot } from "../../config/find/workspace";
import { readPackage } from "../../config/package";
import { compilerSettings } from "../../config/tsconfig";
import type { Problem } from "./problem";

/** Of these, two copies do not know each other's entities and decorators. */
const SINGLE = ["typeorm", "reflect-metadata"] as const;

/** Packages that are installed more than once. */
export function doubledPackages(root: string): Problem[] {
  const modules = [root, workspaceRoot(root) ?? root].map((folder) => path.join(folder, "node_modules"));
  return SINGLE.flatMap((name) => {
    const copies = [...new Set(modules.flatMap((folder) => copiesIn(folder, name)))].sort();
    if (copies.length < 2) return [];
    const shown = copies.map((copy) => `${readPackage(copy)?.json.version} in ${path.relative(root, copy)}`);
    return {
      code: "doctor/two-copies",
      message: `${name} is installed ${copies.length} times: ${shown.join(", ")}; entities of one are unknown to the other`,
      hint: `npm ls ${name}    (shows who brings it), then one version for all, and npm dedupe`,
    };
  });
}

/** The folders of a package below a node_modules, at any depth, without links to one folder. */
function copiesIn(modules: string, name: string, seen = new Set<string>()): string[] {
  const real = realFolder(modules);
  if (real === undefined || seen.has(real)) return [];
  seen.add(real);
  const own = path.join(real, name, "package.json");
  const copies = fs.existsSync(own) ? [path.dirname(fs.realpathSync(own))] : [];
  // What Retort is developed with is not part of the project.
  const packages = packagesIn(real).filter((folder) => path.basename(folder) !== "typeorm-retort");
  return [...copies, ...packages.flatMap((folder) => copiesIn(path.join(folder, "node_modules"), name, seen))];
}

function packagesIn(modules: string): string[] {
  return fs.readdirSync(modules).flatMap((entry) => {
    const folder = path.join(modules, entry);
    // pnpm keeps all packages in one folder.
    if (entry === ".pnpm") return fs.readdirSync(folder).map((one) => path.join(folder, one));
    if (entry.startsWith(".")) return [];
    return entry.startsWith("@") ? fs.readdirSync(folder).map((one) => path.join(folder, one)) : [folder];
  });
}

function realFolder(folder: string): string | undefined {
  try {
    return fs.realpathSync(folder);
  } catch {
    return undefined;
  }
}

/** Compilers that have their own settings for metadata. */
const OTHER_COMPILERS = [".swcrc", "babel.config.js", "babel.config.json", ".babelrc", "vite.config.ts"];

/** A column whose type is that of its property: without options, or with options that do not say it. */
const TYPE_OF_PROPERTY = /@(?:Primary)?Column\(\s*(?:\)|\{(?![^}]*\btype\s*:)[^}]*\})/;

/**
 * The project's own compiler does not emit what TypeORM's decorators read, so that the application differs from what Retort loads.
 * @param sources the files of the project that were loaded: those whose columns say their types need no metadata
 */
export function metadataNotEmitted(root: string, configuration: string, sources: readonly string[]): Problem[] {
  const { file, emitsMetadata } = compilerSettings(path.dirname(configuration));
  if (file === undefined || emitsMetadata) return [];
  if (OTHER_COMPILERS.some((name) => fs.existsSync(path.join(root, name)))) return [];
  const typed = sources.filter((name) => /\.[cm]?tsx?$/.test(name));
  if (!typed.some((name) => TYPE_OF_PROPERTY.test(fs.readFileSync(name, "utf8")))) return [];
  return [
    {
      code: "doctor/no-metadata",
      message: `${path.relative(root, file)} emits no types for decorators: the application does not know the types of columns`,
      hint: '"compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true }',
    },
  ];
}
