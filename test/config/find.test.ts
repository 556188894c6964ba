import path from "node:path";
import { findConfiguration } from "../../src/config/find";
import { RetortError } from "../../src/errors";
import { scratchProject, type ScratchProject } from "../helpers/project";

function project(...files: string[]): ScratchProject {
  return scratchProject({ files: Object.fromEntries(files.map((file) => [file, ""])) });
}

function find(root: string, options: { cwd?: string; dataSource?: string; env?: Record<string, string> } = {}): string {
  const { cwd = ".", dataSource, env = {} } = options;
  return path.relative(root, findConfiguration({ dataSource, cwd: path.join(root, cwd), env }));
}

test("names go before one another as documented, and endings within a name", () => {
  const all = [
    "ormconfig.cjs",
    "data-source.ts",
    "src/data-source.ts",
    "src/ormconfig.ts",
    "src/database/data-source.ts",
    "src/db/data-source.ts",
    "ormconfig.json",
  ];
  for (let first = 0; first < all.length; first++) expect(find(project(...all.slice(first)).root)).toBe(all[first]);
  const endings = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"].map((ending) => `data-source${ending}`);
  for (let first = 0; first < endings.length; first++)
    expect(find(project(...endings.slice(first)).root)).toBe(endings[first]);
});

test("-d goes before RETORT_DATA_SOURCE, that before package.json, that before the usual names", () => {
  const { root } = scratchProject({
    packageJson: { retort: { dataSource: "conf/three.ts" } },
    files: { "sub/one.ts": "", "sub/two.ts": "", "conf/three.ts": "", "ormconfig.ts": "" },
  });
  const env = { RETORT_DATA_SOURCE: "two.ts" };
  expect(find(root, { cwd: "sub", dataSource: "one.ts", env })).toBe("sub/one.ts");
  expect(find(root, { cwd: "sub", dataSource: "one", env })).toBe("sub/one.ts");
  expect(find(root, { cwd: "sub", env })).toBe("sub/two.ts");
  expect(find(root, { cwd: "sub" })).toBe("conf/three.ts");
});

test("folders are searched upwards, to the package's root and no further", () => {
  const { root } = scratchProject({
    files: {
      "ormconfig.ts": "",
      "packages/a/package.json": "{}",
      "packages/a/data-source.ts": "",
      "packages/a/src/deep/x": "",
      "packages/b/package.json": "{}",
    },
  });
  expect(find(root, { cwd: "packages/a/src/deep" })).toBe("packages/a/data-source.ts");
  expect(find(root, { cwd: "packages" })).toBe("ormconfig.ts");
  expect(() => find(root, { cwd: "packages/b" })).toThrow(/no configuration found/);
});

test.each([
  [{ dataSource: "gone.ts" }, "-d"],
  [{ env: { RETORT_DATA_SOURCE: "gone.ts" } }, "RETORT_DATA_SOURCE"],
])("a name that names nothing is told with who said it: %j", (options, saidBy) => {
  const { root } = project("ormconfig.ts");
  try {
    find(root, options);
    throw new Error("was found");
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    expect(error).toMatchObject({
      code: "config/not-found",
      exitCode: 2,
      message: expect.stringContaining(`named by ${saidBy}`) as string,
    });
  }
});

test("a folder of a wanted name is no file", () => {
  expect(find(project("ormconfig.ts/inside", "data-source.js").root)).toBe("data-source.js");
});
