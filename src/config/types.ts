import { createRequire } from "node:module";
import path from "node:path";
import ours from "typescript";
import { emitOptions, transformersFor, wrapped } from "./compile";
import { isPath, resolveFromSource } from "./resolve";
import type { Compiled, Source } from "./source";
import type { CompilerSettings } from "./tsconfig";

type TypeScript = typeof ours;

export interface Typed extends Compiled {
  /** The project's files whose types were looked at: when one of them changes, the result may be another. */
  readonly dependencies: readonly string[];
}

/**
 * Compiles files with the types of the files that they import. It takes seconds where a file alone takes milliseconds, and is there for
 * columns whose type is an imported enum or alias: without types TypeScript writes down Object for them.
 */
export class TypedCompiler {
  readonly #ts: TypeScript;
  readonly #roots = new Set<string>();
  readonly #files = new Map<string, ours.SourceFile | undefined>();
  #program: ours.Program | undefined;

  /** Borrows the project's own TypeScript, which its types are written for, where that still has a compiler to lend. */
  constructor(root: string) {
    this.#ts = projectTypeScript(root) ?? ours;
  }

  /** @returns undefined where the compiler gives up on the file */
  compile(source: Source, compiled: Compiled): Typed | undefined {
    const options = emitOptions(source, compiled.format);
    const program = this.#programWith(source, options);
    const file = program.getSourceFile(source.file);
    if (!file) return undefined;
    const output = { code: "", map: "" };
    const write = (name: string, text: string) => {
      if (name.endsWith(".map")) output.map = text;
      else output.code = text;
    };
    program.emit(file, write, undefined, false, transformersFor(this.#ts, compiled.format));
    if (!output.code) return undefined;
    return { ...compiled, ...wrapped(output.code, compiled), map: output.map, dependencies: projectFiles(program) };
  }

  #programWith(source: Source, options: ours.CompilerOptions): ours.Program {
    this.#roots.add(source.file);
    this.#program = this.#ts.createProgram({
      rootNames: [...this.#roots],
      options: {
        ...options,
        types: [],
        noResolve: false,
        moduleResolution: this.#ts.ModuleResolutionKind.Bundler,
        allowJs: false,
      },
      host: this.#host(options, source.settings),
      ...(this.#program && { oldProgram: this.#program }),
    });
    return this.#program;
  }

  #host(options: ours.CompilerOptions, settings: CompilerSettings): ours.CompilerHost {
    const host = this.#ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, wanted, ...others) => {
      // All files become CommonJS: an .mts file too, which by its name would not.
      const asCommonJs = typeof wanted === "object" ? { ...wanted, impliedNodeFormat: undefined } : wanted;
      if (!this.#files.has(name)) this.#files.set(name, read(name, asCommonJs, ...others));
      return this.#files.get(name);
    };
    host.resolveModuleNameLiterals = (literals, from) =>
      literals.map(({ text }) => ({ resolvedModule: this.#resolve(text, from, options, settings) }));
    return host;
  }

  #resolve(request: string, from: string, options: ours.CompilerOptions, settings: CompilerSettings) {
    // Of TypeORM only decorators are used here, whose types do not matter; reading them would take a second.
    if (request === "typeorm") return undefined;
    const file = resolveFromSource(request, from, "cjs", settings);
    if (file && /\.[cm]?tsx?$/.test(file)) return { resolvedFileName: file, extension: path.extname(file) };
    if (isPath(request) && file) return undefined;
    const bundler = { ...options, moduleResolution: this.#ts.ModuleResolutionKind.Bundler };
    return this.#ts.resolveModuleName(request, from, bundler, this.#ts.sys).resolvedModule;
  }
}

function projectFiles(program: ours.Program): string[] {
  return program
    .getSourceFiles()
    .map(({ fileName }) => fileName)
    .filter((name) => !name.includes("/node_modules/"));
}

function projectTypeScript(root: string): TypeScript | undefined {
  try {
    const found = createRequire(path.join(root, "package.json"))("typescript") as TypeScript;
    // From TypeScript 7 on the package has no compiler to borrow.
    return /^[56]\./.test(found.version) && typeof found.createProgram === "function" ? found : undefined;
  } catch {
    return undefined;
  }
}
