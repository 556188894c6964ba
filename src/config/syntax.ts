import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import type { SourcePlace } from "./errors";
import { isPath, sourceFile } from "./resolve";

/**
 * Locates the syntax error that Node reported for an ES module, for which Node gives no location; undefined where TypeScript parses the
 * file and its imports without an error.
 */
export function syntaxErrorIn(file: string, seen = new Set<string>()): SourcePlace | undefined {
  if (seen.has(file)) return undefined;
  seen.add(file);
  const text = fs.readFileSync(file, "utf8");
  const { diagnostics } = ts.transpileModule(text, { fileName: file, reportDiagnostics: true });
  const error = diagnostics?.find((one) => one.file && one.category === ts.DiagnosticCategory.Error);
  if (error?.file) {
    const { line, character } = error.file.getLineAndCharacterOfPosition(error.start ?? 0);
    return { file, line: line + 1, column: character + 1 };
  }
  for (const imported of importedFiles(file, text)) {
    const place = syntaxErrorIn(imported, seen);
    if (place) return place;
  }
  return undefined;
}

function importedFiles(file: string, text: string): string[] {
  const requests = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  return requests.filter(isPath).flatMap((request) => sourceFile(path.resolve(path.dirname(file), request)) ?? []);
}
