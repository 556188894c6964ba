import { DataSource, type DataSourceOptions } from "typeorm";
import { eachDatabase, type ScratchDatabase } from "../../helpers/databases";
import { scratchProject } from "../../helpers/project";
import { diagnosticsOf } from "../../helpers/typed-project";
import { HANDMADE } from "../../inspect/handmade";

/** A database with tables, and nothing else. */
async function filled(database: ScratchDatabase, statements: readonly string[]): Promise<void> {
  const dataSource = await new DataSource(database.options).initialize();
  for (const statement of statements) await dataSource.query(statement);
  await dataSource.destroy();
}

function addressOf({ url, database }: { url?: string; database?: unknown }): string {
  return url ?? String(database);
}

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: "es2022",
    module: "node16",
    strict: true,
    skipLibCheck: true,
    types: ["node"],
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
  include: ["src"],
});

function configurationOf(options: DataSourceOptions): string {
  const own = { ...options, entities: ["src/entities/*.ts"], migrations: ["migrations/*.ts"] };
  return `import "reflect-metadata";
import { DataSource } from "typeorm";
export default new DataSource(${JSON.stringify(own)});
`;
}

eachDatabase((database) => {
  let scratch: ScratchDatabase;
  let address: string;
  beforeAll(async () => {
    scratch = await database.create();
    address = addressOf(scratch.options as { url?: string; database?: unknown });
    await filled(scratch, HANDMADE[database.name].sql);
  });

  test("a file each, with which migrate check agrees at once and the compiler, too; none is replaced", async () => {
    const project = scratchProject({
      files: { "ormconfig.ts": configurationOf(scratch.options), "tsconfig.json": TSCONFIG },
    });
    const { stdout, stderr, exitCode } = await project.retort(["inspect", "--out", "src/entities"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/\d entity classes; retort migrate check agrees with them\n$/) as string,
    });
    expect(stdout).toContain("created  src/entities/User.ts\n");
    expect(await project.retort(["migrate", "check"])).toMatchObject({ exitCode: 0 });
    expect(diagnosticsOf(project)).toEqual([]);
    const { stdout: count } = await project.retort(["shell", "-e", "User.query.count()"]);
    expect(count).toBe("0\n");

    const before = project.read("src/entities/User.ts");
    const again = await project.retort(["inspect", "--out", "src/entities"]);
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("nothing was written") as string });
    expect(project.read("src/entities/User.ts")).toBe(before);
  });

  test("a prompt on a database without a project, and its classes on stdout", async () => {
    const nowhere = scratchProject();
    const session = [
      "u = User({ userName: 'susan' })",
      "u.posts.push(Post({ title: 'first' }))",
      "db.session.add(u)",
      "db.session.commit()",
      "User.query.filterBy({ userName: 'susan' }).one().posts[0].title",
      "db.session.delete(u.posts[0])",
      "db.session.delete(u)",
      "db.session.commit()",
    ].join("\n");
    const { stdout, exitCode } = await nowhere.retort(["shell", "--database", address, "-e", session]);
    expect({ stdout, exitCode }).toMatchObject({ exitCode: 0 });
    const { stdout: source } = await nowhere.retort(["inspect", "--database", address, "titles", "tags"]);
    expect(source).toMatch(/@Entity\("tags"\)\nexport class Tag \{/);
    const json = await nowhere.retort(["inspect", "--database", address, "--json", "tags"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ entities: ["Tag"], files: [] });
    expect(nowhere.list()).toEqual(["node_modules", "package.json"]);
  });
});

test.each([
  ["nowhere.sqlite", "cli/no-database", /there is no database nowhere\.sqlite/],
  ["oracle://me:sekret@host/x", "cli/unknown-address", /no database has an address that begins with "oracle"/],
  ["postgres-ql://u:sekret@h/db", "cli/unknown-address", /begins with "postgres-ql"/],
  ["postgres//u:sekret@h/db", "cli/unknown-address", /begins with "postgres"/],
])("what is no database is refused, and nothing is created: %s", async (address, code, message) => {
  const project = scratchProject();
  for (const command of [
    ["inspect", "--database", address],
    ["shell", "--database", address, "-e", "1"],
  ]) {
    const { stderr, exitCode } = await project.retort(command);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("sekret");
    expect(exitCode).toBe(2);
  }
  const { stdout } = await project.retort(["inspect", "--database", address, "--json"]);
  expect(stdout === "" || (JSON.parse(stdout) as { error: { code: string } }).error.code === code).toBe(true);
  expect(project.list()).toEqual(["node_modules", "package.json"]);
});

test("a database without tables has nothing to show", async () => {
  const project = scratchProject({ files: { "empty.sqlite": "" } });
  const { stderr, exitCode } = await project.retort(["inspect", "--database", "empty.sqlite"]);
  expect({ stderr, exitCode }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("empty.sqlite has no tables") as string,
  });
});

test("names that are words of JavaScript, of Node or of no language make classes that compile", async () => {
  const project = scratchProject({ files: { "tsconfig.json": TSCONFIG } });
  const dataSource = await new DataSource({
    type: "better-sqlite3",
    database: project.path("odd.sqlite"),
  }).initialize();
  const names = [
    "classes",
    "packages",
    "functions",
    "buffers",
    "objects",
    "m²",
    "1st",
    "user_x",
    "userx",
    "a`b${c}*/",
    "'",
    "await",
  ];
  for (const name of names)
    await dataSource.query(
      `CREATE TABLE "${name}" (id INTEGER PRIMARY KEY, "data" BLOB, "a b" TEXT DEFAULT '\`\${1}*/', "class" INTEGER)`,
    );
  for (const [place, name] of names.entries())
    await dataSource.query(
      `CREATE TABLE "child ${place}" (id INTEGER PRIMARY KEY, "parent_id" INTEGER REFERENCES "${name}" (id), "class_id" INTEGER REFERENCES classes (id))`,
    );
  await dataSource.destroy();
  const { exitCode, stderr } = await project.retort(["inspect", "--database", "odd.sqlite", "--out", "src/entities"]);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("agrees with them") as string,
  });
  expect(diagnosticsOf(project)).toEqual([]);
  const files = project.list("src/entities").map((name) => name.toLowerCase());
  expect(new Set(files).size).toBe(names.length * 2);
});

test("of some tables only, the foreign keys to the others are named", async () => {
  const project = scratchProject();
  const dataSource = await new DataSource({
    type: "better-sqlite3",
    database: project.path("two.sqlite"),
  }).initialize();
  await dataSource.query("CREATE TABLE users (id INTEGER PRIMARY KEY)");
  await dataSource.query("CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users (id))");
  await dataSource.destroy();
  const { stderr } = await project.retort(["inspect", "--database", "two.sqlite", "posts"]);
  expect(stderr).toContain(`"posts": the foreign key (author_id) is left out: "users" has no entity here`);
});
