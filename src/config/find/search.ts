import fs from "node:fs";
import path from "node:path";
import { BUILT } from "./files";

/** What a search of a project's files has found: absolute paths, sorted. */
export interface SearchResult {
  /** Files that export a DataSource, or typed options where none does. */
  readonly exporting: readonly string[];
  /** Files that create a DataSource and keep it, or that start a server as well: loading them would not do. */
  readonly unusable: readonly string[];
}

/** More files than this are not read: the folder is no project. */
const MAX_FILES = 20_000;
/** A file of code is smaller; what is larger is a bundle. */
const MAX_SIZE = 200_000;
const MAX_DEPTH = 8;

const SKIPPED = /^(node_modules|bower_components|coverage|vendor|public|tests?|__tests__|e2e|cypress)$/;
const CODE = /(?<!\.d|\.spec|\.test|\.e2e-spec)\.[cm]?[jt]s$/;

/**
 * Searches a folder for files that export a DataSource, by their text; nothing is loaded. Folders of compiled files are searched where
 * the sources have none: of a deployed project, there may be nothing else.
 */
export function searchDataSources(folder: string): SearchResult {
  const files = codeFiles(folder);
  const isBuilt = (file: string) => BUILT.includes(path.relative(folder, file).split(path.sep)[0]!);
  const sources = classified(files.filter((file) => !isBuilt(file)));
  return sources.exporting.length + sources.unusable.length > 0 ? sources : classified(files.filter(isBuilt));
}

/** The files of code of a folder, without tests, packages and hidden folders: absolute, sorted. */
export function codeFiles(folder: string): string[] {
  const found: string[] = [];
  const visit = (current: string, depth: number): void => {
    if (depth > MAX_DEPTH || found.length > MAX_FILES) return;
    for (const entry of entriesOf(current)) {
      const name = path.join(current, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.test(entry.name) && !entry.name.startsWith(".")) visit(name, depth + 1);
      } else if (entry.isFile() && CODE.test(entry.name)) found.push(name);
    }
  };
  visit(folder, 0);
  return found.sort();
}

/** A folder that may not be read has no entries. */
function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

type Kind = "DataSource" | "options" | "unusable";

function classified(files: readonly string[]): SearchResult {
  const kinds = files.map((file) => ({ file, kind: kindOf(textOf(file)) }));
  const of = (wanted: Kind) => kinds.filter(({ kind }) => kind === wanted).map(({ file }) => file);
  const exporting = of("DataSource");
  return { exporting: exporting.length > 0 ? exporting : of("options"), unusable: of("unusable") };
}

function textOf(file: string): string {
  try {
    return fs.statSync(file).size > MAX_SIZE ? "" : fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const CREATED = String.raw`(?:await\s+)?new\s+(?:\w+\.)*DataSource\s*[(<]`;
const CREATES = new RegExp(CREATED);
const EXPORTS_CREATED = new RegExp(
  String.raw`\bexport\s+(?:default|(?:const|let|var)\s+\w+\s*(?::[^=;]+)?=)\s*${CREATED}` +
    String.raw`|\bexports(?:\.\w+)?\s*=\s*${CREATED}` +
    String.raw`|\bexport\s+(?:default\s+)?(?:abstract\s+)?class\s+\w+\s+extends\s+(?:\w+\.)*DataSource\b`,
);
const NAMED = new RegExp(String.raw`\b(?:const|let|var)\s+(\w+)\s*(?::[^=;]+)?=\s*${CREATED}`, "g");
const RETURNED = new RegExp(String.raw`(?:\breturn\s+|=>\s*)${CREATED}`);
const EXPORTS_FUNCTION =
  /\bexport\s+(?:default\s+)?(?:async\s+)?(?:function\b|(?:const|let|var)\s+\w+[^=;]*=\s*(?:async\s*)?\(|\()/;
const OPTIONS =
  /\b(?:const|let|var)\s+(\w+)\s*:\s*(?:\w+\.)*(?:DataSourceOptions|\w+ConnectionOptions|TypeOrmModuleOptions)\s*=|\bexport\s+default\s*\{[^]*\bsatisfies\s+DataSourceOptions/g;

/** What a file exports, as far as its text says; undefined where it has nothing to do with a DataSource. */
function kindOf(text: string): Kind | undefined {
  if (!/["'](?:typeorm|@nestjs\/typeorm)["']/.test(text)) return undefined;
  if (!CREATES.test(text) && !/extends\s+(?:\w+\.)*DataSource\b/.test(text))
    return [...text.matchAll(OPTIONS)].some(([, name]) => name === undefined || isExported(name, text))
      ? "options"
      : undefined;
  // A file that starts a server is not loaded by a search.
  if (/\.listen\s*\(/.test(text)) return "unusable";
  const isFound =
    EXPORTS_CREATED.test(text) ||
    [...text.matchAll(NAMED)].some(([, name]) => isExported(name!, text)) ||
    (RETURNED.test(text) && EXPORTS_FUNCTION.test(text));
  return isFound ? "DataSource" : "unusable";
}

function isExported(name: string, text: string): boolean {
  return new RegExp(
    String.raw`\bexport\s+(?:default\s+${name}\b|(?:const|let|var)\s+${name}\b|\{[^}]*\b${name}\b[^}]*\})` +
      String.raw`|\bexports(?:\.\w+)?\s*=\s*(?:\{[^}]*\b)?${name}\b`,
  ).test(text);
}
