import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { scratchProject, type ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";

/** What the project's own compiler complains of, a line each. Libraries are parsed once for all projects. */
function complaints(project: ScratchProject): string[] {
  const config = project.path("tsconfig.json");
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (name) => ts.sys.readFile(name)).config,
    ts.sys,
    project.root,
  );
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    if (!fs.realpathSync(file).startsWith(repository)) return parse(file, languageVersion, ...rest);
    const key = JSON.stringify([fs.realpathSync(file), languageVersion]);
    const known = libraries.get(key) ?? parse(file, languageVersion, ...rest);
    libraries.set(key, known);
    return known;
  };
  return ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options, host)).map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start!).line + 1 : 0;
    return `${file ? path.relative(project.root, file.fileName) : ""}:${line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}
const libraries = new Map<string, ts.SourceFile | undefined>();

const compilerOptions = (rest: object) => ({
  compilerOptions: {
    target: "es2022",
    lib: ["es2023"],
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    ...rest,
  },
  include: ["src"],
});

const imports = `import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";`;
const id = `@PrimaryGeneratedColumn() id!: number;`;

/** A class is exported in every way that there is. */
const everyWay = {
  "tsconfig.json": JSON.stringify(compilerOptions({ module: "nodenext" })),
  "src/user.ts": `${imports}
import Article from "./blog/article.js";
@Entity() export class User { ${id} @Column("varchar") name!: string; @OneToMany(() => Article, (article) => article.author) articles!: Relation<Article>[]; }`,
  "src/blog/article.ts": `${imports}
import { User } from "../user.js";
@Entity() export default class Article { ${id} @Column("varchar") title!: string; @ManyToOne(() => User, (user) => user.articles) author!: Relation<User> | null; }`,
  "src/blog/post.ts": `${imports} @Entity("blog_post") export class Post { ${id} @Column("varchar") body!: string; }`,
  "src/shop/post.ts": `${imports} @Entity("shop_post") class Post { ${id} @Column("int") price!: number; }
export { Post as Parcel };`,
  "src/legacy.ts": `import { BaseEntity, Column, Entity, PrimaryGeneratedColumn } from "typeorm";
@Entity() export class Legacy extends BaseEntity { ${id} @Column("int") age!: number; }`,
  "src/member.ts": `${imports} import type { Query } from "typeorm-retort";
@Entity() export class Member { declare static readonly query: Query<Member>; ${id} @Column("int") age!: number; }`,
  "src/people.ts": `import { ChildEntity, Column, Entity, PrimaryGeneratedColumn, TableInheritance } from "typeorm";
@Entity() @TableInheritance({ column: { type: "varchar", name: "kind" } }) export abstract class Person { ${id} @Column("varchar") name!: string; }
@ChildEntity() export class Student extends Person { @Column("int") grade!: number; }`,
  "src/tag.ts": `import { EntitySchema } from "typeorm";
export interface Tag { id: number; word: string }
export const TagSchema = new EntitySchema<Tag>({ name: "Tag", columns: { id: { type: Number, primary: true }, word: { type: String } } });`,
  "src/made.ts": `${imports} const make = () => { @Entity("made") class Made { ${id} } return Made; }; export const Made = make();`,
  "src/entities.ts": `export { default as Article } from "./blog/article.js"; export * from "./blog/post.js"; export { Parcel } from "./shop/post.js";
export * from "./legacy.js"; export * from "./made.js"; export * from "./member.js"; export * from "./people.js"; export * from "./tag.js"; export * from "./user.js";`,
  "src/data-source.ts": `import "reflect-metadata"; import { DataSource } from "typeorm"; import * as entities from "./entities.js";
export default new DataSource({ type: "postgres", host: "nowhere.invalid", entities });`,
};

const application = `
import { connect } from "typeorm-retort";
import dataSource from "./data-source.js";
import Article from "./blog/article.js";
import { Legacy, Member, Parcel, Person, Post, Student, TagSchema, User } from "./entities.js";
const db = await connect(dataSource);
const users: User[] = await User.query.filter(User.c.name.like("s%"), User.c.articles.any({ title: "x" })).all();
const authors: (User | null)[] = (await Article.query.filterBy({ author: users }).all()).map(({ author }) => author);
const bodies: { body: string }[] = await Post.query.select(Post.c.body).all();
const dear: Parcel | null = await Parcel.query.filter(Parcel.c.price.gt(5)).first();
const old: Legacy[] = await db.query(Legacy).filter(Legacy.c.age.gt(60)).all();
const members: Member[] = await Member.query.filter(Member.c.age.gt(60)).all();
const people: Person[] = await Person.query.all();
const students: Student[] = await Student.query.filter(Student.c.grade.gt(1)).filterBy({ name: "Bob" }).all();
const words: string[] = (await db.query(TagSchema).filterBy({ word: ["a", "b"] }).all()).map(({ word }) => word);
export { authors, bodies, dear, members, old, people, students, words };
// @ts-expect-error -- no such column
User.c.nmae;
// @ts-expect-error -- no such property, of a default export
Article.query.filterBy({ titel: "x" });
// @ts-expect-error -- a Post is no Parcel
const wrong: Parcel[] = await Post.query.all();
// @ts-expect-error -- only those that a Database opened have a query
class Other {} Other.query;
`;

