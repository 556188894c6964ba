import path from "node:path";
import { resolveFromSource } from "../../src/config/resolve";
import { compilerSettings } from "../../src/config/tsconfig";
import { scratchProject } from "../helpers/project";

const project = scratchProject({
  packageJson: {
    imports: {
      "#db/*": "./src/*.js",
      "#only": { import: "./src/user.js", default: "./src/none.js" },
      "#package": "dual",
    },
  },
  files: {
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        baseUrl: ".",
        paths: { "@/*": ["./nowhere/*", "./src/*"], "@/special": ["./src/legacy.js"], exact: ["./src/user.ts"] },
      },
    }),
    "src/user.ts": "",
    "src/index.ts": "",
    "src.ts": "",
    "src/both.ts": "",
    "src/both.js": "",
    "src/legacy.js": "",
    "src/part/index.ts": "",
    "src/user.entity.ts": "",
    "src/m.mts": "",
    "src/c.cts": "",
    "src/view.tsx": "",
    "src/data.json": "{}",
    "node_modules/dual/package.json": JSON.stringify({
      exports: {
        ".": { types: "./t.d.ts", require: "./r.cjs", import: { node: "./i.mjs" } },
        "./sub/*": { import: "./lib/*.mjs" },
        "./gone": null,
      },
    }),
    "node_modules/dual/i.mjs": "",
    "node_modules/dual/r.cjs": "",
    "node_modules/dual/lib/deep/x.mjs": "",
    "node_modules/@acme/one/package.json": JSON.stringify({ exports: [{ import: "./index.mjs" }, "./index.cjs"] }),
    "node_modules/@acme/one/index.mjs": "",
    "node_modules/plain/package.json": "{}",
  },
});

afterAll(() => project.remove());

function resolve(request: string, format: "cjs" | "esm" = "cjs"): string | undefined {
  const found = resolveFromSource(request, project.path("src/main.ts"), format, compilerSettings(project.path("src")));
  return found && path.relative(project.root, found);
}

test.each([
  ["./user", "src/user.ts"],
  ["./user.js", "src/user.ts"],
  ["./both", "src/both.ts"],
  ["./both.js", "src/both.ts"],
  ["./legacy", "src/legacy.js"],
  ["./legacy.js", "src/legacy.js"],
  ["./part", "src/part/index.ts"],
  ["./part/index.js", "src/part/index.ts"],
  ["./user.entity", "src/user.entity.ts"],
  ["./m.mjs", "src/m.mts"],
  ["./c.cjs", "src/c.cts"],
  ["./view.jsx", "src/view.tsx"],
  ["./view.js", "src/view.tsx"],
  ["./data.json", "src/data.json"],
  ["../src/user", "src/user.ts"],
  ["./nothing", undefined],
  [".", "src/index.ts"],
  ["./", "src/index.ts"],
  ["./part/", "src/part/index.ts"],
  ["./part/..", "src/index.ts"],
  ["..", undefined],
  ["@/user.js", "src/user.ts"],
  ["@/part", "src/part/index.ts"],
  ["@/special", "src/legacy.js"],
  ["exact", "src/user.ts"],
  ["exact/more", undefined],
  ["src/user", "src/user.ts"],
  ["dual", undefined],
  ["#db/user", undefined],
])("%s is %s", (request, expected) => {
  expect(resolve(request)).toBe(expected);
});

test.each([
  ["dual", "node_modules/dual/i.mjs"],
  ["dual/sub/deep/x", "node_modules/dual/lib/deep/x.mjs"],
  ["dual/gone", undefined],
  ["@acme/one", "node_modules/@acme/one/index.mjs"],
  ["plain", undefined],
  ["typeorm", undefined],
  ["not-installed", undefined],
  ["#db/user", "src/user.ts"],
  ["#only", "src/user.ts"],
  ["#package", "node_modules/dual/i.mjs"],
])("from an ES module, %s is %s", (request, expected) => {
  expect(resolve(request, "esm")).toBe(expected);
});
