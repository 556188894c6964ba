import { createRequire } from "node:module";
import path from "node:path";
import ours from "typescript";
import { emitOptions, transformersFor, wrapped } from "./compile";
import { isPath, resolveFromSource } from "./resolve";
import type { Compiled, Source } from "./compiled-file";

type TypeScript = typeof ours;

export interface Typed extends Compiled {
  /** The project's files that declare the types: when one of them changes, the result may change. */
  readonly dependencies: readonly string[];
}

/**
 * Compiles files with the types of their imports. It takes seconds where a file alone takes milliseconds, and is used for columns whose
 * type is an imported enum or alias, for which TypeScript emits Object without types.
 */
export class TypedCompiler {
  readonly #ts: TypeScript;
  readonly #roots = new Set<string>();
  readonly #files = new Map<string, ours.SourceFile | undefined>();
  #program: ours.Program | undefined;
  #options = "";

  /** Uses the project's own TypeScript where that version has a compiler API. */
  constructor(root: string) {
    this.#ts = projectTypeScript(root) ?? ours;
  }

  /** @returns undefined where the compiler emits nothing */
  compile(source: Source, compiled: Compiled): Typed | undefined {
    const program = this.#programWith(source, emitOptions(source, compiled.format));
    const file = program.getSourceFile(source.file);
    if (!file) return undefined;
    const output = { code: "", map: "" };
    const write = (name: string, text: string) => {
      if (name.endsWith(".map")) output.map = text;
      else output.code = text;
    };
    program.emit(file, write, undefined, false, transformersFor(this.#ts, compiled.format));
    if (!output.code) return undefined;
    const dependencies = this.#dependenciesOf(file, compiled.untyped, program, source);
    return { ...compiled, ...wrapped(output.code, compiled), map: output.map, dependencies };
  }

  /** Most files are in the program already, because another one imports them. */
  #programWith(source: Source, options: ours.CompilerOptions): ours.Program {
    const key = JSON.stringify(options);
    if (this.#program?.getSourceFile(source.file) && key === this.#options) return this.#program;
    this.#roots.add(source.file);
    this.#options = key;
    this.#program = this.#ts.createProgram({
      rootNames: [...this.#roots],
      options: {
        ...options,
        types: [],
        // Utility types and classes of the language. Those of browsers take half a second to read, and no column has one.
        lib: ["lib.es2022.d.ts"],
        // Other files, which are compiled alone, read them at run time.
        preserveConstEnums: true,
        moduleResolution: this.#ts.ModuleResolutionKind.Bundler,
      },
      host: this.#host(options, source),
      ...(this.#program && { oldProgram: this.#program }),
    });
    return this.#program;
  }

  #host(options: ours.CompilerOptions, source: Source): ours.CompilerHost {
    const host = this.#ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, wanted, ...others) => {
      // All files become CommonJS, .mts files too.
      const asCommonJs = typeof wanted === "object" ? { ...wanted, impliedNodeFormat: undefined } : wanted;
      if (!this.#files.has(name)) this.#files.set(name, read(name, asCommonJs, ...others));
      return this.#files.get(name);
    };
    host.resolveModuleNameLiterals = (literals, from) =>
      literals.map(({ text }) => ({ resolvedModule: this.#resolve(text, from, options, source) }));
    return host;
  }

  #resolve(request: string, from: string, options: ours.CompilerOptions, { settings }: Source) {
    // Only TypeORM's decorators are used here, whose types do not matter; reading them would take a second.
    if (request === "typeorm") return undefined;
    const file = resolveFromSource(request, from, "cjs", settings);
    if (file && /\.[cm]?tsx?$/.test(file)) return { resolvedFileName: file, extension: path.extname(file) };
    if (isPath(request) && file) return undefined;
    const bundler = { ...options, moduleResolution: this.#ts.ModuleResolutionKind.Bundler };
    return this.#ts.resolveModuleName(request, from, bundler, this.#ts.sys).resolvedModule;
  }

  /**
   * The files that determine the types of a file's columns: those from which it imports the names, what those re-export
   * (`export … from`), and what their type aliases refer to. Not all imports, because entities import each other.
   */
  #dependenciesOf(file: ours.SourceFile, columns: readonly string[], program: ours.Program, source: Source): string[] {
    const found = new Set<string>();
    const follow = (from: ours.SourceFile, names: ReadonlySet<string>) => {
      for (const request of this.#sourcesOf(from, names)) {
        const target = this.#resolve(request, from.fileName, emitOptions(source, "cjs"), source)?.resolvedFileName;
        if (!target || found.has(target) || target.includes("/node_modules/")) continue;
        found.add(target);
        const next = program.getSourceFile(target);
        if (next) follow(next, this.#namesInAliases(next));
      }
    };
    follow(file, this.#namesInColumns(file, columns));
    return [...found];
  }

  /** The modules from which a file imports one of these names, or re-exports. */
  #sourcesOf(file: ours.SourceFile, names: ReadonlySet<string>): string[] {
    const ts = this.#ts;
    return file.statements.flatMap((statement) => {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
      const { moduleSpecifier } = statement;
      if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier)) return [];
      const isUsed = ts.isExportDeclaration(statement) || this.#namesWithin(statement).some((name) => names.has(name));
      return isUsed ? [moduleSpecifier.text] : [];
    });
  }

  #namesInColumns(file: ours.SourceFile, columns: readonly string[]): Set<string> {
    const names = this.#namesInAliases(file);
    const visit = (node: ours.Node): void => {
      if (this.#ts.isPropertyDeclaration(node) && node.type && columns.includes(node.name.getText(file)))
        for (const name of this.#namesWithin(node.type)) names.add(name);
      this.#ts.forEachChild(node, visit);
    };
    visit(file);
    return names;
  }

  #namesInAliases(file: ours.SourceFile): Set<string> {
    const aliases = file.statements.filter((statement) => this.#ts.isTypeAliasDeclaration(statement));
    return new Set(aliases.flatMap(({ type }) => this.#namesWithin(type)));
  }

  #namesWithin(node: ours.Node): string[] {
    if (this.#ts.isIdentifier(node)) return [node.text];
    const names: string[] = [];
    this.#ts.forEachChild(node, (child) => void names.push(...this.#namesWithin(child)));
    return names;
  }
}

function projectTypeScript(root: string): TypeScript | undefined {
  try {
    const found = createRequire(path.join(root, "package.json"))("typescript") as TypeScript;
    // From TypeScript 7 on the package has no compiler API.
    return /^[56]\./.test(found.version) && typeof found.createProgram === "function" ? found : undefined;
  } catch {
    return undefined;
  }
}
