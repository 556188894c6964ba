import Module from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";
import { aliasedFile } from "./aliases";
import { expectLoadable } from "./better-sqlite3";
import type { Warn } from "./warn";
import { isNativeModule } from "./native-module";
import { moduleFormatOf } from "./package";
import { isPath, pathFile, resolveFromSource } from "./resolve";
import { SCOPE } from "./compiled-file";
import { CompiledFiles } from "./compiled-files";
import { traceTo } from "./stack-traces";
import { compilerSettings } from "./tsconfig";

/*
 * TypeScript files are compiled to CommonJS and run by Node's own `require`, in projects of ES modules too. Measured against hooks on
 * `import` (Node 20.20): those run in a separate thread, which costs each start 35 ms, and they keep the order of loading, so that
 * entities which import each other still fail; `require` costs nothing and loads them. The other features of ES modules are provided
 * here: `import.meta`, top-level `await`, `import()`, the meaning of a default import, packages that only `import` resolves.
 */

type Exports = Record<string, unknown>;

/** The undocumented parts of Node's CommonJS loader that ts-node, pirates and jest use, too. */
interface NodeModule extends NodeJS.Module {
  _compile(code: string, file: string): unknown;
}
interface NodeModules {
  _extensions: Record<string, (module: NodeModule, file: string) => void>;
  _resolveFilename(
    request: string,
    parent: NodeModule | undefined,
    isMain?: boolean,
    options?: { paths?: string[] },
  ): string;
  _load(request: string, parent?: NodeModule, isMain?: boolean): unknown;
  _cache: Record<string, NodeModule>;
}
const modules = Module as unknown as NodeModules;

const TYPESCRIPT = /(?<!\.d)\.[cm]?tsx?$/;
/** A request of a project or of TypeORM, by name or by folder. */
const BETTER_SQLITE3 = /^better-sqlite3$|[\\/]node_modules[\\/]better-sqlite3$/;

/** What compiled code uses besides Node's `module` and `require`. */
interface Scope {
  readonly meta: { url: string; filename: string; dirname: string; resolve(request: string): string };
  require(request: string): unknown;
  import(request: string): Promise<unknown>;
}

/**
 * Thrown by `require` for a module that has to be awaited. ES modules evaluate their imports first, so the importing module has not run
 * yet and is loaded again afterwards.
 */
class Suspension {
  constructor(readonly finish: () => Promise<void>) {}
}

/** Loads the files of one project, of any format. One instance per process, because it hooks Node's `require`. */
export class Loader {
  readonly #root: string;
  readonly #sources: CompiledFiles;
  readonly #suspended = new Map<string, Suspension>();
  /** Exports of modules that were awaited. */
  readonly #awaited = new Map<string, unknown>();
  /** Exports of compiled ES modules, which have their own `default`. */
  readonly #compiledExports = new WeakSet<object>();
  readonly #namespaces = new WeakMap<object, object>();
  /** JavaScript files that import TypeScript are compiled as well. */
  #compilesJavaScript = false;

  constructor(root: string, note: Warn) {
    this.#root = root;
    this.#sources = new CompiledFiles(root, note);
  }

