import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { runNode, runProgram, type CommandOptions, type CommandResult } from "./helpers/command";
import { repository } from "./helpers/repository";

/*
 * What npm packs, unpacked into the node_modules of an empty project beside links to what a user installs with it: the
 * package's own dependencies, typeorm and a driver. Nothing else of this checkout is within reach.
 */
let root: string;

const files = {
  "package.json": JSON.stringify({ name: "library", private: true }),
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "commonjs",
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  }),
  "ormconfig.ts": `
import "reflect-metadata";
import { DataSource } from "typeorm";
import { Author } from "./src/author";
import { Book } from "./src/book";

export default new DataSource({
  type: "better-sqlite3",
  database: \`\${__dirname}/library.sqlite\`,
  entities: [Author, Book],
  migrations: [\`\${__dirname}/migrations/*.ts\`],
});
`,
  "src/author.ts": `
import { Column, Entity, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Book } from "./book";

@Entity()
export class Author {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  @OneToMany(() => Book, (book) => book.author)
  books!: Relation<Book>[];
}
`,
  "src/book.ts": `
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Author } from "./author";

@Entity()
export class Book {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  title!: string;

  @ManyToOne(() => Author, (author) => author.books, { nullable: false, onDelete: "CASCADE" })
  author!: Relation<Author>;
}
`,
};

beforeAll(async () => {
  root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "retort-packed-")));
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  await unpackInto(path.join(root, "node_modules/typeorm-retort"));
  const { dependencies } = packageJson();
  for (const name of [...Object.keys(dependencies), "typeorm", "reflect-metadata", "better-sqlite3"]) {
    fs.symlinkSync(path.join(repository, "node_modules", name), path.join(root, "node_modules", name), "junction");
  }
});

afterAll(() => fs.rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

/** Scripts are left out: they would build, and dist/ is already built, and in use by the suites that run beside this one. */
async function unpackInto(folder: string): Promise<void> {
  const packed = await runProgram("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", root]);
  expect(packed.exitCode).toBe(0);
  const [{ filename }] = JSON.parse(packed.stdout);
  fs.mkdirSync(folder, { recursive: true });
  const tar = await runProgram("tar", ["-xzf", path.join(root, filename), "-C", folder, "--strip-components=1"]);
  expect(tar.exitCode).toBe(0);
}

function packageJson(): { dependencies: Record<string, string>; bin: { retort: string } } {
  return JSON.parse(fs.readFileSync(path.join(root, "node_modules/typeorm-retort/package.json"), "utf8"));
}

function retort(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runNode([path.join(root, "node_modules/typeorm-retort", packageJson().bin.retort), ...argv], {
    cwd: root,
    ...options,
  });
}

async function succeeds(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await retort(argv, options);
  expect({ argv, ...result }).toMatchObject({ exitCode: 0 });
  return result.stdout;
}

test("holds what runs and nothing else", () => {
  const found = fs.readdirSync(path.join(root, "node_modules/typeorm-retort")).sort();
  expect(found).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "bin", "dist", "package.json"]);
  const built = fs.readdirSync(path.join(root, "node_modules/typeorm-retort/dist"), { recursive: true }).map(String);
  expect(built.filter((file) => !/(\.js|\.d\.ts)$/.test(file) && path.extname(file) !== "")).toEqual([]);
});

test("its shell and its migrations work in a project with two entities of its own", async () => {
  await succeeds(["migrate", "generate", "library"]);
  const migrations = fs.readdirSync(path.join(root, "migrations"));
  expect(migrations).toEqual([expect.stringMatching(/^\d{13}-library\.ts$/)]);

  await succeeds(["migrate", "up"]);
  await succeeds(["migrate", "check"]);

  const script = `
    a = Author(name='Le Guin')
    b = Book(title='The Dispossessed', author=a)
    db.session.add(b); db.session.commit()
  `;
  await succeeds(["shell"], { stdin: script });
  expect(await succeeds(["shell", "-e", "Book.query.one().author.name"])).toMatch(/Le Guin/);
  expect(await succeeds(["shell", "-e", "Author.query.first().books.count()"])).toMatch(/^1$/m);

  await succeeds(["migrate", "down", "base"]);
  expect((await retort(["shell", "-e", "Book.query.count()"])).exitCode).toBe(1);
});

test("the library is imported by name from an ES module, and required from CommonJS", async () => {
  const esm = "import { connect, Session } from 'typeorm-retort'; console.log(typeof connect, typeof Session)";
  const cjs = "const { connect, Session } = require('typeorm-retort'); console.log(typeof connect, typeof Session)";
  for (const argv of [
    ["--input-type=module", "-e", esm],
    ["-e", cjs],
  ]) {
    expect(await runNode(argv, { cwd: root })).toMatchObject({ stdout: "function function\n", exitCode: 0 });
  }
});
