import fs from "node:fs";
import Module from "node:module";
import path from "node:path";

/*
 * Start-up is counted in milliseconds, and most of them are TypeORM's: it loads 300 files whatever it is asked to do. Two things are done
 * about it here. TypeORM's files require each other a thousand times, and Node looks for `../error` in the file system again for every
 * folder that says it: a third of a start. And a seventh of the files belongs to databases and tools that a process never touches.
 */

interface NodeModules {
  readonly prototype: { require(this: NodeJS.Module, request: string): unknown };
  _resolveFilename(request: string, parent?: NodeJS.Module, isMain?: boolean, options?: unknown): string;
}
const modules = Module as unknown as NodeModules;

/** From now on files are found with fewer questions, and some parts of TypeORM are loaded when they are first used. */
export function startQuickly(): void {
  findQuickly();
  deferRareParts();
}

// Finding files

const OWN_FOLDER = path.resolve(__dirname, "..") + path.sep;

/** `./x`, `../x/y`; not `.`, `./` or `x/..`, which are folders. */
const RELATIVE = /^\.\.?\/(?:.*\/)?(?!\.{0,2}$)[^/]*$/;

/** What packages and Retort itself require by a relative name is looked for once. */
function findQuickly(): void {
  const native = modules._resolveFilename.bind(modules);
  const finder = new Finder();
  modules._resolveFilename = (request, parent, isMain, options) => {
    const from = parent?.filename;
    const isQuick = options === undefined && from && RELATIVE.test(request) && isLasting(from);
    const find = () => native(request, parent, isMain, options);
    return isQuick ? finder.find(path.resolve(path.dirname(from), request), find) : find();
  };
}

/** Files that do not come and go while a process runs, as those of a project may. */
function isLasting(file: string): boolean {
  return file.includes(`${path.sep}node_modules${path.sep}`) || file.startsWith(OWN_FOLDER);
}

class Finder {
  readonly #found = new Map<string, string>();
  readonly #folders = new Map<string, ReadonlyMap<string, fs.Dirent>>();

  find(wanted: string, search: () => string): string {
    let file = this.#found.get(wanted);
    if (file === undefined) this.#found.set(wanted, (file = this.#plainFile(wanted) ?? search()));
    return file;
  }

  /** What most names mean: `x.js` for `x`. Everything else (a folder, another ending, a link) is left to Node. */
  #plainFile(wanted: string): string | undefined {
    const { dir, base } = path.parse(wanted);
    const entries = this.#entriesOf(dir);
    // A file that is called just like it comes before the one with an ending.
    const name = base.endsWith(".js")
      ? base
      : entries.has(base) && !entries.get(base)!.isDirectory()
        ? ""
        : `${base}.js`;
    return entries.get(name)?.isFile() ? path.join(dir, name) : undefined;
  }

  /** None for a folder that is called otherwise in truth: Node calls modules by their real names, and would load a file twice. */
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

// Parts of TypeORM that few processes use

/** File of TypeORM → what it requires and need not have at once. */
const RARE: Readonly<Record<string, RegExp>> = {
  "driver/DriverFactory.js": /^\.\/[\w-]+\/\w+Driver$/,
  "logger/DebugLogger.js": /^debug$/,
  "platform/PlatformTools.js": /^(@sqltools\/formatter|sql-highlight)$/,
  "util/DirectoryExportedClassesLoader.js": /^tinyglobby$/,
};

const OF_TYPEORM = /[\\/]node_modules[\\/]typeorm[\\/](.+)$/;

function deferRareParts(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the module that it belongs to
  const native = modules.prototype.require;
  modules.prototype.require = function (request) {
    const part = OF_TYPEORM.exec(this.filename)?.[1]?.replaceAll("\\", "/");
    const isRare = part !== undefined && Object.hasOwn(RARE, part) && RARE[part]!.test(request);
    return isRare ? deferred(() => native.call(this, request) as object) : native.call(this, request);
  };
}

/** Stands for a module's exports, which are loaded when one of them is asked for, or when they are a function that is called. */
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
