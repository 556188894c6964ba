import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import type { ScratchProject } from "./project";
import { repository } from "./repository";

/** Of each compiler: the libraries that it has parsed, once for all projects. */
const parsed = new WeakMap<typeof ts, Map<string, ts.SourceFile | undefined>>();

/**
 * What a compiler says of a project, a line each.
 * @param compiler default: the one that Retort itself brings along
 * @param declarations also checks declaration files whose names match, which `skipLibCheck` leaves out
 */
export function diagnosticsOf(project: ScratchProject, compiler = ts, declarations?: RegExp): string[] {
  const config = project.path("tsconfig.json");
  const { options, fileNames } = compiler.parseJsonConfigFileContent(
    compiler.readConfigFile(config, (name) => compiler.sys.readFile(name)).config,
    compiler.sys,
    project.root,
  );
  if (declarations) options.skipLibCheck = false;
  const host = compiler.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  const libraries = parsed.get(compiler) ?? new Map<string, ts.SourceFile | undefined>();
  parsed.set(compiler, libraries);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    if (!fs.realpathSync(file).startsWith(repository)) return parse(file, languageVersion, ...rest);
    const key = JSON.stringify([fs.realpathSync(file), languageVersion]);
    const known = libraries.get(key) ?? parse(file, languageVersion, ...rest);
    libraries.set(key, known);
    return known;
  };
  const program = compiler.createProgram(fileNames, options, host);
  const found = declarations
    ? [
        ...program.getOptionsDiagnostics(),
        ...program
          .getSourceFiles()
          .filter(({ fileName }) => fileNames.includes(fileName) || declarations.test(fileName))
          .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
      ]
    : compiler.getPreEmitDiagnostics(program);
  return found.map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start!).line + 1 : 0;
    const text = compiler.flattenDiagnosticMessageText(messageText, "\n");
    return `${file ? path.relative(project.root, file.fileName) : ""}:${line} ${text}`;
  });
}

export const compilerOptions = (rest: object) => ({
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

export const imports = `import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";`;
export const id = `@PrimaryGeneratedColumn() id!: number;`;

/** A class is exported in every way that there is. */
export const everyWay = {
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

/** Uses them. */
export const application = `
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
