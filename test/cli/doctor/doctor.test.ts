import fs from "node:fs";
import { scratchPrefixOf } from "../../../src/dialect/schema/live-scratch";
import { administer } from "../../helpers/administer";
import { eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, stampOf } from "../../helpers/migrations";
import { freePort } from "../../helpers/ports";
import { microblogProject, scratchProject, type ScratchProject } from "../../helpers/project";
import { servers } from "../../helpers/servers";

interface Diagnosis {
  ok: boolean;
  found: Record<string, string>;
  problems: { code: string; message: string; hint: string | null }[];
}

/** What the doctor says of a project; its exit code has to fit. */
async function diagnosis(project: Pick<ScratchProject, "hosted">): Promise<Diagnosis> {
  const { stdout, exitCode } = await project.hosted(["doctor", "--json"]);
  const result = JSON.parse(stdout) as Diagnosis;
  expect(exitCode).toBe(result.ok ? 0 : 1);
  expect(result.ok).toBe(result.problems.length === 0);
  return result;
}

async function problems(project: Pick<ScratchProject, "hosted">): Promise<Record<string, string | null>> {
  const { problems: found } = await diagnosis(project);
  return Object.fromEntries(found.map(({ code, hint }) => [code, hint]));
}

const sqlite = { create: () => ({ options: { type: "better-sqlite3", database: "app.sqlite" } }) as never };
const TABLE = { up: ["CREATE TABLE things (id int)"], down: ["DROP TABLE things"] };

test("a project in order: what was found, and nothing is changed", async () => {
  const project = microblogProject();
  await project.hosted(["migrate", "up"]);
  const before = [project.list(), fs.readFileSync(project.path("microblog.sqlite"))];
  const { stdout, stderr, exitCode } = await project.hosted(["doctor"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "No problems found.\n", exitCode: 0 });
  expect(stdout).toMatch(/^Node +\d+\.\d+\.\d+\nconfiguration +ormconfig\.ts \(its name\)\nTypeORM +\d/);
  expect(stdout).toMatch(/\ndatabase +better-sqlite3, microblog\.sqlite\nentities +2\nmigrations +\d+, 0 pending\n$/);
  expect([project.list(), fs.readFileSync(project.path("microblog.sqlite"))]).toEqual(before);
});

test("what keeps a project from being loaded is a problem with its own next step", async () => {
  expect(await problems(scratchProject())).toEqual({
    "config/not-found": expect.stringMatching(/^retort init/) as string,
  });
  const port = await freePort();
  const unreachable = scratchProject({
    files: {
      "ormconfig.js": `const { DataSource } = require("typeorm"); module.exports = new DataSource({ type: "postgres", url: "postgres://me@127.0.0.1:${port}/shop" });`,
    },
  });
  expect(await problems(unreachable)).toEqual({
    "config/no-connection": expect.stringMatching(/^start the server/) as string,
  });
  const { stdout, exitCode } = await unreachable.hosted(["doctor"]);
  expect(stdout).toMatch(/\nproblem: no connection to PostgreSQL at .*connection refused\n {2}→ start the server/);
  expect(exitCode).toBe(1);
});

test("migrations: pending, missing, edited, doubled, lost, and a clock that is behind", async () => {
  const project = migrationProject(sqlite.create());
  project.migration(1, "One", TABLE);
  project.migration(2, "Two", {});
  project.migration(3, "Three", {});
  await project.hosted(["migrate", "up"]);
  fs.rmSync(project.path(`migrations/${stampOf(2)}-two.js`));
  project.migration(1, "One", { ...TABLE, down: [] });
  const later = `Later${Date.now() + 3_600_000}`;
  project.write("migrations/later.js", `exports.${later} = class ${later} { async up() {} async down() {} };`);
  project.write(`db/old/${stampOf(9)}-lost.js`, "exports.L = class L { async up() {} async down() {} };");
  const again = `INSERT INTO migrations (timestamp, name) VALUES (${stampOf(3)}, '${nameOf(3, "Three")}')`;
  await project.hosted(["shell", "-e", `db.dataSource.query("${again}")`]);
  const found = await diagnosis(project);
  expect(found.problems).toEqual([
    {
      code: "doctor/lost",
      message: `1 migration is found by no pattern of the DataSource: db/old/${stampOf(9)}-lost.js`,
      hint: 'in ormconfig.js, write migrations: ["db/old/*.js"]',
    },
    { code: "doctor/pending", message: `1 migration is pending: ${later}`, hint: "retort migrate up" },
    {
      code: "doctor/missing",
      message: `1 migration is applied, but without a file: ${nameOf(2, "Two")}`,
      hint: expect.stringContaining(`retort migrate stamp --purge ${nameOf(3, "Three")}`) as string,
    },
    expect.objectContaining({ code: "doctor/edited" }),
    {
      code: "doctor/doubled",
      message: `1 migration is more than once in the history: ${nameOf(3, "Three")}`,
      hint: `retort migrate stamp --purge ${nameOf(3, "Three")}`,
    },
    expect.objectContaining({ code: "doctor/clock", message: expect.stringContaining(later) as string }),
  ]);
  // What it says to type helps.
  expect(await project.hosted(["migrate", "stamp", "--purge", nameOf(3, "Three")])).toMatchObject({ exitCode: 0 });
  expect(Object.keys(await problems(project))).toEqual(["doctor/lost", "doctor/pending", "doctor/clock"]);
});

