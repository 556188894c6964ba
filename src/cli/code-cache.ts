import fs from "node:fs";
import Module from "node:module";
import path from "node:path";
import vm from "node:vm";

/*
 * Most of the start-up time goes into reading and compiling TypeORM's 300 files. Node 22 has a cache for compiled code
 * (`module.enableCompileCache`); this is the same for Node 20, with the sources and the code in one file: checking whether 300 files have
 * changed takes a tenth of the time of reading them. It reduced `retort migrate status` from 125 ms above Node itself to 70 ms. Remove
 * this file when Node 20 is no longer supported.
 */

/** Undocumented but stable parts of Node's CommonJS loader. */
interface NodeModule extends NodeJS.Module {
  _compile(code: string, file: string, format?: unknown): unknown;
}
interface NodeModules {
  readonly prototype: NodeModule;
  readonly _cache: Readonly<Record<string, NodeModule | undefined>>;
  readonly _extensions: Record<string, (module: NodeModule, file: string) => unknown>;
  _resolveFilename(request: string, parent: NodeModule, isMain: boolean, options: unknown): string;
  _resolveLookupPaths(request: string, parent: NodeModule): string[] | null;
}
const modules = Module as unknown as NodeModules;

/** Resolutions of relative requires in packages and Retort itself, from earlier processes. */
export interface KnownFiles {
  /** Undefined where there is none, or where one of the files has changed. */
  get(from: string, request: string): string | undefined;
  set(from: string, request: string, file: string): void;
}

/** Larger sources (the TypeScript compiler) are seldom needed, but the whole cache is read at each start. */
const LARGEST_SOURCE = 1_000_000;

/** Caches the compiled code of packages and of Retort itself in a folder. */
export function keepCode(folder: string): KnownFiles {
  const cache = new CodeCache(path.join(folder, `${process.version}-${process.arch}.bin`));
  const load = modules._extensions[".js"]!;
  modules._extensions[".js"] = (module, file) => {
    const run = cache.unchanged(file);
    return run ? execute(run, module, cache.files) : load(module, file);
  };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the module that it belongs to
  const compile = modules.prototype._compile;
  modules.prototype._compile = function (this: NodeModule, code, file, format) {
    const run = isKept(code, file, format) ? cache.functionOf(code, file) : undefined;
    return run ? execute(run, this, cache.files) : compile.call(this, code, file, format);
  };
  process.once("exit", () => cache.write());
  return cache.files;
}

const OWN_FOLDER = path.resolve(__dirname, "..") + path.sep;

