import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { compilerSettings } from "./tsconfig";

/** Where a class is declared, and the name by which it is exported. */
export interface ClassDeclaration {
  /** The source, absolute. */
  readonly file: string;
  /** The name of the export; `default` for the default export. */
  readonly exported: string;
  /** Static members that the class declares, with or without a value. */
  readonly members: ReadonlySet<string>;
  /** The number of type parameters. */
  readonly parameters: number;
}

/** Finds the declarations of classes in the loaded modules. */
export class ClassDeclarations {
  /** For each value, the modules that export it, with the name of the export. */
  readonly #exporters = new Map<unknown, { file: string; name: string }[]>();
  readonly #sources = new Map<string, ts.SourceFile>();
  /** For each tsconfig.json, the source of each compiled file. */
  readonly #byConfig = new Map<string, Map<string, string>>();

  /** @param modules the exports of each file */
  constructor(modules: ReadonlyMap<string, unknown>) {
    for (const [file, exports] of modules)
      for (const [name, value] of exportsOf(exports)) {
        const exporters = this.#exporters.get(value);
        if (exporters) exporters.push({ file, name });
        else this.#exporters.set(value, [{ file, name }]);
      }
  }

  /** The declaration of a class; undefined where no module declares and exports it. */
  of(target: unknown): ClassDeclaration | undefined {
    for (const { file, name } of this.#exporters.get(target) ?? []) {
      const origin = this.#originIn(this.#sourceOf(file), name);
      if (origin) return origin;
    }
    return undefined;
  }

  #originIn(file: string, exported: string): ClassDeclaration | undefined {
    const declaration = exportedClass(this.#parsed(file), exported);
    if (!declaration) return undefined;
    const isStatic = (member: ts.ClassElement): boolean =>
      ts.canHaveModifiers(member) &&
      (ts.getModifiers(member) ?? []).some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);
    const members = declaration.members
      .filter(isStatic)
      .flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []));
    return { file, exported, members: new Set(members), parameters: declaration.typeParameters?.length ?? 0 };
  }

  #parsed(file: string): ts.SourceFile {
    let source = this.#sources.get(file);
    if (!source) {
      source = ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.ES2022);
      this.#sources.set(file, source);
    }
    return source;
  }

  /** The source of a file that the project's tsconfig.json compiles: `dist/user.js` → `src/user.ts`; else the file itself. */
  #sourceOf(file: string): string {
    if (!/\.[cm]?js$/.test(file)) return file;
    const config = compilerSettings(path.dirname(file)).file;
    if (config === undefined) return file;
    let sources = this.#byConfig.get(config);
    if (!sources) this.#byConfig.set(config, (sources = sourcesByOutput(config)));
    return sources.get(file) ?? file;
  }
}

/** The exported names of a module with their values. A class as `module.exports` has no exported name. */
function exportsOf(exports: unknown): [string, unknown][] {
  if (typeof exports !== "object" || exports === null) return [];
  return Object.keys(exports).flatMap((name): [string, unknown][] => {
    const value = (exports as Record<string, unknown>)[name];
    return typeof value === "function" ? [[name, value]] : [];
  });
}

function sourcesByOutput(config: string): Map<string, string> {
  const parsed = parsedConfig(config);
  const outputs = new Map<string, string>();
  for (const source of parsed.fileNames)
    if (!source.endsWith(".d.ts"))
      for (const output of ts.getOutputFileNames(parsed, source, false)) outputs.set(path.normalize(output), source);
  return outputs;
}

/** A tsconfig.json with what it extends, and the files that it includes. Errors in it are left to the project's own compiler. */
export function parsedConfig(config: string): ts.ParsedCommandLine {
  const { config: json } = ts.readConfigFile(config, (name) => ts.sys.readFile(name)) as { config?: unknown };
  const options = { noEmit: false };
  return ts.parseJsonConfigFileContent(json ?? {}, ts.sys, path.dirname(config), options, config);
}

/** The class that a file declares and exports under a name. */
function exportedClass(source: ts.SourceFile, exported: string): ts.ClassDeclaration | undefined {
  const classes = source.statements.filter(ts.isClassDeclaration);
  const local = localName(source, exported);
  return classes.find((one) => {
    const modifiers = (ts.getModifiers(one) ?? []).map(({ kind }) => kind);
    if (modifiers.includes(ts.SyntaxKind.ExportKeyword)) {
      if (modifiers.includes(ts.SyntaxKind.DefaultKeyword)) return exported === "default";
      if (one.name?.text === exported) return true;
    }
    return local !== undefined && one.name?.text === local;
  });
}

/** The local name behind `export { Inner as Outer }` or `export default Inner`. */
function localName(source: ts.SourceFile, exported: string): string | undefined {
  for (const statement of source.statements) {
    if (ts.isExportAssignment(statement) && !statement.isExportEquals && exported === "default")
      return ts.isIdentifier(statement.expression) ? statement.expression.text : undefined;
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier || !statement.exportClause) continue;
    if (!ts.isNamedExports(statement.exportClause)) continue;
    const found = statement.exportClause.elements.find(({ name }) => name.text === exported);
    if (found) return (found.propertyName ?? found.name).text;
  }
  return undefined;
}
