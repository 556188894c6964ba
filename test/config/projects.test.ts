import { scratchProject, type ProjectOptions, type ScratchProject } from "../helpers/project";
import { attempt, probe } from "./probe";

/** Two entities that import each other, without `Relation<>`. */
function circularEntities(ending: string): Record<string, string> {
  return {
    "src/entity/user.ts": `
      import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from "typeorm";
      import { Post } from "./post${ending}";
      @Entity() export class User {
        @PrimaryGeneratedColumn() id!: number;
        @Column() name!: string;
        @Column({ nullable: true }) nick!: string | null;
        @Column({ nullable: true }) born?: Date;
        @OneToMany(() => Post, (post) => post.author) posts!: Post[];
        @ManyToOne(() => Post) favourite!: Post;
      }`,
    "src/entity/post.ts": `
      import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from "typeorm";
      import { User } from "./user${ending}";
      @Entity() export class Post {
        @PrimaryGeneratedColumn() id!: number;
        @Column() body!: string;
        @ManyToOne(() => User, (user) => user.posts) author!: User;
      }`,
  };
}

const MIGRATION = `
  import type { MigrationInterface, QueryRunner } from "typeorm";
  export class First1700000000000 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> { await runner.query("SELECT 1"); }
    async down(runner: QueryRunner): Promise<void> { await runner.query("SELECT 1"); }
  }`;

function dataSource(entities: string, migrations = '"src/migrations/*.ts"'): string {
  return `
    import "reflect-metadata";
    import { DataSource } from "typeorm";
    export const AppDataSource = new DataSource({
      type: "better-sqlite3", database: "app.sqlite", entities: ${entities}, migrations: [${migrations}],
    });`;
}

function tsconfig(options: Record<string, unknown>, rest: Record<string, unknown> = {}): string {
  return JSON.stringify({
    ...rest,
    compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true, ...options },
  });
}

const COLUMNS = {
  "User.id": "Number",
  "User.name": "String",
  "User.nick": "String",
  "User.born": "Date",
  "Post.body": "String",
};

