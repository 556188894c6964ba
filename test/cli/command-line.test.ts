import fs from "node:fs";
import { spawn } from "node:child_process";
import { retortFile, cleanEnvironment } from "../helpers/command";
import { microblogProject, scratchProject, type ScratchProject } from "../helpers/project";
import { freePort } from "../helpers/ports";

const ENTITY = `
  import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
  @Entity() export class Thing { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }`;

function projectWith(options: string, files: Record<string, string> = {}): ScratchProject {
  return scratchProject({
    files: {
      "thing.ts": ENTITY,
      "ormconfig.ts": `import { DataSource } from "typeorm";\nimport { Thing } from "./thing";\nexport default new DataSource({ entities: [Thing], ${options} });\n`,
      ...files,
    },
  });
}

const SQLITE = 'type: "better-sqlite3", database: "app.sqlite"';

/** Each of the commands that open a project says the same. */
const COMMANDS = [
  ["migrate", "check"],
  ["migrate", "up"],
  ["shell", "-e", "1"],
];
/** One of them is run as a user runs it. */
const PROCESS = COMMANDS[1];

async function expectEverywhere(project: ScratchProject, exitCode: number, stderr: string | RegExp) {
  const before = project.list();
  for (const argv of COMMANDS) {
    const result = await (argv === PROCESS ? project.retort(argv) : project.hosted(argv));
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(stderr);
    expect(result.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(result.exitCode).toBe(exitCode);
  }
  expect(project.list()).toEqual(before);
}

describe("bad input is told in one or two lines, and changes nothing", () => {
  test("no configuration", async () => {
    await expectEverywhere(
      scratchProject(),
      2,
      /^error: no configuration found: looked in \. for .*ormconfig.*\n {2}→ retort init/,
    );
  });

  test("a configuration that does not parse", async () => {
    await expectEverywhere(
      projectWith(SQLITE, { "ormconfig.ts": "export default {\n  ((" }),
      2,
      /^error: ormconfig\.ts:2:\d+: .*expected/,
    );
  });

  test("a configuration that throws", async () => {
    const throwing =
      'const url: string | undefined = undefined;\nif (!url) throw new Error("DATABASE_URL is not set");';
    await expectEverywhere(
      projectWith(SQLITE, { "ormconfig.ts": throwing }),
      2,
      /^error: ormconfig\.ts:2:17: DATABASE_URL is not set\n$/,
    );
  });

  test("a configuration that exports something else", async () => {
    await expectEverywhere(
      projectWith(SQLITE, { "ormconfig.ts": "export default 42;" }),
      2,
      /^error: ormconfig\.ts exports no DataSource; it exports default \(a number\)\n/,
    );
  });

  test("several DataSources, and --name", async () => {
    const two = `import { DataSource } from "typeorm";
      export const main = new DataSource({ type: "better-sqlite3", database: ":memory:" });
      export const reports = new DataSource({ type: "better-sqlite3", database: ":memory:" });`;
    const project = projectWith(SQLITE, { "ormconfig.ts": two });
    await expectEverywhere(
      project,
      2,
      /^error: ormconfig\.ts exports several DataSources: main, reports\n {2}→ add --name main\n$/,
    );
    expect(await project.retort(["shell", "--name", "reports", "-e", "1"])).toMatchObject({
      stdout: "1\n",
      exitCode: 0,
    });
    const misspelt = await project.retort(["shell", "--name", "reprots", "-e", "1"]);
    expect(misspelt.stderr).toBe(
      'error: ormconfig.ts has no export "reprots"; did you mean "reports"?\n  → --name is one of: main, reports\n',
    );
    expect(misspelt.exitCode).toBe(2);
  });

  test("an entity without a primary key", async () => {
    const project = projectWith(SQLITE, { "thing.ts": ENTITY.replace("@PrimaryGeneratedColumn() id!: number;", "") });
    await expectEverywhere(project, 2, /^error: the entity Thing has no primary key\n {2}→ mark a property of Thing/);
  });

  test("a database file that is no database", async () => {
    const project = projectWith(SQLITE, { "app.sqlite": "Dear diary, ".repeat(1000) });
    await expectEverywhere(project, 1, /^error: app\.sqlite is not an SQLite database\n {2}→ /);
  });

  test("a database file in a folder that is not there", async () => {
    const project = projectWith('type: "better-sqlite3", database: "var/app.sqlite"');
    await expectEverywhere(
      project,
      1,
      /^error: there is no folder var for the database var\/app\.sqlite\n {2}→ mkdir -p var\n$/,
    );
  });

  test('type: "sqlite"', async () => {
    await expectEverywhere(
      projectWith('type: "sqlite", database: "x"'),
      2,
      // TypeORM 0.3 has the driver, but not its package.
      /^error: (ormconfig\.ts:3:\d+: TypeORM has no driver "sqlite"|the package "sqlite3" is not installed).*\n {2}→ .*write type: "better-sqlite3"/,
    );
  });

  test("a database that is not supported", async () => {
    await expectEverywhere(
      projectWith('type: "oracle"'),
      2,
      /^error: type "oracle" is not supported\n {2}→ use type: "better-sqlite3", /,
    );
  });

  test("a server that nobody answers at", async () => {
    const port = await freePort();
    const project = projectWith(
      `type: "postgres", host: "127.0.0.1", port: ${port}, username: "me", password: "secret", database: "shop"`,
    );
    await expectEverywhere(
      project,
      1,
      new RegExp(
        `^error: no connection to PostgreSQL at 127\\.0\\.0\\.1:${port} \\(database "shop"\\): connection refused\\n`,
      ),
    );
  });

  test("a database file that must not be written", async () => {
    const project = microblogProject();
    await project.hosted(["migrate", "up"]);
    project.write(
      "ormconfig.ts",
      project.read("ormconfig.ts").replace('type: "better-sqlite3",', 'type: "better-sqlite3", readonly: true,'),
    );
    const before = fs.readFileSync(project.path("microblog.sqlite"));
    for (const argv of [
      ["migrate", "down"],
      ["shell", "-e", "db.session.add(User({ username: 'a', email: 'a' })); db.session.commit()"],
    ]) {
      const { stderr, exitCode } = await project.retort(argv);
      expect(stderr).toMatch(/read-?only/i);
      expect(exitCode).toBe(1);
    }
    expect(fs.readFileSync(project.path("microblog.sqlite")).equals(before)).toBe(true);
  });

  test.each([
    [["migrat"], 'error: unknown command "migrat"; did you mean "migrate"?\n  → retort --help\n'],
    [["migrate", "stauts"], 'error: unknown command "stauts"; did you mean "status"?\n  → retort migrate --help\n'],
    [
      ["migrate", "up", "--dry"],
      'error: retort migrate up has no option "--dry"; did you mean "--dry-run"?\n  → retort migrate up --help\n',
    ],
    [["migrate", "stamp"], "error: missing required argument 'target'\n  → retort migrate stamp --help\n"],
    [
      ["-d", "nowhere.ts", "migrate", "status"],
      "error: there is no file nowhere.ts (named by -d)\n  → name the file that exports the DataSource\n",
    ],
  ])("%j", async (argv, stderr) => {
    expect(await scratchProject().hosted(argv)).toMatchObject({ stdout: "", stderr, exitCode: 2 });
  });
});

test("reading makes no database", async () => {
  const project = projectWith(SQLITE);
  const { stdout, exitCode } = await project.hosted(["migrate", "status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ applied: 0, pending: 0 });
  expect(exitCode).toBe(0);
  expect(project.exists("app.sqlite")).toBe(false);
});

describe("patterns that match nothing are not taken for nothing to do", () => {
  const withEntities = (entities: string, more = "") =>
    scratchProject({
      files: {
        "thing.ts": ENTITY,
        "ormconfig.ts": `import { DataSource } from "typeorm";\nimport { Thing } from "./thing";\nexport default new DataSource({ ${SQLITE}, entities: ${entities}${more} });\nexport const used = Thing;\n`,
      },
    });

  test.each([
    [
      "a folder that is not built",
      '["dist/**/*.entity.js"]',
      '"dist/**/*.entity.js" match no file',
      ", or build the project",
    ],
    ["an absolute pattern", '[__dirname + "/src/*.ts"]', '"src/*.ts" match no file', ""],
    ["one beside others", '[Thing, "src/*.ts"]', '"src/*.ts" match no file', ""],
    ["a file that is not there", '["things.ts"]', '"things.ts" match no file', ""],
  ])("entities: %s", async (_, entities, message, more) => {
    const project = withEntities(entities);
    for (const argv of [
      ["migrate", "check"],
      ["migrate", "generate", "x"],
      ["shell", "-e", "1"],
    ]) {
      const { stdout, stderr, exitCode } = await project.hosted(argv);
      expect(stderr).toBe(
        `error: the DataSource's entities ${message}\n  → correct \`entities\` in ormconfig.ts${more}\n`,
      );
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    }
    expect(project.exists("migrations")).toBe(false);
  });

  test("a pattern for sources and one for compiled files are a pair", async () => {
    const project = withEntities('["*ing.ts", "dist/*ing.js"]');
    expect(await project.hosted(["migrate", "check"])).toMatchObject({ exitCode: 4 });
  });

  test("commands that do not depend on entities go on, and say it", async () => {
    const project = withEntities('["src/*.ts"]');
    expect(await project.hosted(["migrate", "up"])).toMatchObject({
      stderr: `retort: the DataSource's entities "src/*.ts" match no file\nNothing to do: every migration is applied.\n`,
      exitCode: 0,
    });
  });

  test("migrations: up", async () => {
    const project = withEntities("[Thing]", ', migrations: ["db/migrations/*.ts"]');
    for (const argv of [
      ["migrate", "up"],
      ["migrate", "up", "--dry-run"],
      ["migrate", "up", "--sql"],
    ]) {
      const { stderr, exitCode } = await project.hosted(argv);
      expect(stderr).toMatch(
        /^error: the DataSource's migrations "db\/migrations\/\*\.ts" match no file\n {2}→ retort migrate generate NAME/,
      );
      expect(exitCode).toBe(2);
    }
    // The other commands answer what they are asked.
    expect(await project.hosted(["migrate", "status"])).toMatchObject({ exitCode: 0 });
  });
});

test("synchronize is not followed, and that is said once; a database in memory gets its tables", async () => {
  const project = projectWith(`${SQLITE}, synchronize: true, migrationsRun: true`);
  const shell = await project.hosted(["shell", "-e", "db.dataSource.query('SELECT name FROM sqlite_master')"]);
  expect(shell.stderr).toBe(
    "retort: synchronize and migrationsRun of the DataSource: not done, only retort migrate changes the schema\n",
  );
  const memory = projectWith('type: "better-sqlite3", database: ":memory:", synchronize: true');
  expect(await memory.hosted(["shell", "-e", "Thing.query.count()"])).toMatchObject({
    stdout: "0\n",
    stderr: "",
    exitCode: 0,
  });
  // What migrations would change is still compared with an empty database.
  expect(await memory.hosted(["migrate", "check"])).toMatchObject({ exitCode: 4 });
});

test("a second start loads no compiler", async () => {
  const project = projectWith(SQLITE);
  project.write(
    "run.ts",
    "export {}; console.log(Object.keys(require.cache).filter((name) => name.endsWith('/lib/typescript.js')).length);",
  );
  expect((await project.retort(["run", "run.ts"])).stdout).toBe("1\n");
  expect((await project.retort(["run", "run.ts"])).stdout).toBe("0\n");
  project.write("thing.ts", `${ENTITY} // changed`);
  expect((await project.retort(["run", "run.ts"])).stdout).toBe("1\n");
});

test("--verbose adds the stack and its causes", async () => {
  const project = projectWith(SQLITE, { "ormconfig.ts": 'throw new Error("no", { cause: new Error("deeper") });' });
  const { stderr } = await project.retort(["migrate", "status", "--verbose"]);
  expect(stderr).toMatch(
    /^error: ormconfig\.ts:1:7: no\n[\s\S]*caused by Error: no\n {4}at [\s\S]*caused by Error: deeper\n/,
  );
});

test("a reader that stops reading is no error", async () => {
  const project = projectWith(SQLITE);
  project.write("much.ts", 'for (let line = 0; line < 100_000; line++) console.log("line", line);');
  const child = spawn(process.execPath, [retortFile, "run", "much.ts"], {
    cwd: project.root,
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  child.stdout.once("data", () => child.stdout.destroy());
  await new Promise((resolve) => child.once("close", resolve));
  expect(stderr).toBe("");
});

test("what a project leaves open does not hold the process", async () => {
  const project = projectWith(SQLITE);
  project.write("ormconfig.ts", `${project.read("ormconfig.ts")}\nsetInterval(() => undefined, 1000);\n`);
  expect(await project.retort(["migrate", "status"], { timeout: 20_000 })).toMatchObject({ exitCode: 0, signal: null });
});
