import path from "node:path";
import { parseJsonc } from "../../src/config/jsonc";
import { compilerSettings } from "../../src/config/tsconfig";
import { scratchProject } from "../helpers/project";

function settings(files: Record<string, string | object>, folder = ".", typescript = "6.0.2") {
  const texts = Object.entries(files).map(
    ([name, content]) => [name, typeof content === "string" ? content : JSON.stringify(content)] as const,
  );
  const project = scratchProject({ files: Object.fromEntries(texts) });
  // The project's own TypeScript, as far as Retort asks for it.
  project.write("sub/node_modules/typescript/package.json", `{ "name": "typescript", "version": "${typescript}" }`);
  const found = compilerSettings(project.path(folder));
  const relative = (file: string | undefined) => file && path.relative(project.root, file);
  return {
    ...found,
    file: relative(found.file),
    baseUrl: relative(found.baseUrl),
    aliases: Object.fromEntries(found.aliases.map(({ pattern, targets }) => [pattern, targets.map(relative)])),
  };
}

test("comments and trailing commas are no obstacle, and strings stay as they are", () => {
  expect(parseJsonc('\uFEFF{ // one\n "a": [1, 2, /* three */], "url": "http://x//y", "b": "/* no */,}", }')).toEqual({
    a: [1, 2],
    url: "http://x//y",
    b: "/* no */,}",
  });
});

test("the nearest tsconfig.json counts, upwards", () => {
  const files = { "tsconfig.json": {}, "sub/tsconfig.json": {}, "sub/deep/x": "", "other/x": "" };
  expect(settings(files, "sub/deep").file).toBe("sub/tsconfig.json");
  expect(settings(files, "other").file).toBe("tsconfig.json");
});

test("paths are relative to the file that says them, or to baseUrl", () => {
  expect(
    settings({
      "base/tsconfig.json": { compilerOptions: { paths: { "@/*": ["./src/*"] } } },
      "tsconfig.json": { extends: "./base/tsconfig.json" },
    }).aliases,
  ).toEqual({
    "@/*": ["base/src/*"],
  });
  const withBase = settings({
    "tsconfig.json": { compilerOptions: { baseUrl: "./src", paths: { "~/*": ["lib/*", "../x/*"] } } },
  });
  expect(withBase).toMatchObject({ baseUrl: "src", aliases: { "~/*": ["src/lib/*", "x/*"] } });
});

test("extends: a chain, a list whose last one wins, a package, an ending left out", () => {
  const found = settings({
    "node_modules/@acme/tsconfig/tsconfig.json": { compilerOptions: { target: "es2022", esModuleInterop: false } },
    "node_modules/@acme/tsconfig/node.json": {
      extends: "./tsconfig.json",
      compilerOptions: { useDefineForClassFields: false },
    },
    "one.json": { compilerOptions: { baseUrl: "one" } },
    "two.json": { compilerOptions: { baseUrl: "two" } },
    "tsconfig.json": { extends: ["@acme/tsconfig/node", "./one", "./two"], compilerOptions: { esModuleInterop: true } },
  });
  expect(found).toMatchObject({
    baseUrl: "two",
    useDefineForClassFields: false,
    esModuleInterop: true,
    complaints: [],
  });
  expect(
    settings({
      "node_modules/@acme/tsconfig/tsconfig.json": { compilerOptions: { target: "es5" } },
      "tsconfig.json": { extends: "@acme/tsconfig" },
    }),
  ).toMatchObject({
    useDefineForClassFields: false,
  });
});

test("what extends a file that is not there, or does not parse, complains and goes on", () => {
  const missing = settings({ "tsconfig.json": { extends: "@tsconfig/strictest", compilerOptions: { baseUrl: "." } } });
  expect(missing.complaints).toEqual([expect.stringMatching(/extends @tsconfig\/strictest, which is not there/)]);
  expect(missing.baseUrl).toBe("");
  expect(settings({ "tsconfig.json": "{ nonsense" }).complaints).toEqual([
    expect.stringMatching(/tsconfig\.json is left out: /),
  ]);
  expect(
    settings({ "a.json": { extends: "./tsconfig.json" }, "tsconfig.json": { extends: "./a.json" } }).complaints,
  ).toEqual([]);
});

test("a tsconfig that only refers to others speaks through the first", () => {
  expect(
    settings({
      "tsconfig.json": { files: [], references: [{ path: "./tsconfig.app.json" }] },
      "tsconfig.app.json": { compilerOptions: { paths: { "@/*": ["./src/*"] } } },
    }).aliases,
  ).toEqual({ "@/*": ["src/*"] });
});

test.each([
  ["es2021", "5.9.3", false],
  ["ES2022", "5.9.3", true],
  ["esnext", "5.9.3", true],
  [undefined, "5.9.3", false],
  [undefined, "6.0.2", true],
])("useDefineForClassFields with target %s of TypeScript %s: %s", (target, version, expected) => {
  expect(
    settings({ "sub/tsconfig.json": { compilerOptions: { target } } }, "sub", version).useDefineForClassFields,
  ).toBe(expected);
});

test.each([
  ["commonjs", "5.9.3", false],
  ["nodenext", "5.9.3", true],
  [undefined, "5.9.3", false],
  [undefined, "6.0.2", true],
])("esModuleInterop with module %s of TypeScript %s: %s", (module, version, expected) => {
  expect(
    settings({ "sub/tsconfig.json": { compilerOptions: { module, target: "es2022" } } }, "sub", version)
      .esModuleInterop,
  ).toBe(expected);
});