describe("a project in TypeScript", () => {
  const kinds: Record<string, ProjectOptions & { moduleFormat: string }> = {
    CommonJS: {
      moduleFormat: "cjs",
      files: {
        "tsconfig.json": tsconfig({ module: "commonjs", target: "es2020", strict: true }),
        "src/data-source.ts": `import { User } from "./entity/user"; import { Post } from "./entity/post"; ${dataSource("[User, Post]")}`,
        ...circularEntities(""),
      },
    },
    "ES modules (nodenext, .js endings)": {
      moduleFormat: "esm",
      packageJson: { type: "module" },
      files: {
        "tsconfig.json": tsconfig({ module: "nodenext", target: "es2022", strict: true }),
        "src/data-source.ts": `import { User } from "./entity/user.js"; import { Post } from "./entity/post.js"; ${dataSource("[User, Post]")}`,
        ...circularEntities(".js"),
      },
    },
    "CommonJS, entities by pattern": {
      moduleFormat: "cjs",
      files: { "src/data-source.ts": dataSource('["src/entity/*.ts"]'), ...circularEntities("") },
    },
    "ES modules, entities by pattern": {
      moduleFormat: "esm",
      packageJson: { type: "module" },
      files: { "src/data-source.ts": dataSource('["src/entity/*.ts"]'), ...circularEntities(".js") },
    },
    "files for a bundler: no type, no endings, module esnext": {
      moduleFormat: "cjs",
      files: {
        "tsconfig.json": tsconfig({ module: "esnext", moduleResolution: "bundler" }),
        "src/data-source.ts": `${dataSource('[import.meta.dirname + "/entity/*.ts"]')}`,
        ...circularEntities(""),
      },
    },
  };

  test.each(Object.entries(kinds))(
    "%s: entities that import each other, and migrations",
    async (_, { moduleFormat, ...options }) => {
      const project = scratchProject(options);
      project.write("src/migrations/1700000000000-first.ts", MIGRATION);
      const seen = await probe(project);
      expect(seen).toMatchObject({
        language: "ts",
        moduleFormat,
        columns: COLUMNS,
        migrations: ["First1700000000000"],
      });
      expect(seen.file).toBe(project.path("src/data-source.ts"));
      expect(seen.root).toBe(project.root);
    },
  );

  test("classes of one file that refer to one another before they are there", async () => {
    const project = scratchProject({
      files: {
        "ormconfig.ts": `import { Parent, Child } from "./family"; ${dataSource("[Parent, Child]")}`,
        "family.ts": `
          import { Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from "typeorm";
          @Entity() export class Child { @PrimaryGeneratedColumn() id!: number; @ManyToOne(() => Parent) parent!: Parent; }
          @Entity() export class Parent { @PrimaryGeneratedColumn() id!: number; @OneToMany(() => Child, (c) => c.parent) children!: Child[]; }`,
      },
    });
    expect((await probe(project)).columns).toMatchObject({ "Child.id": "Number", "Parent.id": "Number" });
  });

  test("all that an ES module can do and CommonJS cannot", async () => {
    const project = scratchProject({
      packageJson: { type: "module" },
      files: {
        "data-source.ts": `
          import { createRequire } from "node:module";
          import { fileURLToPath } from "node:url";
          import path, { dirname } from "node:path";
          import typeorm from "typeorm";
          import { Only } from "only-import";
          import plain, { named } from "plain-commonjs";
          import data from "./data.json" with { type: "json" };
          import { secret } from "./secret.js";
          import { later } from "./later.mjs";
          import type { Options } from "./types.js";
          const require = createRequire(import.meta.url);
          const __filename = fileURLToPath(import.meta.url);
          const __dirname = dirname(__filename);
          const lazy = await import("./lazy.js");
          const options: Options = { all: 1 };
          const checks = {
            only: Only === 1, plain: plain.default === 2 && named === 3, data: data.value === 4, secret: secret === "5",
            later: later === 6, lazy: lazy.default === 7, required: require("./old.cjs") === 8, whole: plain.named === 3,
            here: import.meta.dirname === path.resolve(".") && __dirname === import.meta.dirname,
            resolved: import.meta.resolve("./lazy.js").endsWith("/lazy.ts"), options: options.all === 1,
            typeorm: typeof typeorm.DataSource === "function",
          };
          (globalThis as any).checks = checks;
          export default new typeorm.DataSource({ type: "better-sqlite3", database: ":memory:" });`,
        "secret.ts": `import { readFile } from "node:fs/promises"; export const secret = (await readFile(import.meta.dirname + "/five", "utf8")).trim();`,
        five: "5\n",
        "later.mjs": "export const later = await Promise.resolve(6);",
        "lazy.ts": "export default 7 as number;",
        "old.cjs": "module.exports = 8;",
        "types.ts": "export interface Options { all: number }",
        "data.json": '{ "value": 4 }',
        "node_modules/only-import/package.json": '{ "name": "only-import", "exports": { "import": "./index.mjs" } }',
        "node_modules/only-import/index.mjs": "export const Only = 1;",
        "node_modules/plain-commonjs/package.json": '{ "name": "plain-commonjs", "main": "index.js" }',
        "node_modules/plain-commonjs/index.js": "exports.__esModule = true; exports.default = 2; exports.named = 3;",
      },
    });
    const { result } = await probe(project, { then: "return globalThis.checks;" });
    expect(Object.entries(result as object).filter(([, holds]) => !holds)).toEqual([]);
    expect(Object.keys(result as object)).toHaveLength(12);
  });

  test.each([
    ["data-source.mts", "esm"],
    ["data-source.cts", "cjs"],
  ])("%s, whatever the package says", async (file, moduleFormat) => {
    const project = scratchProject({
      packageJson: { type: moduleFormat === "esm" ? "commonjs" : "module" },
      files: {
        [file]: `import { Thing } from "./thing.${file.at(-3)}js"; ${dataSource("[Thing]")}`,
        [`thing.${file.at(-3)}ts`]: `
          import { Column, Entity, PrimaryColumn } from "typeorm";
          @Entity() export class Thing { @PrimaryColumn() id!: string; @Column() size!: number; }`,
      },
    });
    expect(await probe(project)).toMatchObject({
      moduleFormat,
      columns: { "Thing.id": "String", "Thing.size": "Number" },
    });
  });

  test("aliases of tsconfig.json, through extends, with comments and ${configDir}", async () => {
    const project = scratchProject({
      files: {
        "tsconfig.base.json": `{ /* shared */ "compilerOptions": { "paths": { "@entity/*": ["\${configDir}/src/entity/*"], }, } }`,
        "tsconfig.json": `{ "extends": ["./tsconfig.base"], // one more
          "compilerOptions": { "target": "es2022", }, }`,
        "src/data-source.ts": `import { User } from "@entity/user"; import { Post } from "@entity/post"; ${dataSource("[User, Post]")}`,
        ...circularEntities(""),
      },
    });
    expect((await probe(project)).columns).toMatchObject(COLUMNS);
  });

  test("a tsconfig.json whose extends is not there: said in one line, and decorators still work", async () => {
    const project = scratchProject({
      files: {
        "tsconfig.json": `{ "extends": "@tsconfig/nowhere" }`,
        "src/data-source.ts": dataSource('["src/entity/*.ts"]'),
        ...circularEntities(""),
      },
    });
    const run = await project.hosted(["migrate", "nothing-of-the-kind"]);
    expect(run.exitCode).toBe(2);
    expect((await probe(project)).columns).toMatchObject(COLUMNS);
  });

  test("a package of a workspace, from a folder inside it", async () => {
    const workspace = scratchProject({
      files: {
        "ormconfig.ts": "throw new Error('of another package');",
        "tsconfig.json": tsconfig({ baseUrl: ".", paths: { "@shared/*": ["packages/shared/src/*"] } }),
        "packages/shared/src/status.ts": "export type Name = string; export enum Status { on = 'on' }",
        "packages/api/package.json": `{ "name": "api", "retort": { "migrations": { "ignore": ["legacy_*"] } } }`,
        "packages/api/tsconfig.json": `{ "extends": "../../tsconfig.json" }`,
        "packages/api/src/data-source.ts": `import { Status } from "@shared/status"; void Status.on; ${dataSource('["src/entity/*.ts"]')}`,
        ...Object.fromEntries(
          Object.entries(circularEntities("")).map(([file, text]) => [`packages/api/${file}`, text]),
        ),
      },
    });
    const seen = await probe(workspace, { cwd: workspace.path("packages/api/src/entity") });
    expect(seen.root).toBe(workspace.path("packages/api"));
    expect(seen.columns).toMatchObject(COLUMNS);
    expect(seen.settings).toEqual({ migrations: { ignore: ["legacy_*"] } });
  });
});

