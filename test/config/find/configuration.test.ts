import path from "node:path";
import { findConfiguration } from "../../../src/config/find/configuration";
import { RetortError } from "../../../src/errors";
import { scratchProject, type ScratchProject } from "../../helpers/project";

function project(...files: string[]): ScratchProject {
  return scratchProject({ files: Object.fromEntries(files.map((file) => [file, ""])) });
}

function find(root: string, options: { cwd?: string; dataSource?: string; env?: Record<string, string> } = {}): string {
  const { cwd = ".", dataSource, env = {} } = options;
  return path.relative(root, findConfiguration({ dataSource, cwd: path.join(root, cwd), env }).file);
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

describe("a data source that no usual name has", () => {
  const EXPORTED =
    'import { DataSource } from "typeorm";\nexport const AppDataSource = new DataSource({ type: "postgres" });';
  const COMPILED =
    'const typeorm_1 = require("typeorm");\nexports.AppDataSource = new typeorm_1.DataSource({ type: "postgres" });';

  test.each([
    ["migration:run", "typeorm migration:run -d src/persistence/main.ts"],
    ["typeorm", "typeorm-ts-node-commonjs --dataSource=./src/persistence/main.ts"],
    ["migrate", 'cross-env NODE_ENV=x ts-node node_modules/typeorm/cli.js migration:run -d "src/persistence/main"'],
    ["migrate", "npm run typeorm -- migration:run --dataSource 'src/persistence/main.ts'"],
    ["migrate", "cd src && typeorm migration:run -d persistence/main.ts"],
    ["migrate", "npm run build && typeorm migration:run -d dist/persistence/main.js"],
  ])("is named by a script: %s: %s", (name, command) => {
    const { root } = scratchProject({
      packageJson: { scripts: { start: "node -d 3", [name]: command } },
      files: { "src/persistence/main.ts": "", "data-source.ts": "", "dist/persistence/main.js": "" },
    });
    expect(find(root)).toBe("src/persistence/main.ts");
  });

  test("scripts that name files that are gone say nothing", () => {
    const scripts = { "migration:run": "typeorm migration:run -d src/gone.ts" };
    const { root } = scratchProject({ packageJson: { scripts }, files: { "ormconfig.ts": "" } });
    expect(find(root)).toBe("ormconfig.ts");
  });

  test.each([
    ["typeorm.config.ts", EXPORTED],
    ["src/config/database.ts", EXPORTED],
    ["server/db/index.ts", EXPORTED],
    ["apps/api/src/db.mts", EXPORTED],
    ["lib/db.js", COMPILED],
    ["dist/config/db.js", COMPILED],
    ["src/a.ts", 'import { DataSource } from "typeorm";\nconst db: DataSource = new DataSource({});\nexport { db };'],
    [
      "src/a.js",
      'const { DataSource } = require("typeorm");\nconst db = new DataSource({});\nmodule.exports = { db };',
    ],
    ["src/a.js", 'const { DataSource } = require("typeorm");\nmodule.exports = new DataSource({});'],
    ["src/a.ts", 'import { DataSource } from "typeorm";\nexport default class Db extends DataSource {}'],
    ["src/a.ts", 'import { DataSource } from "typeorm";\nexport function connect() { return new DataSource({}); }'],
    ["src/a.ts", 'import type { DataSourceOptions } from "typeorm";\nexport const o: DataSourceOptions = {};'],
    ["src/a.ts", 'import { DataSourceOptions } from "typeorm";\nconst o: DataSourceOptions = {};\nexport default o;'],
  ])("is found by its text: %s: %s", (file, text) => {
    const files = {
      [file]: text,
      "src/user.ts": 'import { Entity } from "typeorm";\n@Entity() export class User {}',
      "test/db.ts": EXPORTED,
      "src/db.spec.ts": EXPORTED,
      "node_modules/x/index.js": COMPILED,
    };
    expect(find(scratchProject({ files }).root)).toBe(file);
  });

  test("compiled files count where no source exports one", () => {
    const files = { "src/config/db.ts": EXPORTED, "dist/config/db.js": COMPILED };
    expect(find(scratchProject({ files }).root)).toBe("src/config/db.ts");
  });

  test("the source that package.json names may be deployed in its compiled form", () => {
    const packageJson = { retort: { dataSource: "src/db/main.ts" } };
    const { root } = scratchProject({ packageJson, files: { "dist/db/main.js": "" } });
    expect(find(root)).toBe("dist/db/main.js");
  });

  test("a file that starts a server, or keeps its DataSource, is not loaded but named", () => {
    const { root } = scratchProject({
      files: {
        "src/index.ts": `${EXPORTED}\nserver.listen(3000);`,
        "src/seed.ts": 'import { DataSource } from "typeorm";\nconst db = new DataSource({});\nexport class Seed {}',
      },
    });
    expect(() => find(root)).toThrow(/^no file only exports a DataSource: .*src\/index\.ts, .*src\/seed\.ts keeps it/);
  });

  test.each([
    ["found by text", {}, { "src/a.ts": EXPORTED, "src/b.ts": EXPORTED }],
    [
      "named by scripts",
      {
        scripts: { "a:migrate": "typeorm migration:run -d src/a.ts", "b:migrate": "typeorm migration:run -d src/b.ts" },
      },
      { "src/a.ts": "", "src/b.ts": "" },
    ],
  ])("several are listed, with how to choose: %s", (_, packageJson, files) => {
    const { root } = scratchProject({ packageJson, files: files as Record<string, string> });
    try {
      find(root);
      throw new Error("was found");
    } catch (error) {
      expect(error).toMatchObject({
        code: "config/several-data-sources",
        exitCode: 2,
        message: expect.stringMatching(/^several files export a DataSource: \S*src\/a\.ts, \S*src\/b\.ts$/) as string,
        hint: expect.stringMatching(
          /^-d \S*src\/a\.ts, or "retort": \{ "dataSource": "FILE" \} in package\.json$/,
        ) as string,
      });
    }
    expect(find(root, { dataSource: "src/b.ts" })).toBe("src/b.ts");
  });

  test.each([
    ["npm", { "package.json": '{ "workspaces": ["packages/*"] }' }],
    ["pnpm", { "pnpm-workspace.yaml": "packages:\n  - packages/*\n" }],
    ["nx", { "nx.json": "{}" }],
  ])("is found in another package of the workspace, from any folder of it: %s", (_, files) => {
    const { root } = scratchProject({
      files: {
        ...files,
        "packages/db/package.json": "{}",
        "packages/db/src/index.ts": EXPORTED,
        "packages/web/package.json": "{}",
        "packages/web/src/x": "",
      } as Record<string, string>,
    });
    for (const cwd of [".", "packages/web/src", "packages/db"])
      expect(find(root, { cwd })).toBe("packages/db/src/index.ts");
  });
});

describe("a project that is deployed without its sources", () => {
  const found = (files: string[], packageJson: object = {}) => {
    const project = scratchProject({
      packageJson: packageJson as Record<string, unknown>,
      files: Object.fromEntries(files.map((file) => [file, ""])),
    });
    return path.relative(project.root, findConfiguration({ cwd: project.root, env: {} }).file);
  };

  test.each([
    [["dist/data-source.js"], "dist/data-source.js"],
    [["dist/src/data-source.js"], "dist/src/data-source.js"],
    [["build/db/data-source.cjs"], "build/db/data-source.cjs"],
    [["dist/ormconfig.mjs"], "dist/ormconfig.mjs"],
    [["dist/data-source.js", "src/data-source.ts"], "src/data-source.ts"],
  ])("%j: %s", (files, expected) => expect(found(files)).toBe(expected));

  test("what package.json names is found compiled", () => {
    const named = { retort: { dataSource: "./src/orm/main.mts" } };
    expect(found(["dist/orm/main.mjs"], named)).toBe("dist/orm/main.mjs");
    expect(found(["build/src/orm/main.mjs"], named)).toBe("build/src/orm/main.mjs");
    expect(found(["dist/orm/main.mjs", "src/orm/main.mts"], named)).toBe("src/orm/main.mts");
    expect(() => found([], named)).toThrow("there is no file");
  });
});
