import { DataSource, type DataSourceOptions } from "typeorm";
import { migrate, pendingMigrations } from "../../src";
import { runNode } from "../helpers/command";
import { database, eachDatabase, type ScratchDatabase } from "../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../helpers/migrations";

const NAMES = [1, 2, 3].map((number) => nameOf(number, `Table${number}x`));

function project(scratch: ScratchDatabase): MigrationProject {
  const own = migrationProject(scratch);
  for (const number of [1, 2, 3])
    own.migration(number, `Table${number}x`, {
      up: `
    await queryRunner.query("CREATE TABLE t${number} (id int)");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await queryRunner.query("INSERT INTO t${number} VALUES (1)");`,
      down: [`DROP TABLE t${number}`],
    });
  return own;
}

/** A DataSource of the project in this process. */
function dataSourceOf(scratch: ScratchDatabase, own: MigrationProject, options: object = {}): DataSource {
  const migrations = [own.path("migrations/*.js")];
  return new DataSource({ ...scratch.options, migrations, ...options } as DataSourceOptions);
}

const applied = async (own: MigrationProject) =>
  (await own.query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);

eachDatabase((kind) => {
  test("four processes that start at once: one applies, the others wait and find nothing to do, and all of them serve", async () => {
    const scratch = await kind.create();
    const own = project(scratch);
    own.write(
      "start.js",
      `const dataSource = require("./ormconfig.js").default;
const { migrate } = require("typeorm-retort");
migrate(dataSource).then(async ({ applied, current, pending }) => {
  await dataSource.initialize();
  const rows = await dataSource.query("SELECT * FROM t3");
  const hasCompiler = Object.keys(require.cache).some((file) => file.endsWith("/lib/typescript.js"));
  console.log(JSON.stringify({ applied: applied.map(({ name }) => name), current, pending, rows, hasCompiler }));
  await dataSource.destroy();
});`,
    );
    const results = await Promise.all([1, 2, 3, 4].map(() => runNode(["start.js"], { cwd: own.root })));
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      results.map(() => ({ exitCode: 0, stderr: "" })),
    );
    const said = results.map(({ stdout }) => JSON.parse(stdout) as { applied: string[] });
    expect(said.flatMap((one) => one.applied)).toEqual(NAMES);
    for (const one of said)
      expect(one).toMatchObject({ current: NAMES[2], pending: [], rows: [{ id: 1 }], hasCompiler: false });
    expect(await applied(own)).toEqual(NAMES);
  });

  test.each([true, false])("leaves the DataSource as it was, initialised: %s", async (isInitialized) => {
    const scratch = await kind.create();
    const own = project(scratch);
    const dataSource = dataSourceOf(scratch, own);
    if (isInitialized) await dataSource.initialize();
    const lines: string[] = [];
    const logger = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };

    expect(await pendingMigrations(dataSource)).toEqual(NAMES);
    if (isInitialized) expect(await dataSource.createQueryRunner().hasTable("migrations")).toBe(false);
    const first = await migrate(dataSource, { to: "+1", logger });
    expect(first).toMatchObject({
      applied: [{ name: NAMES[0], timestamp: 1_700_000_000_001, statements: 2, milliseconds: expect.any(Number) }],
      current: NAMES[0],
      pending: NAMES.slice(1),
    });
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^up ${NAMES[0]} \\(\\d+ ms\\)$`))]);
    expect(await pendingMigrations(dataSource)).toEqual(NAMES.slice(1));
    expect((await migrate(dataSource)).applied.map(({ name }) => name)).toEqual(NAMES.slice(1));
    expect(await migrate(dataSource)).toEqual({ applied: [], current: NAMES[2], pending: [] });

    expect(dataSource.isInitialized).toBe(isInitialized);
    if (!isInitialized) await dataSource.initialize();
    expect(await dataSource.query("SELECT * FROM t3")).toHaveLength(1);
    await dataSource.destroy();
  });

  test("a migration that throws is named, those before it stay, and the DataSource can be used", async () => {
    const scratch = await kind.create();
    const own = project(scratch);
    own.migration(2, "Table2x", { up: ["INSERT INTO nowhere VALUES (1)"] });
    const dataSource = await dataSourceOf(scratch, own).initialize();
    const code = kind.name === "mariadb" ? "migrate/half-applied" : "migrate/failed";
    const error = (await migrate(dataSource).catch((thrown: unknown) => thrown)) as Error & { code: string };
    expect(error.message).toContain(NAMES[1]);
    expect(["migrate/failed", code]).toContain(error.code);
    expect(await applied(own)).toEqual(NAMES.slice(0, 1));
    expect(await dataSource.query("SELECT * FROM t1")).toHaveLength(1);
    await dataSource.destroy();
  });

  test("waits for another process no longer than lockTimeout, in milliseconds", async () => {
    const scratch = await kind.create();
    const own = project(scratch);
    const dataSource = dataSourceOf(scratch, own);
    const waited: string[] = [];
    let release = () => {};
    let begun = () => {};
    const isHeld = new Promise<void>((resolve) => (begun = resolve));
    const holder = dataSourceOf(scratch, own, {
      migrations: [
        class Held1700000000000 {
          async up() {
            await new Promise<void>((resolve) => {
              release = resolve;
              begun();
            });
          }
          async down() {}
        },
      ],
    });
    const holding = migrate(holder);
    await isHeld;
    const logger = { info: (line: string) => void waited.push(line), warn: () => {} };
    await expect(migrate(dataSource, { lockTimeout: 200, logger })).rejects.toMatchObject({
      code: "migrate/locked",
      retryable: true,
    });
    expect(waited).toEqual(["waiting for another process that is migrating"]);
    release();
    expect(await holding).toMatchObject({ applied: [{ name: "Held1700000000000" }] });
  });
});

test("what cannot be done is refused by its code", async () => {
  const scratch = await database("sqlite").create();
  const own = project(scratch);
  const codeOf = async (options: object, more = {}) =>
    ((await migrate(dataSourceOf(scratch, own, options), more).catch((error: unknown) => error)) as { code?: string })
      .code;
  expect(await codeOf({ migrations: [own.path("dist/*.js")] })).toBe("migrate/none-found");
  expect(await codeOf({}, { to: "nowhere" })).toBe("migrate/unknown-target");
  expect(await codeOf({ database: ":memory:" })).toBe("migrate/not-initialized");
  own.write(
    "migrations/1700000000009-more.js",
    `// retort: postgres\n${own.read("migrations/1700000000001-table1x.js")}`,
  );
  expect(await codeOf({ migrations: [own.path("migrations/*-more.js")] })).toBe("migrate/other-database");
});