describe("a project in JavaScript", () => {
  const schema = (exported: string) => `
    ${exported} new EntitySchema({ name: "Note", columns: { id: { type: Number, primary: true }, text: { type: String } } });`;

  test("CommonJS", async () => {
    const project = scratchProject({
      files: {
        "ormconfig.js": `
          const { DataSource } = require("typeorm");
          module.exports = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: ["entity/*.js"] });`,
        "entity/note.js": `const { EntitySchema } = require("typeorm"); ${schema("module.exports =")}`,
      },
    });
    const seen = await probe(project, { isFresh: true });
    expect(seen).toMatchObject({
      language: "js",
      moduleFormat: "cjs",
      columns: { "Note.text": "String" },
      compiled: false,
    });
  });

  test.each(["data-source.js", "data-source.mjs"])("ES modules: %s", async (file) => {
    const project = scratchProject({
      packageJson: file.endsWith(".js") ? { type: "module" } : {},
      files: {
        [file]: `
          import { DataSource } from "typeorm";
          const type = await Promise.resolve("better-sqlite3");
          export default new DataSource({ type, database: ":memory:", entities: ["entity/*.mjs"] });`,
        "entity/note.mjs": `import { EntitySchema } from "typeorm"; ${schema("export default")}`,
      },
    });
    const seen = await probe(project, { isFresh: true });
    expect(seen).toMatchObject({
      language: "js",
      moduleFormat: "esm",
      columns: { "Note.text": "String" },
      compiled: false,
    });
  });

  test("ES modules that import TypeScript", async () => {
    const project = scratchProject({
      packageJson: { type: "module" },
      files: {
        "data-source.js": `import { DataSource } from "typeorm"; import { User } from "./src/entity/user.js"; import { Post } from "./src/entity/post.js";
          export default new DataSource({ type: "better-sqlite3", database: ":memory:", entities: [User, Post] });`,
        ...circularEntities(".js"),
      },
    });
    expect(await probe(project)).toMatchObject({ language: "js", columns: COLUMNS });
  });

  test("ormconfig.json, as TypeORM 0.2 had it", async () => {
    const project = scratchProject({
      files: {
        "ormconfig.json": `{ "type": "better-sqlite3", "database": ":memory:", "entities": ["entity/*.js"] }`,
        "entity/note.js": `const { EntitySchema } = require("typeorm"); ${schema("module.exports =")}`,
      },
    });
    expect((await probe(project)).columns).toMatchObject({ "Note.text": "String" });
  });
});

