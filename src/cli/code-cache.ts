import { createHash } from "node:crypto";
import fs from "node:fs";
import Module from "node:module";
import path from "node:path";
import vm from "node:vm";

/*
 * Of the time a start takes, compiling TypeORM's 300 files is the greater part. From Node 22 on Node itself keeps compiled code
 * (`module.enableCompileCache`); for Node 20 this does the same, in one file: it made `retort shell -e 1` take 268 ms instead of 381.
 * When Node 20 is no longer supported, this file goes.
 */

/** The parts of Node's CommonJS loader that are documented only by their long use. */
interface NodeModule extends NodeJS.Module {
  _compile(code: string, file: string, format?: unknown): unknown;
}
interface NodeModules {
  readonly prototype: NodeModule;
  readonly _cache: unknown;
  readonly _extensions: unknown;
  _resolveFilename(request: string, parent: NodeModule, isMain: boolean, options: unknown): string;
  _resolveLookupPaths(request: string, parent: NodeModule): string[] | null;
}
const modules = Module as unknown as NodeModules;

/** Where the compiled code of a file lies behind the index, and the hash of the source that it was made of. */
type Entry = readonly [offset: number, length: number, hash: string];

/** Larger sources (the TypeScript compiler) are seldom needed, and their code would have to be read at every start. */
const LARGEST_SOURCE = 1_000_000;
/** A file that has grown beyond this, bytes, is begun anew: most of it belongs to files that are gone. */
const LARGEST_FILE = 32_000_000;

/** Keeps the code of packages and of Retort itself, as V8 has compiled it, in this folder from now on. */
export function keepCode(folder: string): void {
  const cache = new CodeCache(path.join(folder, `${process.version}-${process.arch}.bin`));
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the module that it belongs to
  const native = modules.prototype._compile;
  modules.prototype._compile = function (this: NodeModule, code, file, format) {
    const run = isKept(code, file, format) ? cache.functionOf(code, file) : undefined;
    if (!run) return native.call(this, code, file, format);
    return run.call(this.exports, this.exports, requireOf(this), this, file, path.dirname(file));
  };
  process.once("exit", () => cache.write());
}

const OWN_FOLDER = path.resolve(__dirname, "..") + path.sep;

/** Code that V8 takes out of a cache has forgotten how to `import()`: "A dynamic import callback was not specified". */
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

class CodeCache {
  readonly #file: string;
  readonly #index: Readonly<Record<string, Entry>>;
  readonly #data: Buffer;
  readonly #compiled = new Map<string, { script: vm.Script; hash: string }>();

  constructor(file: string) {
    this.#file = file;
    const { index, data } = readCache(file);
    this.#index = index;
    this.#data = data;
  }

  /** @returns undefined for what is no CommonJS, which Node itself has to look at */
  functionOf(code: string, file: string): ModuleFunction | undefined {
    const hash = createHash("sha1").update(code).digest("base64");
    const cachedData = this.#codeFor(file, hash);
    let script: vm.Script;
    try {
      script = new vm.Script(Module.wrap(code), {
        filename: file,
        ...(cachedData && { cachedData }),
      });
    } catch {
      return undefined;
    }
    if (!cachedData || script.cachedDataRejected) this.#compiled.set(file, { script, hash });
    return script.runInThisContext() as ModuleFunction;
  }

  #codeFor(file: string, hash: string): Buffer | undefined {
    const entry = this.#index[file];
    return entry?.[2] === hash ? this.#data.subarray(entry[0], entry[0] + entry[1]) : undefined;
  }

  /** Only where something was compiled: a warm start writes nothing. What other commands have loaded stays. */
  write(): void {
    if (this.#compiled.size === 0) return;
    const kept = this.#data.length > LARGEST_FILE ? [] : Object.entries(this.#index);
    const parts: (readonly [file: string, hash: string, code: Buffer])[] = kept
      .filter(([file]) => !this.#compiled.has(file))
      .map(([file, [offset, length, hash]]) => [file, hash, this.#data.subarray(offset, offset + length)]);
    // By now V8 has compiled the functions that were called, too.
    for (const [file, { script, hash }] of this.#compiled) parts.push([file, hash, script.createCachedData()]);
    writeCache(this.#file, parts);
  }
}

const HASH_BYTES = 20;

/** A cache that is not whole is none: V8 would run what it finds there. */
function readCache(file: string): { index: Record<string, Entry>; data: Buffer } {
  try {
    const bytes = fs.readFileSync(file);
    const content = bytes.subarray(HASH_BYTES);
    if (!hashOf(content).equals(bytes.subarray(0, HASH_BYTES))) throw new Error("not whole");
    const end = 4 + content.readUInt32LE(0);
    return {
      index: JSON.parse(content.toString("utf8", 4, end)) as Record<string, Entry>,
      data: content.subarray(end),
    };
  } catch {
    return { index: {}, data: Buffer.alloc(0) };
  }
}

function writeCache(file: string, parts: readonly (readonly [file: string, hash: string, code: Buffer])[]): void {
  const index: Record<string, Entry> = {};
  let offset = 0;
  for (const [name, hash, code] of parts) {
    index[name] = [offset, code.length, hash];
    offset += code.length;
  }
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const content = Buffer.concat([length, text, ...parts.map(([, , code]) => code)]);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(temporary, Buffer.concat([hashOf(content), content]), { mode: 0o600 });
    fs.renameSync(temporary, file);
  } catch {
    // An installation that this user may not write to does without.
  }
}

function hashOf(content: Buffer): Buffer {
  return createHash("sha1").update(content).digest();
}

/** `require` as a module is given it. */
function requireOf(module: NodeModule): NodeJS.Require {
  const require = ((request: string) => module.require(request) as unknown) as NodeJS.Require;
  const resolve = (request: string, options?: unknown) => modules._resolveFilename(request, module, false, options);
  require.resolve = Object.assign(resolve, {
    paths: (request: string) => modules._resolveLookupPaths(request, module),
  });
  require.main = process.mainModule;
  Object.assign(require, { extensions: modules._extensions, cache: modules._cache });
  return require;
}
