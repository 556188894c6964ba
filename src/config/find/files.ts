import path from "node:path";
import { isFile } from "../../paths";

/** The endings of code, in the order in which they are tried. */
export const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"] as const;

/** Usual folders of compiled files. */
export const BUILT: readonly string[] = ["dist", "build", "out"];

/** The file of a path that may lack its ending; undefined where there is none. */
export function codeFile(base: string): string | undefined {
  return [base, ...EXTENSIONS.map((extension) => base + extension)].find(isFile);
}

/** The source of a file in a usual folder of compiled files (`dist/db.js` → `src/db.ts`); undefined where there is none. */
export function sourceOfCompiled(file: string, root: string): string | undefined {
  const [folder, ...rest] = path.relative(root, file).split(path.sep);
  if (folder === undefined || !BUILT.includes(folder) || rest.length === 0) return undefined;
  const stem = rest.join(path.sep).replace(/\.[cm]?js$/, "");
  const stems = [path.join(root, "src", stem), path.join(root, stem)];
  return stems
    .flatMap((one) => [".ts", ".mts", ".cts"].map((extension) => one + extension))
    .find((name) => isFile(name));
}

/** What a source is compiled to, in a usual folder (`src/db.ts` → `dist/db.js`); undefined where there is no such file. */
export function compiledOfSource(file: string, root: string): string | undefined {
  const relative = path.relative(root, file).replace(/\.[cm]?[jt]s$/, "");
  const stems = [relative.replace(/^src[/\\]/, ""), relative];
  return BUILT.flatMap((folder) => stems.map((stem) => path.join(root, folder, stem)))
    .flatMap((stem) => [".js", ".mjs", ".cjs"].map((extension) => stem + extension))
    .find(isFile);
}