/** Cached code cannot call `import()`: "A dynamic import callback was not specified". */
const IMPORTS = /\bimport\s*\(/;

function isKept(code: string, file: string, format: unknown): boolean {
  if (format !== undefined && format !== "commonjs") return false;
  const isLasting = file.includes(`${path.sep}node_modules${path.sep}`) || file.startsWith(OWN_FOLDER);
  return isLasting && file.endsWith(".js") && code.length < LARGEST_SOURCE && !IMPORTS.test(code);
}

type ModuleFunction = (
  this: unknown,
  exports: unknown,
  require: NodeJS.Require,
  module: NodeModule,
  file: string,
  folder: string,
) => unknown;

function execute(run: ModuleFunction, module: NodeModule, known: KnownFiles): unknown {
  const { filename } = module;
  const exports: unknown = module.exports;
  return run.call(exports, exports, requireOf(module, known), module, filename, path.dirname(filename));
}

/** Identifies a version of a file. Package managers set `mtime`, but nothing sets `ctime`. */
type Stamp = string;

/** Offsets in a sequence. */
type Range = readonly [start: number, end: number];

interface Entry {
  readonly stamp: Stamp;
  /** Among the sources of its kind, as V8 is given it: within the function that Node makes of a module. */
  readonly source: Range;
  /** Whether the source has characters of two bytes. */
  readonly wide: boolean;
  readonly code: Range;
  /** What it requires by relative names, and the numbers of the files that are meant. */
  readonly requires: Record<string, number>;
}

interface Index {
  /** By their numbers. */
  readonly files: readonly string[];
  readonly entries: readonly Entry[];
}

/** The contents of the file. Sources are slices of one string, which V8 does not copy. */
interface Cache {
  readonly index: Index;
  readonly narrow: string;
  readonly wide: string;
  readonly code: Buffer;
}

/** A file that this process has loaded. */
interface Loaded {
  readonly script: vm.Script;
  readonly source: string;
  readonly stamp: Stamp;
}

class CodeCache {
  readonly #file: string;
  readonly #cache: Cache;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #stamps = new Map<string, Stamp | undefined>();
  readonly #loaded = new Map<string, Loaded>();
  readonly #found = new Map<string, Map<string, string>>();
  /** Whether something was loaded that is not in the cache, or outdated there. */
  #isOutdated = false;

  constructor(file: string) {
    this.#file = file;
    this.#cache = readCache(file);
    const { files, entries } = this.#cache.index;
    this.#entries = new Map(files.map((name, number) => [name, entries[number]!]));
  }

  readonly files: KnownFiles = {
    get: (from, request) => {
      const number = this.#entries.get(from)?.requires[request];
      const file = number === undefined ? undefined : this.#cache.index.files[number]!;
      return file !== undefined && this.#isUnchanged(from) && this.#isUnchanged(file) ? file : undefined;
    },
    set: (from, request, file) => {
      const found = this.#found.get(from) ?? new Map<string, string>();
      this.#found.set(from, found.set(request, file));
    },
  };

  #isUnchanged(file: string): boolean {
    return this.#entries.get(file)?.stamp === this.#stampOf(file);
  }

  /** The function of an unchanged file; undefined where it has to be read. */
  unchanged(file: string): ModuleFunction | undefined {
    const entry = this.#entries.get(file);
    const stamp = this.#stampOf(file);
    if (!entry || entry.stamp !== stamp) return undefined;
    return this.#run(file, this.#sourceOf(entry), this.#codeOf(entry), stamp);
  }

  /** The function of a file that was read. @returns undefined for what is not CommonJS: Node loads it */
  functionOf(content: string, file: string): ModuleFunction | undefined {
    const stamp = this.#stampOf(file);
    if (stamp === undefined) return undefined;
    const source = Module.wrap(content);
    const entry = this.#entries.get(file);
    const code = entry && this.#sourceOf(entry) === source ? this.#codeOf(entry) : undefined;
    this.#isOutdated = true;
    try {
      return this.#run(file, source, code, stamp);
    } catch {
      return undefined;
    }
  }

  #run(file: string, source: string, cachedData: Buffer | undefined, stamp: Stamp): ModuleFunction {
    const script = new vm.Script(source, { filename: file, ...(cachedData && { cachedData }) });
    if (script.cachedDataRejected) this.#isOutdated = true;
    this.#loaded.set(file, { script, source, stamp });
    return script.runInThisContext() as ModuleFunction;
  }

  /** The version before the file was read; a later change makes another version. */
  #stampOf(file: string): Stamp | undefined {
    if (!this.#stamps.has(file)) this.#stamps.set(file, stampOf(file));
    return this.#stamps.get(file);
  }

  #sourceOf({ source: [start, end], wide }: Entry): string {
    return (wide ? this.#cache.wide : this.#cache.narrow).slice(start, end);
  }

  #codeOf({ code: [start, end] }: Entry): Buffer {
    return this.#cache.code.subarray(start, end);
  }

  /** Writes the cache where something was compiled; keeps what other commands have loaded. */
  write(): void {
    if (!this.#isOutdated) return;
    const file = new CacheFile();
    for (const [name, entry] of this.#entries)
      if (!this.#loaded.has(name) && stampOf(name) === entry.stamp)
        file.add(name, entry.stamp, this.#sourceOf(entry), this.#codeOf(entry), this.#requiredBy(name));
    for (const [name, { script, source, stamp }] of this.#loaded)
      // Includes the functions that V8 has compiled since.
      file.add(name, stamp, source, script.createCachedData(), this.#requiredBy(name));
    file.write(this.#file);
  }

  #requiredBy(name: string): ReadonlyMap<string, string> {
    const known = Object.entries(this.#entries.get(name)?.requires ?? {});
    const found = this.#found.get(name) ?? [];
    return new Map([
      ...known.map(([request, number]) => [request, this.#cache.index.files[number]!] as const),
      ...found,
    ]);
  }
}

function stampOf(file: string): Stamp | undefined {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  return stats && `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
}

/** Four numbers: the lengths, in bytes, of index, narrow sources, wide sources, and code. */
const HEAD_BYTES = 16;

/** An incomplete cache counts as empty. V8 checks the code of each file itself. */
function readCache(file: string): Cache {
  try {
    const bytes = fs.readFileSync(file);
    const ends: number[] = [];
    for (let at = 0; at < HEAD_BYTES; at += 4) ends.push((ends.at(-1) ?? HEAD_BYTES) + bytes.readUInt32LE(at));
    const [index, narrow, wide, code] = ends as [number, number, number, number];
    if (code !== bytes.length) throw new Error("not whole");
    return {
      index: JSON.parse(bytes.toString("utf8", HEAD_BYTES, index)) as Index,
      narrow: bytes.toString("latin1", index, narrow),
      wide: bytes.toString("utf16le", narrow, wide),
      code: bytes.subarray(wide),
    };
  } catch {
    return { index: { files: [], entries: [] }, narrow: "", wide: "", code: Buffer.alloc(0) };
  }
}

type Requires = ReadonlyMap<string, string>;

class CacheFile {
  readonly #entries = new Map<string, { entry: Omit<Entry, "requires">; requires: Requires }>();
  readonly #sources = { narrow: new Sequence<string>(), wide: new Sequence<string>() };
  readonly #code = new Sequence<Buffer>();

  add(name: string, stamp: Stamp, source: string, code: Buffer, requires: Requires): void {
    const wide = !/^[\0-\xff]*$/.test(source);
    const place = this.#sources[wide ? "wide" : "narrow"].add(source);
    this.#entries.set(name, { entry: { stamp, wide, source: place, code: this.#code.add(code) }, requires });
  }

  write(file: string): void {
    const parts = [
      Buffer.from(JSON.stringify(this.#index())),
      Buffer.from(this.#sources.narrow.parts.join(""), "latin1"),
      Buffer.from(this.#sources.wide.parts.join(""), "utf16le"),
      Buffer.concat(this.#code.parts),
    ];
    const head = Buffer.alloc(HEAD_BYTES);
    parts.forEach(({ length }, at) => head.writeUInt32LE(length, at * 4));
    const temporary = `${file}.${process.pid}.tmp`;
    // An installation that is not writable has no cache; a full disk must not leave a part of it.
    quietly(() => {
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      // Flushed before the rename, so that the file is always complete.
      fs.writeFileSync(temporary, Buffer.concat([head, ...parts]), { mode: 0o600, flush: true });
      fs.renameSync(temporary, file);
    });
    quietly(() => fs.rmSync(temporary, { force: true }));
  }

  #index(): Index {
    const files = [...this.#entries.keys()];
    const numbers = new Map(files.map((name, number) => [name, number]));
    const entries = [...this.#entries.values()].map(({ entry, requires }) => {
      const known = [...requires].filter(([, name]) => numbers.has(name));
      return { ...entry, requires: Object.fromEntries(known.map(([request, name]) => [request, numbers.get(name)!])) };
    });
    return { files, entries };
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // See above.
  }
}

/** Pieces, one after the other. */
class Sequence<T extends { readonly length: number }> {
  readonly parts: T[] = [];
  #length = 0;

  add(part: T): Range {
    this.parts.push(part);
    this.#length += part.length;
    return [this.#length - part.length, this.#length];
  }
}

/** `require` as a module is given it. */
function requireOf(module: NodeModule, known: KnownFiles): NodeJS.Require {
  const require = ((request: string): unknown => {
    const file = known.get(module.filename, request);
    const loaded = file === undefined ? undefined : modules._cache[file];
    return loaded?.loaded ? loaded.exports : module.require(request);
  }) as NodeJS.Require;
  const resolve = (request: string, options?: unknown) => modules._resolveFilename(request, module, false, options);
  require.resolve = Object.assign(resolve, {
    paths: (request: string) => modules._resolveLookupPaths(request, module),
  });
  require.main = process.mainModule;
  Object.assign(require, { extensions: modules._extensions, cache: modules._cache });
  return require;
}
