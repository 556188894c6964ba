// Compiles the examples and what they need into build/, from where they find this package under its name.
//
//   node scripts/examples.mjs [folder]
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** Types are checked by `npm run check:types`: here they are taken off. */
export function buildExamples(folder = path.join(repository, "build")) {
  const examples = sources("examples");
  for (const name of [...examples, "ormconfig.ts"]) {
    const text = fs.readFileSync(path.join(repository, name), "utf8");
    const { outputText } = ts.transpileModule(text, { fileName: name, compilerOptions: COMPILER_OPTIONS });
    const target = path.join(folder, name.replace(/\.ts$/, ".js"));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, outputText);
  }
  return folder;
}

const COMPILER_OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

function sources(folder) {
  const names = fs.readdirSync(path.join(repository, folder), { recursive: true });
  return names.filter((name) => name.endsWith(".ts")).map((name) => path.join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildExamples(process.argv[2]);
