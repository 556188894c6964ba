import path from "node:path";
import ts from "typescript";
import { doesNotParse } from "./errors";
import { factsOf } from "./facts";
import { SCOPE, type Compiled, type Source } from "./source";
import { guardMetadata, redirectModules } from "./transform";

/*
 * The only way to the compiler: everything that requires `typescript` hangs below this file, and a start whose files are all
 * in the cache never loads it.
 */

/**
 * Compiles one TypeScript file by itself, to CommonJS whatever its project compiles to: there `import` is a call, so that entities
 * that import each other load in any order, and a test for a class that is not there yet does not throw.
 * @throws RetortError `config/does-not-parse`
 */
export function compile(source: Source): Compiled {
  const facts = factsOf(source);
  const result = ts.transpileModule(source.text, {
    // By its name TypeScript would take an .mts file for one that must not become CommonJS.
    fileName: source.file.replace(/\.[cm]ts$/, ".ts"),
    reportDiagnostics: true,
    compilerOptions: emitOptions(source, facts.format),
    transformers: transformersFor(ts, facts.format),
  });
  refuseErrors(source.file, result.diagnostics ?? []);
  return { ...facts, ...wrapped(result.outputText, facts), map: result.sourceMapText ?? "" };
}

/** How files are emitted, by themselves or with their types: the same JavaScript in both cases. */
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
    // With it, `string | null` has the type Object at run time; without it, it is a String, which is what a column wants.
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

/** Puts the emitted text into the function that gives it a scope; adds no line, so that the map stays right. */
export function wrapped(
  text: string,
  { format, isAsync }: { format: "cjs" | "esm"; isAsync: boolean },
): { code: string } {
  const body = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  const scope = `const __retortModule = globalThis[Symbol.for("${SCOPE}")](module, "${format}");`;
  // An ES module may declare `__dirname` or `require` for itself: its body is a scope of its own.
  if (format === "esm") return { code: `${scope}return (${isAsync ? "async " : ""}() => {${body}\n})();` };
  return { code: body.includes("__retortModule") ? `"use strict";${scope}${body}` : body };
}

/** Only what keeps a file from being read counts here: types are `tsc`'s business. */
function refuseErrors(source: string, diagnostics: readonly ts.Diagnostic[]): void {
  const error = diagnostics.find(({ category, file }) => category === ts.DiagnosticCategory.Error && file);
  if (!error?.file) return;
  const { line, character } = error.file.getLineAndCharacterOfPosition(error.start ?? 0);
  const place = { file: source, line: line + 1, column: character + 1 };
  throw doesNotParse(place, ts.flattenDiagnosticMessageText(error.messageText, " "));
}

/** What was compiled with another compiler is compiled again. */
export const compilerVersion = ts.version;
