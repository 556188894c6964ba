import { scratchProject } from "../helpers/project";
import { probe } from "./probe";

const USER = `
  import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
  @Entity() export class User { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }`;
const COMPILED_USER = `
  const { EntitySchema } = require("typeorm");
  exports.User = new EntitySchema({ name: "User", columns: { id: { type: Number, primary: true }, name: { type: String } } });`;

const source = (alias: string) => `
  import { DataSource } from "typeorm";
  import { User } from "${alias}";
  export default new DataSource({ type: "better-sqlite3", database: ":memory:", entities: [User] });`;
const compiled = (alias: string) => `
  const { DataSource } = require("typeorm");
  const { User } = require("${alias}");
  module.exports = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: [User] });`;

const paths = JSON.stringify({ compilerOptions: { outDir: "dist", paths: { "@app/*": ["./src/*"] } } });

test.each([
  ["paths of tsconfig.json in sources", "src/db.ts", source("@app/user"), {}, { "tsconfig.json": paths }],
  ["paths of tsconfig.json in compiled files", "dist/db.js", compiled("@app/user"), {}, { "tsconfig.json": paths }],
  ["_moduleAliases in sources", "src/db.ts", source("@app/user"), { _moduleAliases: { "@app": "src" } }, {}],
  [
    "_moduleAliases of compiled files in sources",
    "src/db.ts",
    source("@app/user"),
    { _moduleAliases: { "@app": "dist" } },
    {},
  ],
  ["_moduleAliases in compiled files", "dist/db.js", compiled("@app/user"), { _moduleAliases: { "@app": "dist" } }, {}],
  ["an alias of one file", "src/db.ts", source("user"), { _moduleAliases: { user: "src/user" } }, {}],
])("aliases that only exist at run time are resolved: %s", async (_, dataSource, text, packageJson, files) => {
  const project = scratchProject({
    packageJson,
    files: { ...files, "src/user.ts": USER, "dist/user.js": COMPILED_USER, [dataSource]: text } as Record<
      string,
      string
    >,
  });
  const then = "return project.loadedFiles().map((file) => file.slice(project.root.length + 1)).sort();";
  const { columns, result } = await probe(project, { dataSource, then });
  expect(Object.keys(columns)).toEqual(["User.id", "User.name"]);
  // Sources and compiled files are not mixed: User would be two classes.
  const folder = dataSource.split("/")[0]!;
  expect((result as string[]).every((file) => file.startsWith(`${folder}/`))).toBe(true);
});

test("what an alias of compiled files stands for need not be compiled yet", async () => {
  const project = scratchProject({
    packageJson: { _moduleAliases: { "@app": "dist" } },
    files: { "src/user.ts": USER, "src/db.ts": source("@app/user") },
  });
  expect(Object.keys((await probe(project, { dataSource: "src/db.ts" })).columns)).toEqual(["User.id", "User.name"]);
});

test("a package goes before an alias of the same name", async () => {
  const project = scratchProject({
    packageJson: { _moduleAliases: { typeorm: "src/nothing" } },
    files: {
      "ormconfig.ts": source("./src/user"),
      "src/user.ts": USER,
      "src/nothing.ts": "throw new Error('loaded');",
    },
  });
  expect((await probe(project)).type).toBe("better-sqlite3");
});
