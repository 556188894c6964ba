import path from "node:path";
import ts from "typescript";
import { doesNotParse } from "./errors";
import { factsOf } from "./source-facts";
import { SCOPE, type Compiled, type Source } from "./compiled-file";
import { guardMetadata, redirectModules } from "./transform";

/*
 * The compiler (`typescript`) is imported by this module and by modules that are required lazily, so that it is not loaded when all files
 * are in the cache.
 */

/**
 * Compiles one TypeScript file by itself, and always to CommonJS: there an import is a call, so that entities that import each other load
 * in any order, and a reference to a class that is not loaded yet can be tested without an error.
 * @throws RetortError `config/does-not-parse`
 */
export function compile(source: Source): Compiled {
  const facts = factsOf(source);
  const result = ts.transpileModule(source.text, {
    // TypeScript would emit an ES module for the ending .mts.
    fileName: source.file.replace(/\.[cm]ts$/, ".ts"),
    reportDiagnostics: true,
    compilerOptions: emitOptions(source, facts.format),
    transformers: transformersFor(ts, facts.format),
  });
  refuseErrors(source.file, result.diagnostics ?? []);
  return { ...facts, ...wrapped(result.outputText, facts), map: result.sourceMapText ?? "" };
}

/** The same options for a file alone and for one with its types, so that both give the same JavaScript. */
export function emitOptions({ file, settings }: Source, format: "cjs" | "esm"): ts.CompilerOptions {
  return {
    module: ts.ModuleKind.CommonJS,
    moduleDetection: ts.ModuleDetectionKind.Force,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    useDefineForClassFields: settings.useDefineForClassFields,
    esModuleInterop: format === "esm" || settings.esModuleInterop,
    ignoreDeprecations: "6.0",
    // With strictNullChecks, `string | null` is emitted as Object, for which TypeORM has no column type; without, as String.
    strictNullChecks: false,
    sourceMap: true,
    removeComments: false,
    ...(/x$/.test(path.extname(file)) && {
      jsx: ts.JsxEmit.ReactJSX,
      ...(settings.jsxImportSource !== undefined && { jsxImportSource: settings.jsxImportSource }),
    }),
  };
}

export function transformersFor(compiler: typeof ts, format: "cjs" | "esm"): ts.CustomTransformers {
  return { before: [redirectModules(compiler)], after: [guardMetadata(compiler, format)] };
}

/** Adds the scope of the module to the emitted text, without adding a line, so that the source map stays valid. */
export function wrapped(
  text: string,
  { format, isAsync }: { format: "cjs" | "esm"; isAsync: boolean },
): { code: string } {
  const body = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  const scope = `const __retortModule = globalThis[Symbol.for("${SCOPE}")](module, "${format}");`;
  // An ES module may declare `__dirname` or `require` itself, so its body gets a function scope.
  if (format === "esm") return { code: `${scope}return (${isAsync ? "async " : ""}() => {${body}\n})();` };
  return { code: body.includes("__retortModule") ? `"use strict";${scope}${body}` : body };
}

/** Only errors that keep the file from being read; type errors are left to `tsc`. */
function refuseErrors(source: string, diagnostics: readonly ts.Diagnostic[]): void {
  const error = diagnostics.find(({ category, file }) => category === ts.DiagnosticCategory.Error && file);
  if (!error?.file) return;
  const { line, character } = error.file.getLineAndCharacterOfPosition(error.start ?? 0);
  const place = { file: source, line: line + 1, column: character + 1 };
  throw doesNotParse(place, ts.flattenDiagnosticMessageText(error.messageText, " "));
}

/** Part of the cache key: files compiled by another version are compiled again. */
export const compilerVersion = ts.version;