describe("types that one file alone does not tell", () => {
  const files = {
    "ormconfig.ts": `import { Task } from "./task"; ${dataSource("[Task]")}`,
    "task.ts": `
      import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
      import { State, type Title } from "./types";
      type Local = "a" | "b";
      @Entity() export class Task {
        @PrimaryGeneratedColumn() id!: number;
        @Column() title!: Title;
        @Column({ nullable: true }) state!: State | null;
        @Column({ default: "a" }) local!: Local;
      }`,
    "types.ts": `export type Title = string; export enum State { open, done }`,
    "tsconfig.json": tsconfig({ strict: true }),
  };

  test("are looked up with the project's types, once, and that is said", async () => {
    const project = scratchProject({ files });
    const first = await attemptStderr(project);
    expect(first).toMatch(
      /^reading the types behind title, state of task\.ts: this start is slow, the next one is not\n$/,
    );
    const { columns, compiled } = await probe(project, { isFresh: true });
    expect(columns).toMatchObject({ "Task.title": "String", "Task.state": "Number", "Task.local": "String" });
    expect(compiled).toBe(false);
  });

  test("are looked up again when the file that holds them has changed", async () => {
    const project = scratchProject({ files });
    await probe(project);
    project.write("types.ts", `export type Title = number; export enum State { open = "open", done = "done" }`);
    expect((await probe(project)).columns).toMatchObject({ "Task.title": "Number", "Task.state": "String" });
  });

  test("are followed through files that only hand them on, and looked up again by a reload", async () => {
    const project = scratchProject({
      files: {
        ...files,
        "types.ts": `export * from "./deep/all";`,
        "deep/all.ts": `export { Title, State } from "./one";`,
        "deep/one.ts": files["types.ts"],
      },
    });
    const changed = JSON.stringify(`export type Title = number; export enum State { open = "open" }`);
    const { result, columns } = await probe(project, {
      then: `
        require("fs").writeFileSync("deep/one.ts", ${changed});
        const again = await openDataSource(await project.reload(), { use: "read" });
        const types = again.getMetadata("Task").columns.map((column) => column.type.name);
        await again.destroy();
        return types;`,
    });
    expect(columns).toMatchObject({ "Task.title": "String", "Task.state": "Number" });
    expect(result).toEqual(["Number", "Number", "String", "String"]);
    expect((await probe(project)).columns).toMatchObject({ "Task.title": "Number", "Task.state": "String" });
  });

  test("a constant enum stays an object for the files that are compiled by themselves", async () => {
    const project = scratchProject({
      files: {
        "ormconfig.ts": `import { Task, Size } from "./task"; if (Size.small !== 1) throw new Error("no Size"); ${dataSource("[Task]")}`,
        "task.ts": `export const enum Size { small = 1 }\n${files["task.ts"]}`,
        "types.ts": files["types.ts"],
      },
    });
    expect((await probe(project)).columns).toMatchObject({ "Task.title": "String" });
  });

  test("in an .mts file of a CommonJS package", async () => {
    const project = scratchProject({
      files: {
        "ormconfig.mts": `import { Task } from "./task.mjs"; ${dataSource("[Task]")}`,
        "task.mts": files["task.ts"].replace("./types", "./types.js"),
        "types.ts": files["types.ts"],
      },
    });
    expect((await probe(project)).columns).toMatchObject({ "Task.title": "String", "Task.state": "Number" });
  });

  test("cost nothing where the decorator says the type", async () => {
    const project = scratchProject({
      files: {
        ...files,
        "task.ts": files["task.ts"]
          .replace("@Column() title", '@Column("text") title')
          .replace("@Column({ nullable: true }) state", '@Column({ type: "simple-enum", enum: State }) state'),
      },
    });
    expect(await attemptStderr(project)).toBe("");
  });

  async function attemptStderr(project: ScratchProject): Promise<string> {
    const { stdout, stderr } = await attempt(project, {});
    expect(stdout).toMatch(/^\{/);
    return stderr;
  }
});
