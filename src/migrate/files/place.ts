import fs from "node:fs";
import path from "node:path";
import { displayPath, noMigrationFound, notFoundAgain } from "../errors";
import {
  type MigrationPatterns,
  findMigrationFiles,
  isCompiledElsewhere,
  isFound,
  sourceFolder,
  stringsOf,
} from "./sources";

/** A file that is to be written, and what its text must be written in. */
export interface NewFile {
  /** Absolute. */
  readonly file: string;
  readonly language: "ts" | "js";
  readonly moduleFormat: "cjs" | "esm";
}

export interface PlaceOptions extends MigrationPatterns {
  /** The folder that the settings name, relative to the root. */
  readonly folder?: string | undefined;
  /** The language of the configuration: taken where the patterns allow both. */
  readonly language: "ts" | "js";
  /** The format in which Node reads a JavaScript file of that path. */
  readonly formatOf: (file: string) => "cjs" | "esm";
  /** The file of the configuration, absolute, for messages. */
  readonly configuration: string;
}

/** The default folder of migration files, relative to the project's folder. */
const DEFAULT_FOLDER = "migrations";

const EXTENSIONS = { ts: [".ts", ".mts", ".cts"], js: [".js", ".mjs", ".cjs"] } as const;

/**
 * Where new migrations are written: a folder and a name that the DataSource's patterns match, so that the file is found
 * again. A pattern that leads to compiled files leads to their sources here.
 */
export class MigrationPlace {
  constructor(readonly options: PlaceOptions) {}

  /** The folder that new files go to where nothing is said against it; it may not exist yet. */
  get folder(): string {
    return this.#folders()[0]!;
  }

  /** @throws migrate/none-found where the patterns match no file: nothing to do would be said of migrations that are there, but not found */
  expectFiles(): void {
    const { declared, configuration, root } = this.options;
    const patterns = stringsOf(this.options)
      .filter((glob) => !glob.startsWith("!"))
      .map((glob) => (path.isAbsolute(glob) ? displayPath(root, glob) : glob));
    const isEmpty = patterns.length > 0 && patterns.length === declared.length;
    if (isEmpty && findMigrationFiles(this.options).length === 0)
      throw noMigrationFound(patterns, displayPath(root, configuration));
  }

  /** The newest timestamp in the name of a file; 0 without any. */
  newestTimestamp(): number {
    const names = [...findMigrationFiles(this.options).map((file) => path.basename(file)), ...this.#namesInFolder()];
    return Math.max(0, ...names.map((name) => Number(/\d{13}/.exec(name)?.[0] ?? 0)));
  }

  /**
   * @param base the name without an extension: `1700000000000-posts-table`
   * @throws migrate/not-found-again where no pattern of the DataSource would match the file
   */
  newFile(base: string): NewFile {
    for (const folder of this.#folders())
      for (const [language, extension] of this.#endings(folder))
        for (const name of this.#names(base)) {
          const file = path.join(folder, name + extension);
          if (isFound(file, this.options)) return { file, language, moduleFormat: this.options.formatOf(file) };
        }
    throw notFoundAgain(this.#suggestion());
  }

  /** Names of files that were written but are no longer matched count too. */
  #namesInFolder(): string[] {
    return fs.existsSync(this.folder) ? fs.readdirSync(this.folder) : [];
  }

  #folders(): string[] {
    const { folder, root } = this.options;
    if (folder !== undefined) return [path.resolve(root, folder)];
    const files = findMigrationFiles(this.options);
    const used = files.length > 0 ? [path.dirname(newest(files))] : [];
    const globs = this.#inOrder();
    // A folder that a pattern names goes before one whose name would be made up.
    const named = [...globs.filter(namesFolder), ...globs.filter((glob) => !namesFolder(glob))]
      .flatMap((glob) => foldersOf(glob))
      .map((name) => sourceFolder(path.resolve(root, name), this.options));
    const standard = named.length > 0 ? [] : [path.resolve(root, DEFAULT_FOLDER)];
    return [...new Set([...used, ...named, ...standard])];
  }

  /** Patterns that match the configuration's language come first. */
  #inOrder(): string[] {
    const globs = stringsOf(this.options).filter((glob) => !glob.startsWith("!"));
    const fits = new RegExp(`\\b[cm]?${this.options.language}\\b[^/]*$`);
    return [...globs.filter((glob) => fits.test(glob)), ...globs.filter((glob) => !fits.test(glob))];
  }

  #endings(folder: string): (readonly ["ts" | "js", string])[] {
    const { language } = this.options;
    const all = (one: "ts" | "js") => EXTENSIONS[one].map((extension) => [one, extension] as const);
    if (isCompiledElsewhere(folder, this.options)) return all("ts");
    return [...all(language), ...all(language === "ts" ? "js" : "ts")];
  }

  /** The name as it is, or with what a pattern wants around it: `sqlite-*.ts`, `*.migration.ts`. */
  #names(base: string): string[] {
    const shapes = this.#inOrder().flatMap((glob) => {
      const last = glob.slice(glob.lastIndexOf("/") + 1);
      const stem = last.replace(/(\.[cm]?[jt]s|\.?\{[^{}]*\})$/, "");
      return /^[^*?{}[\]()!+@|]*\*[^*?{}[\]()!+@|]*$/.test(stem) ? [stem.replace("*", () => base)] : [];
    });
    return [...new Set([base, ...shapes])];
  }

  /** What to write into the configuration: a pattern for files beside or below it. */
  #suggestion(): { file: string; line: string } {
    const { configuration, root, language, declared } = this.options;
    const folder = path.relative(root, path.dirname(configuration));
    const pattern =
      folder === ""
        ? `"${DEFAULT_FOLDER}/*.${language}"`
        : `"${folder.replaceAll(path.sep, "/")}/${DEFAULT_FOLDER}/*.{ts,js}"`;
    return {
      file: path.relative(root, configuration),
      line: `migrations: [${declared.length > 0 ? "…, " : ""}${pattern}]`,
    };
  }
}

function newest(files: readonly string[]): string {
  const stamp = (file: string) => /\d{13}/.exec(path.basename(file))?.[0] ?? "";
  return files.reduce((one, other) => (stamp(other) > stamp(one) ? other : one));
}

function namesFolder(glob: string): boolean {
  return !glob.split("/").slice(0, -1).some(isOpen);
}

/** Whether a part of a pattern stands for more than one name. */
function isOpen(part: string): boolean {
  return /[*?{}[\]()!+@|]/.test(part);
}

/** The folders of a pattern that a new file may go to: its fixed part, and with `migrations` for what is left open. */
function foldersOf(glob: string): string[] {
  const parts = glob.split("/").slice(0, -1);
  const first = parts.findIndex(isOpen);
  if (first === -1) return [parts.join("/") || (glob.startsWith("/") ? "/" : ".")];
  const filled = parts.map((part) => (isOpen(part) ? DEFAULT_FOLDER : part));
  const without = parts.filter((part) => part !== "**");
  const fixed = parts.slice(0, first).join("/") || (glob.startsWith("/") ? "/" : ".");
  const endsInMigrations = /migrations?$/i.test(fixed);
  return [
    ...(endsInMigrations ? [fixed] : []),
    ...(without.some(isOpen) ? [] : [without.join("/") || "."].filter((name) => /migrations?$/i.test(name))),
    filled.join("/"),
    fixed,
  ];
}
