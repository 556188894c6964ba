import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { runProgram } from "./helpers/command";
import { buildDockerfile } from "./helpers/dockerfile";
import { repository } from "./helpers/repository";

/*
 * docs/deploy.md, built and started step by step: the packed package, the packages that `npm ci` would install as links, and no
 * TypeScript in the last stage.
 */
const page = fs.readFileSync(path.join(repository, "docs/deploy.md"), "utf8");
const blockOf = (language: string, first: string) =>
  new RegExp(`^\`\`\`${language}\\n(${first}[^]*?)^\`\`\``, "m").exec(page)![1]!;

let scratch: string;
let packed: string;

const FILES = {
  "package.json": JSON.stringify({ name: "shop", private: true, dependencies: { "typeorm-retort": "*" } }),
  "package-lock.json": "{}",
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "commonjs",
      strict: true,
      skipLibCheck: true,
      types: ["node"],
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      removeComments: true,
      rootDir: "src",
      outDir: "dist",
    },
    include: ["src"],
  }),
  "src/article.ts": `
import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity()
export class Article {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
}
`,
  "src/server.ts": `
import { dataSource } from "./data-source";
import { Article } from "./article";

void dataSource.initialize().then(async () => {
  await dataSource.getRepository(Article).save({ title: "first" });
  console.log("served", await dataSource.getRepository(Article).count());
  await dataSource.destroy();
});
`,
  "src/data-source.ts": blockOf("ts", "// src/data-source.ts"),
};

beforeAll(async () => {
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "retort-deploy-")));
  const { stdout } = await runProgram("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", scratch]);
  packed = path.join(scratch, "packed");
  fs.mkdirSync(packed);
  const archive = path.join(scratch, (JSON.parse(stdout) as [{ filename: string }])[0].filename);
  const tar = await runProgram("tar", ["-xzf", archive, "-C", packed, "--strip-components=1"]);
  expect(tar.exitCode).toBe(0);
  for (const [file, text] of Object.entries(FILES)) write(file, text);
  install(path.join(scratch, "context"), ["typescript", "@types/node"]);
});

afterAll(() => fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

function write(file: string, text: string): void {
  const name = path.join(scratch, "context", file);
  fs.mkdirSync(path.dirname(name), { recursive: true });
  fs.writeFileSync(name, text);
}

/** What `npm ci` does: the package itself as a copy, so that it finds nothing but what is installed beside it. */
function install(folder: string, others: readonly string[]): void {
  const modules = path.join(folder, "node_modules");
  fs.cpSync(packed, path.join(modules, "typeorm-retort"), { recursive: true });
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(packed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const own = Object.keys(dependencies).filter((name) => name !== "typescript");
  for (const name of [...own, "typeorm", "reflect-metadata", "better-sqlite3", ...others]) {
    fs.mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    fs.symlinkSync(path.join(repository, "node_modules", name), path.join(modules, name), "junction");
  }
  fs.mkdirSync(path.join(modules, ".bin"));
  fs.symlinkSync("../typeorm-retort/bin/retort.js", path.join(modules, ".bin/retort"));
  fs.chmodSync(path.join(modules, "typeorm-retort/bin/retort.js"), 0o755);
  if (others.includes("typescript")) fs.symlinkSync("../typescript/bin/tsc", path.join(modules, ".bin/tsc"));
}

function retort(folder: string, ...argv: string[]) {
  return runProgram(path.join(folder, "node_modules/.bin/retort"), ["migrate", ...argv], { cwd: folder });
}

test("the Dockerfile of docs/deploy.md builds, migrates without TypeScript and serves, and the second start has nothing to do", async () => {
  const context = path.join(scratch, "context");
  const generated = await retort(context, "generate", "articles");
  expect(generated).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^src\/migrations\/\d+-articles\.ts\n$/),
  });

  const image = await buildDockerfile(blockOf("dockerfile", "FROM"), {
    context,
    scratch,
    run: (command, folder) => {
      if (command === "npm ci") install(folder, ["typescript", "@types/node"]);
      else if (command === "npm ci --omit=dev") install(folder, []);
      else return false;
      return true;
    },
  });
  expect(fs.readdirSync(image.folder).sort()).toEqual(["dist", "node_modules", "package-lock.json", "package.json"]);
  expect(fs.existsSync(path.join(image.folder, "node_modules/typescript"))).toBe(false);

  const first = await image.start();
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: "served 1\n",
    stderr: expect.stringMatching(/^up {4}Articles\d+/),
  });
  expect(await image.start()).toMatchObject({
    exitCode: 0,
    stdout: "served 2\n",
    stderr: "Nothing to do: every migration is applied.\n",
  });
  for (const command of ["status", "current", "history", "lint", "redo", "up --sql", "stamp head"])
    expect({ command, ...(await retort(image.folder, ...command.split(" "))) }).toMatchObject({ exitCode: 0 });

  // A source has to be compiled.
  fs.writeFileSync(path.join(image.folder, "other.ts"), "export default {};");
  expect(await retort(image.folder, "status", "-d", "other.ts")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^error: other\.ts has to be compiled, and TypeScript is not installed\n {2}→ .*npm install typescript/,
    ),
  });

  // Without entities.
  fs.rmSync(path.join(image.folder, "dist/article.js"));
  const compiled = path.join(image.folder, "dist/data-source.js");
  const text = fs.readFileSync(compiled, "utf8");
  const without = text
    .replace(/entities: \[.*\]/, 'entities: [node_path_1.default.join(__dirname, "**/*.entity.js")]')
    .replace(/.*require\("\.\/article"\).*\n/, "")
    .replaceAll("node_path_1.default", "require('node:path')");
  fs.writeFileSync(compiled, without);
  expect(await retort(image.folder, "down")).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^down/m) });
  expect(await retort(image.folder, "up")).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^up/m) });
  expect(await retort(image.folder, "check")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^error: the DataSource's entities .*\*\.entity\.js" match no file/m),
  });

  // A build that left the migrations out.
  fs.rmSync(path.join(image.folder, "dist/migrations"), { recursive: true });
  expect(await image.start()).toMatchObject({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringMatching(/^error: the DataSource's migrations .* match no file/m),
  });
});
