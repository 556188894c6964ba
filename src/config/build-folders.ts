import path from "node:path";
import ts from "typescript";

/** Where the compiler writes, and the folder of sources that it mirrors: both absolute. */
export interface BuildFolders {
  readonly compiled: string;
  readonly sources: string;
}

/** The tsconfig files that say how a project is built, the one for builds first (as Nest has it). */
const CONFIGS = ["tsconfig.build.json", "tsconfig.json"];

/**
 * The compiler's `outDir` and `rootDir` in the project's tsconfig; undefined where it writes beside the sources or there
 * is no tsconfig. A `rootDir` that is not given is the folder that all inputs have in common, as for the compiler.
 */
export function buildFolders(root: string): BuildFolders | undefined {
  const file = CONFIGS.map((name) => path.join(root, name)).find((name) => ts.sys.fileExists(name));
  if (file === undefined) return undefined;
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile(file, {}, host);
  if (parsed?.options.outDir === undefined) return undefined;
  const { outDir, rootDir, composite } = parsed.options;
  const inputs = parsed.fileNames.filter((name) => !/\.d\.[cm]?ts$/.test(name));
  const sources = rootDir ?? (composite ? path.dirname(file) : commonFolder(inputs, path.dirname(file)));
  const [compiled, own] = [path.resolve(outDir), path.resolve(sources)];
  return compiled === own ? undefined : { compiled, sources: own };
}

function commonFolder(files: readonly string[], fallback: string): string {
  const [first, ...others] = files.map((file) => path.dirname(path.resolve(file)).split(path.sep));
  if (!first) return fallback;
  const shared = first.findIndex((part, at) => others.some((parts) => parts[at] !== part));
  return (shared === -1 ? first : first.slice(0, shared)).join(path.sep) || path.sep;
}