test("the mapping: a difference, patterns that match nothing, synchronize besides migrations, metadata", async () => {
  const project = scratchProject({
    files: {
      "tsconfig.json": '{ "compilerOptions": { "experimentalDecorators": true } }',
      "ormconfig.ts": `import { Column, DataSource, Entity, PrimaryGeneratedColumn } from "typeorm";
        @Entity() export class Thing { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }
        export default new DataSource({ type: "better-sqlite3", database: "app.sqlite", synchronize: true, entities: [Thing, "src/*.ts"], migrations: ["migrations/*.ts"] });`,
      [`migrations/${stampOf(1)}-one.ts`]: `export class One${stampOf(1)} { async up() {} async down() {} }`,
    },
  });
  const hints = {
    "doctor/no-metadata": expect.stringContaining('"emitDecoratorMetadata": true') as string,
    "config/no-entities": "correct `entities` in ormconfig.ts",
    "doctor/synchronize": "synchronize: false in ormconfig.ts",
  };
  expect(await problems(project)).toEqual({ ...hints, "doctor/pending": "retort migrate up" });
  await project.hosted(["migrate", "up"]);
  expect(await problems(project)).toEqual({ ...hints, "doctor/differs": "retort migrate generate NAME" });
});

test("entity files that do not load are named one by one, and the rest is examined without them", async () => {
  const project = scratchProject({
    files: {
      "ormconfig.js": `const { DataSource } = require("typeorm");
        module.exports = new DataSource({ type: "better-sqlite3", database: "app.sqlite", entities: ["entities/*.js"], migrations: ["migrations/*.js"] });`,
      "entities/good.js": `const { EntitySchema } = require("typeorm");
        module.exports = new EntitySchema({ name: "Good", columns: { id: { type: Number, primary: true } } });`,
      "entities/broken.js": "class {",
      "entities/throws.js": 'throw new Error("no settings");',
      [`migrations/${stampOf(1)}-one.js`]: `exports.One = class One${stampOf(1)} { async up() {} async down() {} };`,
    },
  });
  const { found, problems: named } = await diagnosis(project);
  expect(found).toMatchObject({ migrations: "1, 1 pending" });
  expect(named).toMatchObject([
    { message: expect.stringContaining("entities/broken.js:1") as string },
    { message: expect.stringMatching(/entities\/throws\.js:1.*no settings/) as string },
    { code: "doctor/pending", hint: "retort migrate up" },
  ]);
});

test("a project without decorators, or whose columns say their types, needs no metadata", async () => {
  const project = scratchProject({
    files: {
      "tsconfig.json": '{ "compilerOptions": { "experimentalDecorators": true } }',
      "ormconfig.ts": `import { Column, DataSource, Entity, PrimaryColumn } from "typeorm";
        @Entity() export class Thing { @PrimaryColumn("int") id!: number; @Column({ type: "text", nullable: true }) name!: string; }
        export default new DataSource({ type: "better-sqlite3", database: "app.sqlite", entities: [Thing] });`,
    },
  });
  expect(Object.keys(await problems(project))).toEqual(["doctor/differs"]);
});

test("two copies of TypeORM or of reflect-metadata", async () => {
  const project = migrationProject(sqlite.create());
  for (const name of ["typeorm", "reflect-metadata"])
    project.write(`node_modules/@acme/lib/node_modules/${name}/package.json`, '{ "version": "0.1.2" }');
  const { problems: found } = await diagnosis(project);
  expect(found).toMatchObject([
    {
      code: "doctor/two-copies",
      message: expect.stringMatching(/^typeorm is installed 2 times: .*0\.1\.2 in node_modules\/@acme\/lib/) as string,
    },
    { code: "doctor/two-copies", message: expect.stringMatching(/^reflect-metadata is installed 2 times/) as string },
  ]);
});

eachDatabase((database) => {
  test("rows that refer to nothing, and a scratch database of a command that was killed", async () => {
    const scratch = await database.create();
    const project = migrationProject(scratch, {
      entities: `[new EntitySchema({ name: "parent", columns: { id: { type: Number, primary: true } } }),
        new EntitySchema({ name: "child", columns: { id: { type: Number, primary: true } },
          relations: { parent: { type: "many-to-one", target: "parent" } } })]`,
    });
    await project.hosted(["migrate", "generate", "tables"]);
    await project.hosted(["migrate", "up"]);
    expect(await problems(project)).toEqual({});
    const unchecked = {
      sqlite: ["PRAGMA foreign_keys = OFF", "INSERT INTO child VALUES (1, 99)"],
      postgres: ["BEGIN", "SET LOCAL session_replication_role = replica", "INSERT INTO child VALUES (1, 99)", "COMMIT"],
      mariadb: ["SET foreign_key_checks = 0", "INSERT INTO child VALUES (1, 99)"],
    }[database.name];
    await project.connected(async (query) => {
      if (database.name === "postgres") await query(unchecked.join("; "));
      else for (const sql of unchecked) await query(sql);
    });
    const { problems: found } = await diagnosis(project);
    expect(found).toMatchObject([
      {
        code: "doctor/dangling",
        message: expect.stringMatching(/^1 row of "child".* refers to a row that does not exist$/) as string,
      },
    ]);
    const server = servers.find(({ type }) => type === database.name);
    if (!server) return;
    const left = `${scratchPrefixOf(scratch.name)}0123456789ab`;
    await administer(server, (admin) => admin.create(left));
    try {
      expect(await problems(project)).toMatchObject({ "doctor/scratch": "retort migrate verify    (drops them)" });
      await project.hosted(["migrate", "verify"]);
      expect(Object.keys(await problems(project))).toEqual(["doctor/dangling"]);
    } finally {
      await administer(server, (admin) => admin.drop(left));
    }
  });
});
