import path from "node:path";
import type { TsConfigResult } from "get-tsconfig";
import ts from "typescript";

/** The readable part of a tsconfig.json, and the compiler's errors. */
interface RecoveredConfig extends TsConfigResult {
  readonly warnings: readonly string[];
}

/**
 * Reads a tsconfig.json that get-tsconfig refuses (an `extends` that is not installed, text that is not JSON) as the compiler does, which
 * uses what it can read. In a file of its own, because loading the compiler is slow and few projects need it here.
 */
export function recoveredConfig(file: string): RecoveredConfig {
  const read = (name: string) => ts.sys.readFile(name);
  const { config, error } = ts.readConfigFile(file, read) as { config?: object; error?: ts.Diagnostic };
  const host: ts.ParseConfigHost = { ...ts.sys, readDirectory: () => [] };
  const parsed = ts.parseJsonConfigFileContent(config ?? {}, host, path.dirname(file), undefined, file);
  const { baseUrl, paths, pathsBasePath, target, useDefineForClassFields, esModuleInterop, jsxImportSource } =
    parsed.options;
  const { outDir, rootDir, experimentalDecorators, emitDecoratorMetadata } = parsed.options;
  const base = baseUrl ?? (typeof pathsBasePath === "string" ? pathsBasePath : path.dirname(file));
  const absolute = Object.entries(paths ?? {}).map(([pattern, targets]): [string, string[]] => [
    pattern,
    targets.map((one) => path.resolve(base, one)),
  ]);
  return {
    path: file,
    config: {
      compilerOptions: {
        ...(baseUrl !== undefined && { baseUrl }),
        ...(outDir !== undefined && { outDir }),
        ...(rootDir !== undefined && { rootDir }),
        ...(paths && { paths: Object.fromEntries(absolute) }),
        ...(target !== undefined && { target: ts.ScriptTarget[target] as "es2022" }),
        ...(useDefineForClassFields !== undefined && { useDefineForClassFields }),
        ...(esModuleInterop !== undefined && { esModuleInterop }),
        ...(jsxImportSource !== undefined && { jsxImportSource }),
        ...(experimentalDecorators !== undefined && { experimentalDecorators }),
        ...(emitDecoratorMetadata !== undefined && { emitDecoratorMetadata }),
      },
    },
    warnings: [...(error ? [error] : []), ...parsed.errors.filter(({ code }) => !NO_INPUTS.has(code))].map(
      ({ messageText }) => `${file} is read in part: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    ),
  };
}

/** Errors about missing input files, which are expected: the host lists no files. */
const NO_INPUTS: ReadonlySet<number> = new Set([18002, 18003]);