  install(): void {
    Reflect.set(globalThis, Symbol.for(SCOPE), (module: NodeModule, format: "cjs" | "esm") =>
      this.#scope(module, format),
    );
    for (const ending of [".ts", ".tsx", ".mts", ".cts"])
      modules._extensions[ending] = (module, file) => this.#run(module, file);
    for (const ending of [".js", ".mjs"]) this.#routeJavaScript(ending);
    this.#routeNames();
    traceTo((file) => this.#sources.mapOf(file));
  }

  /**
   * Loads a file through the compiler, and awaits modules with a top-level `await`.
   * @param file absolute
   * @returns `module.exports`, or the namespace of an ES module
   */
  async load(file: string, isMain = false): Promise<Exports> {
    // Node gives no exports of a main module that is an ES module, and `require.main` does not exist in it.
    const asMain = isMain && !isNativeModule(file);
    for (;;) {
      try {
        return (this.#awaited.get(file) ?? modules._load(file, undefined, asMain)) as Exports;
      } catch (error) {
        const suspension = this.#suspensionOf(error, file);
        if (!suspension) throw error;
        await suspension.finish();
      }
    }
  }

  /** The project's own files that `require` has loaded: absolute paths. */
  loaded(): string[] {
    return Object.keys(modules._cache).filter((file) => this.#isOwn(file));
  }

  /** The exports of each loaded file, except those of packages. */
  exports(): ReadonlyMap<string, unknown> {
    const loaded = Object.entries(modules._cache).map(([file, module]): [string, unknown] => [file, module.exports]);
    return new Map([...loaded, ...this.#awaited].filter(([file]) => !isPackaged(file)));
  }

  /** The next `load` loads the project's files again; except native ES modules, which Node never unloads. */
  forget(files: readonly string[] = this.loaded()): void {
    this.#sources.forget();
    for (const file of files) {
      delete modules._cache[file];
      this.#awaited.delete(file);
      this.#suspended.delete(file);
    }
  }

  #isOwn(file: string): boolean {
    return file.startsWith(this.#root + path.sep) && !isPackaged(file);
  }

  // Running compiled code

  #run(module: NodeModule, file: string): void {
    const pending = this.#suspended.get(file);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- not an error: see Suspension
    if (pending) throw pending;
    if (this.#awaited.has(file)) {
      module.exports = this.#awaited.get(file);
      return;
    }
    const compiled = this.#sources.compiled(file);
    if (!file.endsWith(".cts")) this.#compiledExports.add(module.exports as object);
    const result = module._compile(compiled.code, file);
    if (compiled.isAsync) this.#suspend(module, file, result as Promise<void>);
  }

  #suspend(module: NodeModule, file: string, evaluation: Promise<void>): never {
    const suspension = new Suspension(async () => {
      try {
        await evaluation;
        this.#awaited.set(file, module.exports);
      } catch (error) {
        // One of its imports has to be awaited; then it is loaded again.
        if (!(error instanceof Suspension)) throw error;
        await error.finish();
      } finally {
        this.#suspended.delete(file);
      }
    });
    evaluation.catch(() => undefined);
    this.#suspended.set(file, suspension);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- not an error: see Suspension
    throw suspension;
  }

  #suspensionOf(error: unknown, file: string): Suspension | undefined {
    if (error instanceof Suspension) return error;
    const code = (error as { code?: unknown } | null)?.code;
    if (code === "ERR_REQUIRE_ASYNC_MODULE") return new Suspension(() => this.#import(file));
    const foundNoSource = code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_MODULE_NOT_FOUND";
    if (!foundNoSource || this.#compilesJavaScript || TYPESCRIPT.test(file)) return undefined;
    this.#compilesJavaScript = true;
    return new Suspension(() => Promise.resolve());
  }

  /** Loads a native ES module by Node's `import`, since `require` cannot await it. */
  async #import(file: string): Promise<void> {
    this.#awaited.set(file, await import(pathToFileURL(file).href));
  }

  #routeJavaScript(ending: string): void {
    const native = modules._extensions[ending];
    modules._extensions[ending] = (module, file) => {
      if (this.#compilesJavaScript && this.#isOwn(file) && moduleFormatOf(file) === "esm") this.#run(module, file);
      else (native ?? modules._extensions[".js"]!)(module, file);
    };
  }

  // Finding files

  #routeNames(): void {
    const native = modules._resolveFilename.bind(modules);
    modules._resolveFilename = (request, parent, isMain, options) => {
      const from = parent?.filename;
      if (from && BETTER_SQLITE3.test(request)) expectLoadable(from);
      const found = from ? this.#find(request, from) : undefined;
      if (found) return found;
      try {
        return native(request, parent, isMain, options);
      } catch (error) {
        const source = from && this.#unresolved(request, from);
        if (source) return source;
        throw error;
      }
    };
  }

  #find(request: string, from: string): string | undefined {
    const isCompiled = TYPESCRIPT.test(from) || (this.#compilesJavaScript && this.#isOwn(from));
    if (!isCompiled || Module.isBuiltin(request)) return undefined;
    return resolveFromSource(request, from, moduleFormatOf(from), compilerSettings(path.dirname(from)));
  }

  /** What Node's rules do not find: a source behind a path, or an alias of the project. */
  #unresolved(request: string, from: string): string | undefined {
    if (isPath(request)) return pathFile(request, path.dirname(from));
    return this.#isOwn(from) ? aliasedFile(request, from) : undefined;
  }

  // The scope of compiled code

  #scope(module: NodeModule, format: "cjs" | "esm"): Scope {
    const resolve = (request: string) => modules._resolveFilename(request, module);
    return {
      meta: {
        url: pathToFileURL(module.filename).href,
        filename: module.filename,
        dirname: path.dirname(module.filename),
        resolve: (request) => (Module.isBuiltin(request) ? request : pathToFileURL(resolve(fromUrl(request))).href),
      },
      require: (request) => this.#asNamespace(this.#require(fromUrl(request), module)),
      import: async (request) => {
        const name = fromUrl(String(request));
        if (/^data:|^https?:/.test(name)) return import(name) as Promise<unknown>;
        const exports: unknown = Module.isBuiltin(name) ? module.require(name) : await this.load(resolve(name));
        return format === "esm" ? this.#asNamespace(exports) : starImport(exports);
      },
    };
  }

  #require(request: string, module: NodeModule): unknown {
    if (Module.isBuiltin(request)) return module.require(request);
    const file = modules._resolveFilename(request, module);
    try {
      return this.#awaited.get(file) ?? module.require(file);
    } catch (error) {
      throw this.#suspensionOf(error, file) ?? error;
    }
  }

  /**
   * The namespace of a module for ES modules. For CommonJS `default` is `module.exports`, as in Node; TypeScript's helpers do not change
   * objects marked `__esModule`.
   */
  #asNamespace(exports: unknown): unknown {
    if (typeof exports !== "object" && typeof exports !== "function") return { __esModule: true, default: exports };
    if (exports === null || types.isModuleNamespaceObject(exports) || this.#compiledExports.has(exports))
      return exports;
    let namespace = this.#namespaces.get(exports);
    if (!namespace) this.#namespaces.set(exports, (namespace = namespaceOf(exports as Exports)));
    return namespace;
  }
}

function isPackaged(file: string): boolean {
  return file.includes(`${path.sep}node_modules${path.sep}`);
}

/** The prototype gives access to names that are exported later, by a module that is still being loaded. */
function namespaceOf(exports: Exports): object {
  const namespace = Object.create(exports, {
    __esModule: { value: true },
    default: { value: exports, enumerable: true },
  }) as object;
  for (const name of Object.keys(exports)) {
    if (name === "default" || name === "__esModule") continue;
    Object.defineProperty(namespace, name, { get: () => exports[name], enumerable: true });
  }
  return namespace;
}

/** `import()` as TypeScript compiles it for CommonJS. */
function starImport(exports: unknown): unknown {
  const isModule = (exports as { __esModule?: unknown } | null)?.__esModule || types.isModuleNamespaceObject(exports);
  return isModule ? exports : { ...(exports as object), default: exports };
}

function fromUrl(request: string): string {
  return request.startsWith("file:") ? fileURLToPath(request) : request;
}
