import fs from "node:fs";
import Module from "node:module";
import path from "node:path";
import type { KnownFiles } from "./code-cache";

/*
 * Most of the start-up time is TypeORM's, which loads 300 files in every process. Two things reduce it. Its files require each other a
 * thousand times, and Node searches the file system for `../error` again for each folder that requires it: a third of the start-up time.
 * And a seventh of the files belongs to databases and tools that the process does not use.
 */

interface NodeModules {
  readonly prototype: { require(this: NodeJS.Module, request: string): unknown };
  _resolveFilename(request: string, parent?: NodeJS.Module, isMain?: boolean, options?: unknown): string;
}
const modules = Module as unknown as NodeModules;

/**
 * Resolves files with fewer file system calls, and loads some parts of packages when they are first used.
 * @param known resolutions of earlier processes
 */
export function startQuickly(known?: KnownFiles): void {
  findQuickly(new Finder(known));
  deferRareParts();
}

// Finding files

const OWN_FOLDER = path.resolve(__dirname, "..") + path.sep;

/** `./x`, `../x/y`; not `.`, `./` or `x/..`, which are folders. */
const RELATIVE = /^\.\.?\/(?:.*\/)?(?!\.{0,2}$)[^/]*$/;

/** `x`, `x/y`, `@x/y`: a package, or a file in one. */
const PACKAGED = /^(?!node:)[@\w]/;

/** Resolves what packages and Retort itself require once. */
function findQuickly(finder: Finder): void {
  const native = modules._resolveFilename.bind(modules);
  modules._resolveFilename = (request, parent, isMain, options) => {
    const from = parent?.filename;
    const search = () => native(request, parent, isMain, options);
    if (options !== undefined || !from || !isLasting(from)) return search();
    if (RELATIVE.test(request)) return finder.file(request, from, search);
    return PACKAGED.test(request) ? finder.package(request, from, search) : search();
  };
}

/** Files that do not change while a process runs, as those of a project may. */
function isLasting(file: string): boolean {
  return file.includes(`${path.sep}node_modules${path.sep}`) || file.startsWith(OWN_FOLDER);
}

/** The folder of the package that a file belongs to, and the folders from there to the file. */
const PACKAGE = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)((?:[\\/][^\\/]+)*)[\\/][^\\/]+$/;

class Finder {
  readonly #known: KnownFiles | undefined;
  readonly #found = new Map<string, string>();
  readonly #folders = new Map<string, ReadonlyMap<string, fs.Dirent>>();
  readonly #packages = new Map<string, string>();

  constructor(known?: KnownFiles) {
    this.#known = known;
  }

  file(request: string, from: string, search: () => string): string {
    const known = this.#known?.get(from, request);
    if (known !== undefined) return known;
    const wanted = path.resolve(path.dirname(from), request);
    let file = this.#found.get(wanted);
    if (file === undefined) this.#found.set(wanted, (file = this.#plainFile(wanted) ?? search()));
    this.#known?.set(from, request, file);
    return file;
  }

  /** All files of a package resolve alike, except in a folder with packages of its own. */
  package(request: string, from: string, search: () => string): string {
    const [, root, inner] = PACKAGE.exec(from) ?? [];
    if (root === undefined || this.#hasPackages(root, inner!)) return search();
    const key = `${root}\0${request}`;
    let file = this.#packages.get(key);
    if (file === undefined) this.#packages.set(key, (file = search()));
    return file;
  }

  readonly #withPackages = new Map<string, boolean>();

  #hasPackages(root: string, inner: string): boolean {
    if (inner === "") return false;
    const folder = root + inner;
    let result = this.#withPackages.get(folder);
    if (result === undefined) {
      const outer = inner.slice(0, inner.search(/[\\/][^\\/]+$/));
      result = fs.existsSync(path.join(folder, "node_modules")) || this.#hasPackages(root, outer);
      this.#withPackages.set(folder, result);
    }
    return result;
  }

  /** `x.js` for `x`. Everything else (a folder, another ending, a link) is left to Node. */
  #plainFile(wanted: string): string | undefined {
    const { dir, base } = path.parse(wanted);
    const entries = this.#entriesOf(dir);
    // A file of exactly this name precedes the one with an ending.
    const name = base.endsWith(".js")
      ? base
      : entries.has(base) && !entries.get(base)!.isDirectory()
        ? ""
        : `${base}.js`;
    return entries.get(name)?.isFile() ? path.join(dir, name) : undefined;
  }

  /** Empty for a symbolic link: Node identifies modules by real paths, and would load a file twice. */
  #entriesOf(folder: string): ReadonlyMap<string, fs.Dirent> {
    let entries = this.#folders.get(folder);
    if (!entries) this.#folders.set(folder, (entries = readFolder(folder)));
    return entries;
  }
}

function readFolder(folder: string): ReadonlyMap<string, fs.Dirent> {
  try {
    if (fs.realpathSync.native(folder) !== folder) return new Map();
    return new Map(fs.readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, entry]));
  } catch {
    return new Map();
  }
}

// Parts of packages that few processes use

/** File of a package → the requires that can wait. */
const RARE: Readonly<Record<string, RegExp>> = {
  "typeorm/driver/DriverFactory.js": /^\.\/[\w-]+\/\w+Driver$/,
  "typeorm/logger/DebugLogger.js": /^debug$/,
  "typeorm/platform/PlatformTools.js": /^(@sqltools\/formatter|sql-highlight)$/,
  "typeorm/util/DirectoryExportedClassesLoader.js": /^(tinyglobby|glob)$/,
  "commander/lib/command.js": /^node:child_process$/,
};

const OF_PACKAGE = /[\\/]node_modules[\\/]((?:typeorm|commander)[\\/].+)$/;

function deferRareParts(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the module that it belongs to
  const native = modules.prototype.require;
  modules.prototype.require = function (request) {
    const part = OF_PACKAGE.exec(this.filename)?.[1]?.replaceAll("\\", "/");
    const isRare = part !== undefined && Object.hasOwn(RARE, part) && RARE[part]!.test(request);
    return isRare ? deferred(() => native.call(this, request) as object) : native.call(this, request);
  };
}

/** A proxy of the exports of a module, which is loaded when one of them is read, or when they are called as a function. */
function deferred(load: () => object): object {
  let exports: object | undefined;
  const loaded = () => (exports ??= load());
  // An arrow function: it can be called, and has nothing of its own that would hide what is exported.
  return new Proxy(() => undefined, {
    get: (_, name) => Reflect.get(loaded(), name) as unknown,
    has: (_, name) => Reflect.has(loaded(), name),
    apply: (_, self, args): unknown => Reflect.apply(loaded() as () => unknown, self, args),
  });
}