test("one file gives every class its query and c, however it is exported; no database is asked", async () => {
  const project = scratchProject({
    files: { ...everyWay, "src/app.ts": application },
    packageJson: { type: "module" },
  });
  const { stdout, stderr, exitCode } = await project.retort(["types"]);
  expect(stdout).toBe("created  src/retort.d.ts\n");
  expect(stderr).toBe(
    "retort: Made is exported by no file as a class of its own: use db.query(Made)\n" +
      "retort: Tag is an EntitySchema: db.query(Tag) is typed already\n",
  );
  expect(exitCode).toBe(0);
  expect(complaints(project)).toEqual([]);

  expect(await project.retort(["types"])).toMatchObject({ stdout: "kept  src/retort.d.ts\n", exitCode: 0 });
  expect(await project.retort(["types", "--check"])).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
  project.write("src/blog/post.ts", `${imports} @Entity("blog_post") export class Entry { ${id} }`);
  expect(await project.retort(["types", "--check"])).toMatchObject({
    stdout: "",
    stderr: expect.stringMatching(/src\/retort\.d\.ts does not match the entities\n.*retort types/),
    exitCode: 1,
  });
  expect(await project.retort(["types"])).toMatchObject({ stdout: "changed  src/retort.d.ts\n" });
});

test("in CommonJS, of compiled entities, into a file of one's own; with the names of retort run", async () => {
  const project = scratchProject({
    files: {
      "tsconfig.json": JSON.stringify(
        compilerOptions({
          module: "commonjs",
          moduleResolution: "node10",
          ignoreDeprecations: "6.0",
          rootDir: "src",
          outDir: "dist",
          typeRoots: [path.join(repository, "node_modules/@types")],
        }),
      ),
      "src/models/user.ts": `${imports} @Entity() export class User { ${id} @Column("varchar") name!: string; }`,
      "src/models/note.ts": `${imports} @Entity() class Note { ${id} @Column("varchar") text!: string; } export default Note;`,
      "ormconfig.js": `require("reflect-metadata"); const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: ["dist/models/*.js"] });`,
      "src/script.ts": `import { Note as Own } from "./own";
export default async function seed(): Promise<void> {
  const user = db.create(User, { name: "susan" });
  const found: User[] = await User.query.filterBy({ name: Like("s%") }).filter(or(User.c.id.gt(1), not(User.c.name.eq("x")))).all();
  session.add(user);
  print(found, sql\`1\`, await Note.query.all(), await Own.query.count());
}`,
      "src/own.ts": `export { default as Note } from "./models/note";`,
    },
    packageJson: { retort: { types: { file: "src/types/entities.d.ts" } } },
  });
  compile(project, ["src/models/user.ts", "src/models/note.ts"]);
  const missing = await project.retort(["types", "--check", "--globals"]);
  expect(missing).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("there is no src/types/entities.d.ts"),
  });
  expect(await project.retort(["types", "--globals"])).toMatchObject({
    stdout: "created  src/types/entities.d.ts\n",
    stderr: "",
  });
  expect(project.read("src/types/entities.d.ts")).toContain(`declare module "../models/user.js"`);
  expect(complaints(project)).toEqual([]);
  const elsewhere = await project.retort(["types", "elsewhere.d.ts"]);
  expect(elsewhere.stdout).toBe("created  elsewhere.d.ts\n");
  expect(elsewhere.stderr).toContain(`no "include" of tsconfig.json covers elsewhere.d.ts`);
});

/** As the project's build would. */
function compile(project: ScratchProject, files: readonly string[]): void {
  for (const file of files) {
    const { outputText } = ts.transpileModule(project.read(file), {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    project.write(file.replace("src/", "dist/").replace(".ts", ".js"), outputText);
  }
}