test("a database in memory that is initialised; classes; relative patterns; a compiled file before its source", async () => {
  const scratch = await database("sqlite").create();
  const own = project(scratch);
  const dataSource = await dataSourceOf(scratch, own, {
    database: ":memory:",
    migrations: ["migrations/*.{ts,js}"],
  }).initialize();
  own.write("migrations/1700000000001-table1x.ts", "throw new Error('not me');");
  expect((await migrate(dataSource, { root: own.root })).applied).toHaveLength(3);
  expect(await dataSource.query("SELECT * FROM t3")).toHaveLength(1);
  await dataSource.destroy();
});

test("ES modules, with a top-level await too", async () => {
  const scratch = await database("sqlite").create();
  const own = migrationProject(scratch, {});
  own.write("package.json", JSON.stringify({ name: "modules", type: "module" }));
  const text = (number: number) => `export class Module170000000000${number} {
  async up(queryRunner) { await queryRunner.query("CREATE TABLE m${number} (id int)"); }
  async down() {}
}\n`;
  own.write("migrations/1700000000001-one.js", text(1));
  own.write("migrations/1700000000002-two.js", `await Promise.resolve();\n${text(2)}`);
  own.write(
    "start.js",
    `import { DataSource } from "typeorm";
import { migrate } from "typeorm-retort";
const dataSource = new DataSource({ type: "better-sqlite3", database: "app.sqlite", migrations: ["migrations/*.js"] });
console.log((await migrate(dataSource)).applied.length);
`,
  );
  expect(await runNode(["start.js"], { cwd: own.root })).toMatchObject({ stdout: "2\n", stderr: "", exitCode: 0 });
});
