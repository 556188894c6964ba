import fs from "node:fs";
import path from "node:path";
import { buildFolders } from "../../src/config/build-folders";
import { repository } from "../helpers/repository";
import { scratchProject } from "../helpers/project";

/** The folders of a project with these files, relative to it; `compiler` is the project's own TypeScript. */
function foldersOf(files: Record<string, object | string>, compiler = "typescript", folder = "."): object[] {
  const texts = Object.entries(files).map(([name, content]) => [
    name,
    typeof content === "string" ? content : JSON.stringify(content),
  ]);
  const project = scratchProject({ files: Object.fromEntries(texts) as Record<string, string> });
  fs.rmSync(project.path("node_modules/typescript"));
  fs.symlinkSync(path.join(repository, "node_modules", compiler), project.path("node_modules/typescript"));
  const relative = (name: string) => path.relative(project.root, name) || ".";
  return buildFolders(project.path(folder)).map(({ compiled, sources }) => [relative(compiled), relative(sources)]);
}

const dist = { compilerOptions: { outDir: "dist", rootDir: "src" } };

test.each<[string, Record<string, object | string>, string[][]]>([
  ["outDir and rootDir", { "tsconfig.json": dist }, [["dist", "src"]]],
  ["the config for builds first", { "tsconfig.build.json": dist, "tsconfig.json": {} }, [["dist", "src"]]],
  ["no tsconfig", {}, []],
  ["beside the sources", { "tsconfig.json": {} }, []],
  ["one folder for both", { "tsconfig.json": { compilerOptions: { outDir: ".", rootDir: "." } } }, []],
  [
    "extends, comments and ${configDir}",
    {
      "tsconfig.json": `{ /* ours */ "extends": "./base/tsconfig.json", }`,
      "base/tsconfig.json": { compilerOptions: { outDir: "${configDir}/dist", rootDir: "../src" } },
    },
    [["dist", "src"]],
  ],
  [
    "references",
    {
      "tsconfig.json": { files: [], references: [{ path: "server" }, { path: "client/tsconfig.app.json" }] },
      "server/tsconfig.json": { compilerOptions: { composite: true, outDir: "../dist/server" } },
      "client/tsconfig.app.json": { compilerOptions: { outDir: "../dist/client", rootDir: "." } },
    },
    [
      ["dist/server", "server"],
      ["dist/client", "client"],
    ],
  ],
  ["a tsconfig that is read in part", { "tsconfig.json": { extends: "@not/installed", ...dist } }, [["dist", "src"]]],
])("the compiler's folders: %s", (_, files, expected) => {
  expect(foldersOf(files)).toEqual(expected);
});

test("without rootDir: the tsconfig's folder since TypeScript 6, before it what all inputs have in common", () => {
  const files = {
    "tsconfig.json": { compilerOptions: { outDir: "dist" } },
    "src/a.ts": "",
    "src/b/c.ts": "",
    "dist/old.ts": "",
    "types.d.ts": "",
  };
  expect(foldersOf(files)).toEqual([["dist", "."]]);
  expect(foldersOf(files, "typescript-5.9")).toEqual([["dist", "src"]]);
  expect(foldersOf({ ...files, "ormconfig.ts": "" }, "typescript-5.9")).toEqual([["dist", "."]]);
});

test("in a package of a workspace, the tsconfig that its own extends", () => {
  const files = {
    "tsconfig.base.json": { compilerOptions: { strict: true } },
    "packages/api/package.json": "{}",
    "packages/api/tsconfig.json": { extends: "../../tsconfig.base.json", ...dist },
  };
  expect(foldersOf(files, "typescript", "packages/api")).toEqual([["packages/api/dist", "packages/api/src"]]);
});
