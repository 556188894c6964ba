import path from "node:path";
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
  const relative = (file: string) => path.relative(project.root, file);
  return {
    ...found,
    file: found.file && relative(found.file),
    pathsOf: (specifier: string) => found.pathsOf(specifier).map(relative),
  };
}

test("comments, trailing commas and a byte order mark are read, and strings stay as they are", () => {
  const text =
    '\uFEFF{ // one\n "compilerOptions": { "paths": { "http://x//y": ["./a" /* three */, "./b//no,}/*",] },}, }';
  expect(settings({ "tsconfig.json": text })).toMatchObject({ warnings: [] });
  expect(settings({ "tsconfig.json": text }).pathsOf("http://x//y")).toEqual(["a", "b/no,}/*"]);
});

test("the nearest tsconfig.json counts, upwards", () => {
  const files = { "tsconfig.json": {}, "sub/tsconfig.json": {}, "sub/deep/x": "", "other/x": "" };
  expect(settings(files, "sub/deep").file).toBe("sub/tsconfig.json");
  expect(settings(files, "other").file).toBe("tsconfig.json");
});

test("paths are relative to the file that sets them, or to baseUrl", () => {
  const extended = settings({
    "base/tsconfig.json": { compilerOptions: { paths: { "@/*": ["./src/*"] } } },
    "tsconfig.json": { extends: "./base/tsconfig.json" },
  });
  expect(extended.pathsOf("@/user")).toEqual(["base/src/user"]);
  expect(extended.pathsOf("user")).toEqual([]);
  const withBase = settings({
    "tsconfig.json": { compilerOptions: { baseUrl: "./src", paths: { "~/*": ["lib/*", "../x/*"] } } },
  });
  expect(withBase.pathsOf("~/user")).toEqual(["src/lib/user", "x/user"]);
  expect(withBase.pathsOf("user")).toEqual(["src/user"]);
});

test("${configDir} is the folder of the tsconfig.json that extends", () => {
  const found = settings(
    {
      "tsconfig.base.json": { compilerOptions: { paths: { "@/*": ["${configDir}/src/*"] } } },
      "sub/tsconfig.json": { extends: "../tsconfig.base.json" },
    },
    "sub",
  );
  expect(found.pathsOf("@/user")).toEqual(["sub/src/user"]);
});

test("extends: a chain, a list whose last one wins, a package, an extension left out", () => {
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
  expect(found).toMatchObject({ useDefineForClassFields: false, esModuleInterop: true, warnings: [] });
  expect(found.pathsOf("user")).toEqual(["two/user"]);
  expect(
    settings({
      "node_modules/@acme/tsconfig/tsconfig.json": { compilerOptions: { target: "es5" } },
      "tsconfig.json": { extends: "@acme/tsconfig" },
    }),
  ).toMatchObject({ useDefineForClassFields: false });
});

test("a file that extends one that is missing, or itself, or that does not parse, is read in part, with a warning", () => {
  const missing = settings({
    "base.json": { compilerOptions: { paths: { "@/*": ["./lib/*"] }, target: "es2022" } },
    "tsconfig.json": { extends: ["./base", "@tsconfig/strictest"], compilerOptions: { baseUrl: "." } },
  });
  expect(missing.warnings).toEqual([
    expect.stringMatching(/tsconfig\.json is read in part: File '@tsconfig\/strictest' not found/),
  ]);
  expect(missing.pathsOf("user")).toEqual(["user"]);
  expect(missing.pathsOf("@/user")).toEqual(["lib/user"]);
  expect(missing.useDefineForClassFields).toBe(true);
  expect(settings({ "tsconfig.json": "{ nonsense" }).warnings).toEqual([
    expect.stringMatching(/tsconfig\.json is read in part: /),
  ]);
  expect(settings({ "tsconfig.json": "{\n}\n" }).warnings).toEqual([]);
  const circular = settings({ "a.json": { extends: "./tsconfig.json" }, "tsconfig.json": { extends: "./a.json" } });
  expect(circular.warnings).toEqual([expect.stringMatching(/ircularity/)]);
});

test("paths that TypeScript would not accept are ignored, with a warning", () => {
  const found = settings({ "tsconfig.json": { compilerOptions: { paths: { "@/*": ["src/*"] } } } });
  expect(found.warnings).toEqual([expect.stringMatching(/"paths" is ignored: .*baseUrl/)]);
  expect(found.pathsOf("@/user")).toEqual([]);
});

test("a tsconfig that only refers to others is read as the first", () => {
  const found = settings({
    "tsconfig.json": { files: [], references: [{ path: "./tsconfig.app.json" }] },
    "tsconfig.app.json": { compilerOptions: { paths: { "@/*": ["./src/*"] } } },
  });
  expect(found.file).toBe("tsconfig.app.json");
  expect(found.pathsOf("@/user")).toEqual(["src/user"]);
});

test("a folder belongs to the referenced tsconfig that includes it, also a folder's tsconfig.json", () => {
  const files = {
    "tsconfig.json": { files: [], references: [{ path: "./tools" }, { path: "./tsconfig.app.json" }] },
    "tools/tsconfig.json": { compilerOptions: { target: "es5" } },
    "tsconfig.app.json": { include: ["src"], compilerOptions: { target: "es2022" } },
  };
  expect(settings(files, "src")).toMatchObject({ file: "tsconfig.app.json", useDefineForClassFields: true });
  expect(settings(files, "tools")).toMatchObject({ file: "tools/tsconfig.json", useDefineForClassFields: false });
  expect(settings(files)).toMatchObject({ file: "tools/tsconfig.json" });
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
