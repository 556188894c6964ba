import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, retortFile } from "../../helpers/command";
import { type DatabaseName, eachDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";

const ROWS = 35_000;

const entities = (...columns: string[]) => `require("reflect-metadata");
const { EntitySchema } = require("typeorm");
exports.Person = new EntitySchema({ name: "Person", columns: {
  id: { type: Number, primary: true, generated: true },
  name: { type: String, length: 40 },
  ${columns.join("\n  ")}
} });
`;

const AGE = "age: { type: Number },";
const NICK = (nullable: boolean) => `nick: { type: String, length: 40, nullable: ${nullable} },`;

/** A value that takes its time in every row. */
const SLOW: Record<DatabaseName, string> = {
  sqlite: "(length(hex(randomblob(2000))) - 3993)",
  postgres: "(CASE WHEN id % 50 = 0 AND pg_sleep(0.001) IS NULL THEN 8 ELSE 7 END)",
  mariadb: "(7 + SLEEP(0.00005))",
};

const NUMBERS: Record<DatabaseName, string> = {
  sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT 'p' || i FROM n`,
  postgres: `SELECT 'p' || i FROM generate_series(1, ${ROWS}) AS i`,
  mariadb: `SELECT concat('p', seq) FROM seq_1_to_${ROWS}`,
};

eachDatabase((kind) => {
  let project: MigrationProject;
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
  const done = async (...argv: string[]) => {
    const { exitCode, stdout, stderr } = await retort(...argv);
    expect([argv, exitCode, stderr]).toEqual([argv, 0, expect.any(String)]);
    return stdout;
  };
  const count = async (where: string) =>
    Number((await project.query(`SELECT count(*) AS n FROM person WHERE ${where}`))[0]!["n"]);

  beforeEach(async () => {
    project = migrationProject(await kind.create(), { entities: `Object.values(require("./entities.js"))` });
    project.write("entities.js", entities(NICK(true)));
    await done("generate", "start");
    await done("up");
    await project.query(`INSERT INTO person (name) ${NUMBERS[kind.name]}`);
  });

  test("migrate promise 9: a backfill in batches that is killed goes on where it was, and the column is NOT NULL in the end", async () => {
    project.write("entities.js", entities(NICK(true), AGE));
    await done("generate", "age", "--backfill", `Person.age=${SLOW[kind.name]}`, "--batched");
    const [file] = project.list("migrations").slice(-1);
    expect(project.read(`migrations/${file!}`)).toContain("transaction = false;");

    const child = spawn(process.execPath, [retortFile, "migrate", "up"], {
      cwd: project.root,
      env: cleanEnvironment(),
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let filled = 0;
    while (filled === 0 && child.exitCode === null) {
      await sleep(5);
      filled = await count("age IS NOT NULL").catch(() => 0);
    }
    child.kill("SIGKILL");
    await ended;
    const before = await count("age IS NOT NULL");
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(ROWS);
    expect((await retort("status")).exitCode).toBe(6);
    // The application goes on meanwhile.
    await project.query("INSERT INTO person (name) VALUES ('late')");
    await project.query("UPDATE person SET age = 99 WHERE id = 2");

    await done("up");
    expect(await count("age = 7")).toBe(ROWS);
    expect(await project.query("SELECT age FROM person WHERE id = 2")).toEqual([{ age: 99 }]);
    expect(await done("check")).toBe("");
    await expect(project.query("INSERT INTO person (name) VALUES ('x')")).rejects.toThrow(/NULL|default/i);
    await done("down");
    project.write("entities.js", entities(NICK(true)));
    expect(await done("check")).toBe("");
  });

  test("a column that becomes NOT NULL is filled in batches where it is NULL; TypeORM's own command does it too", async () => {
    await project.query("UPDATE person SET nick = 'own' WHERE id % 5 = 0");
    project.write("entities.js", entities(NICK(false)));
    await done("generate", "nick", "--backfill", "Person.nick=(name)", "--batched");
    const run = await project.typeorm("migration:run", "-t", "none");
    expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
    expect(await count("nick = 'own'")).toBe(ROWS / 5);
    expect(await count("nick = name")).toBe(ROWS - ROWS / 5);
    expect(await done("check")).toBe("");
  });

  if (kind.name === "sqlite")
    test.each(["before", "in the same migration"])(
      "where another table refers to the one that is rebuilt (%s), a run that leaves foreign keys on stops before the first step",
      async (when) => {
        const pet = `exports.Pet = new EntitySchema({ name: "Pet", columns: { id: { type: Number, primary: true, generated: true } },
          relations: { owner: { type: "many-to-one", target: "Person", onDelete: "CASCADE" } } });`;
        if (when === "before") {
          project.write("entities.js", entities(NICK(true)) + pet);
          await done("generate", "pet");
          await done("up");
          await project.query("INSERT INTO pet (ownerId) VALUES (1)");
        }
        project.write("entities.js", entities(NICK(true), AGE) + pet);
        await done("generate", "age", "--backfill", "Person.age=7", "--batched");
        const run = await project.typeorm("migration:run", "-t", "none");
        expect([run.exitCode, run.stdout + run.stderr]).toEqual([1, expect.stringContaining("retort migrate up")]);
        await expect(project.query("SELECT age FROM person")).rejects.toThrow("no such column");

        await done("up");
        expect(await count("age = 7")).toBe(ROWS);
        expect(await done("check")).toBe("");
        if (when === "before") expect(await project.query("SELECT ownerId FROM pet")).toEqual([{ ownerId: 1 }]);
      },
    );

  test("on a terminal a bar shows how far it is", async () => {
    project.write("entities.js", entities(NICK(false)));
    await done("generate", "nick", "--backfill", "Person.nick=none", "--batched");
    const terminal = project.terminal(["migrate", "up"]);
    expect(await terminal.ended).toBe(0);
    for (const share of ["29 %", "57 %", "86 %", "100 %"]) expect(terminal.output).toContain(share);
    expect(await count("nick = 'none'")).toBe(ROWS);
  });

  test("without rows to fill, and with a trigger that would see each of them, it is refused", async () => {
    project.write("entities.js", entities(NICK(true), `more: { type: Number, nullable: true },`));
    expect(await retort("generate", "more", "--batched")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("no rows get a value"),
    });
    const trigger = {
      sqlite: ["CREATE TRIGGER watch AFTER UPDATE ON person BEGIN SELECT 1; END"],
      postgres: [
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER watch BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION noted()",
      ],
      mariadb: ["CREATE TRIGGER watch BEFORE UPDATE ON person FOR EACH ROW SET NEW.name = trim(NEW.name)"],
    }[kind.name];
    for (const sql of trigger) await project.query(sql);
    project.write("entities.js", entities(NICK(true), AGE));
    expect(await retort("generate", "age", "--backfill", "Person.age=1", "--batched")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the trigger "watch" of "person" would see every row'),
    });
  });
});
