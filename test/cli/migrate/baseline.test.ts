import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

const ENTITIES = `require("reflect-metadata");
const { EntitySchema } = require("typeorm");
exports.Author = new EntitySchema({ name: "Author", columns: {
  id: { type: Number, primary: true, generated: true },
  name: { type: String, length: 40, default: "nobody" },
  kind: { type: "simple-enum", enum: ["a", "b"], default: "a" },
}, indices: [{ name: "by_name", columns: ["name"] }], relations: { books: { type: "one-to-many", target: "Book", inverseSide: "author" } } });
exports.Book = new EntitySchema({ name: "Book", columns: {
  id: { type: Number, primary: true, generated: true },
  title: { type: String, length: 80, nullable: true },
}, checks: [{ name: "named", expression: "title <> ''" }], relations: {
  author: { type: "many-to-one", target: "Author", inverseSide: "books", onDelete: "CASCADE" },
  readers: { type: "many-to-many", target: "Author", joinTable: true },
} });
exports.Titles = new EntitySchema({ name: "titles", type: "view", expression: "SELECT title FROM book", columns: { title: { type: String } } });
`;

eachDatabase((kind) => {
  // TypeORM creates no checks on MySQL and MariaDB.
  const entities = kind.name === "mariadb" ? ENTITIES.replace(/checks: .*?\], /, "") : ENTITIES;
  let project: MigrationProject;
  beforeEach(async () => {
    project = migrationProject(await kind.create(), { entities: `Object.values(require("./entities.js"))` });
    project.write("entities.js", entities);
  });
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
  const done = async (...argv: string[]) => {
    const { exitCode, stdout, stderr } = await retort(...argv);
    expect([argv, exitCode, stderr]).toEqual([argv, 0, expect.any(String)]);
    return stdout;
  };
  /** As an application does that has no migrations. */
  const sync = async () => {
    project.write(
      "sync.js",
      `require("./ormconfig.js").default.initialize().then(async (one) => (await one.synchronize(), one.destroy()));`,
    );
    await promisify(execFile)(process.execPath, ["sync.js"], { cwd: project.root });
  };
  const json = async (...argv: string[]) => JSON.parse(await done(...argv, "--json")) as Record<string, any>;
  const tables = async (name: string) => {
    const other = migrationProject(await kind.create(), { entities: `Object.values(require("./entities.js"))` });
    other.write("entities.js", entities);
    other.write(`migrations/${name}`, project.read(`migrations/${name}`));
    return other;
  };

  test("migrate promise 10: a database made by synchronize is taken over in one command: check agrees, the next change is a migration, another database gets the same", async () => {
    await sync();
    await project.query("INSERT INTO author (name) VALUES ('susan')");

    expect(await json("baseline")).toMatchObject({
      status: "written",
      agrees: true,
      differences: [],
      notCreated: [],
      proof: { status: "proven" },
      pending: 0,
    });
    const [file] = project.list("migrations");
    expect(await done("check")).toBe("");
    expect(await json("status")).toMatchObject({ applied: 1, pending: 0, edited: 0, missing: 0 });
    expect(await json("up")).toMatchObject({ steps: [] });
    expect(await project.query("SELECT name FROM author")).toEqual([{ name: "susan" }]);

    project.write("entities.js", entities.replace("length: 80", "length: 90"));
    if (kind.name !== "sqlite") expect(await json("generate", "longer")).toMatchObject({ status: "written" });

    // What the file creates elsewhere is the same schema, and goes again.
    const other = await tables(file!);
    const up = await other.hosted(["migrate", "up"]);
    expect([up.exitCode, up.stderr]).toEqual([0, expect.stringContaining("Baseline")]);
    const check = await other.hosted(["migrate", "check"]);
    expect([check.exitCode, check.stdout]).toEqual([0, ""]);
    expect((await other.hosted(["migrate", "down", "base"])).exitCode).toBe(0);
    expect((await other.hosted(["migrate", "verify"])).exitCode).toBe(0);
  });

  test("migrate promise 10: what entities do not say is created as well and named; what they have not in common is listed", async () => {
    await sync();
    await project.query("CREATE TABLE legacy (id int PRIMARY KEY, note varchar(20) DEFAULT 'x')");
    const trigger = {
      sqlite: ["CREATE TRIGGER watch AFTER INSERT ON author BEGIN SELECT 1; END"],
      postgres: [
        "CREATE SCHEMA tools",
        "CREATE DOMAIN tools.rating AS int CHECK (VALUE > 0)",
        "CREATE FUNCTION tools.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE FUNCTION tools.label(one author) RETURNS text LANGUAGE sql AS 'SELECT $1.name'",
        "ALTER TABLE legacy ADD rated tools.rating",
        "CREATE TRIGGER watch BEFORE INSERT ON author FOR EACH ROW EXECUTE FUNCTION tools.noted()",
      ],
      mariadb: [
        "CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1",
        "CREATE TRIGGER watch BEFORE INSERT ON author FOR EACH ROW SET NEW.name = trim(NEW.name)",
      ],
    }[kind.name];
    for (const sql of trigger) await project.query(sql);

    const made = await json("baseline", "as", "it", "is");
    expect(made).toMatchObject({
      name: expect.stringMatching(/^AsItIs\d{13}$/),
      agrees: false,
      differences: ['drop table "legacy"'],
      notDeclared: ['"author": trigger "watch"'],
      notCreated: [],
      proof: { status: "proven" },
    });
    const text = project.read(`migrations/${project.list("migrations")[0]!}`);
    expect(text).toContain("watch");
    expect(text).toContain("legacy");
    project.write("package.json", JSON.stringify({ retort: { migrations: { ignore: ["legacy"] } } }));
    expect(await done("check")).toBe("");
  });

  if (kind.name === "postgres") {
    const fileOf = () => project.read(`migrations/${project.list("migrations")[0]!}`);

    test("migrate promise 10: what lies in another schema is created only where the project's depends on it, and never dropped", async () => {
      await sync();
      for (const sql of [
        "CREATE SCHEMA billing",
        "CREATE FUNCTION billing.total() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE billing.numbers",
        "CREATE DOMAIN billing.amount AS int",
        "CREATE TABLE billing.invoice (id int PRIMARY KEY, amount billing.amount)",
        "CREATE VIEW billing.authors AS SELECT name FROM public.author",
        "CREATE FUNCTION audit_all() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA tools",
        "CREATE FUNCTION tools.unused() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE tools.grade AS ENUM ('good', 'bad')",
        "CREATE DOMAIN tools.rating AS int",
        "CREATE FUNCTION tools.is_rating(one tools.rating) RETURNS bool LANGUAGE sql AS 'SELECT $1 > 0'",
        "CREATE TABLE rated (id int PRIMARY KEY, rating int CHECK (tools.is_rating(rating)), grade tools.grade)",
      ])
        await project.query(sql);
      project.write("package.json", JSON.stringify({ retort: { migrations: { ignore: ["audit_*"] } } }));

      expect(await json("baseline")).toMatchObject({ notCreated: [], proof: { status: "proven" } });
      const [up, down] = fileOf().split("async down");
      expect(fileOf()).not.toMatch(/billing|audit_all|unused/);
      for (const name of [
        "SCHEMA IF NOT EXISTS tools",
        "DOMAIN tools.rating",
        "FUNCTION tools.is_rating",
        "TYPE tools.grade",
      ])
        expect(up).toContain(name);
      expect(down).not.toContain("tools.");
    });

    test("migrate promise 10: sequences, domains, ranges and composite types come with all that they are", async () => {
      await sync();
      for (const sql of [
        "CREATE SEQUENCE tickets INCREMENT 5 CACHE 20 CYCLE MAXVALUE 1000",
        `CREATE DOMAIN word AS text COLLATE "C" DEFAULT 'x'`,
        `CREATE TYPE pair AS (one text COLLATE "C", two int)`,
        `CREATE TYPE words AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, COLLATION = "C", MULTIRANGE_TYPE_NAME = many_words)`,
        "CREATE FUNCTION distance(one float8, two float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2'",
        "CREATE TYPE floats AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = distance)",
        "REVOKE EXECUTE ON FUNCTION distance FROM PUBLIC",
        "COMMENT ON DOMAIN word IS 'the author''s'",
        "GRANT USAGE ON SEQUENCE tickets TO pg_monitor WITH GRANT OPTION",
      ])
        await project.query(sql);
      expect(await json("baseline")).toMatchObject({ notCreated: [], proof: { status: "proven" } });

      const other = await tables(project.list("migrations")[0]!);
      expect(await other.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
      const properties = (one: MigrationProject) =>
        one.query(`SELECT (SELECT row(seqincrement, seqmax, seqcache, seqcycle)::text FROM pg_sequence WHERE seqrelid = 'tickets'::regclass) AS tickets,
          (SELECT relacl::text FROM pg_class WHERE oid = 'tickets'::regclass) AS granted,
          (SELECT typcollation::regcollation::text FROM pg_type WHERE typname = 'word') AS word,
          obj_description('word'::regtype, 'pg_type') AS comment,
          (SELECT attcollation::regcollation::text FROM pg_attribute WHERE attrelid = 'pair'::regclass AND attname = 'one') AS pair,
          (SELECT string_agg(row(rngtypid::regtype, rngmultitypid::regtype, rngcollation::regcollation, opcname, rngsubdiff)::text, ' ' ORDER BY rngtypid::regtype::text)
            FROM pg_range JOIN pg_opclass AS o ON o.oid = rngsubopc WHERE rngtypid IN ('words'::regtype, 'floats'::regtype)) AS ranges,
          (SELECT proacl::text FROM pg_proc WHERE proname = 'distance') AS executed`);
      expect(await properties(other)).toEqual(await properties(project));
      expect(await other.hosted(["migrate", "down", "base"])).toMatchObject({ exitCode: 0 });
    });

    test("migrate promise 10: what cannot be created as it is, is named", async () => {
      await sync();
      await project.query("CREATE DOMAIN old AS int");
      await project.query("ALTER DOMAIN old ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID");
      expect(await json("baseline")).toMatchObject({ notCreated: ["type public.old"], proof: { status: "proven" } });
    });
  }

  test("--dry-run and --sql write and mark nothing", async () => {
    await sync();
    expect(await done("baseline", "--dry-run")).toMatch(/class Baseline\d{13} {/);
    expect(await done("baseline", "--sql")).toMatch(/CREATE TABLE .author./);
    expect(await json("baseline", "--dry-run")).toMatchObject({
      status: "shown",
      text: expect.stringContaining("book"),
    });
    expect(project.list("migrations")).toEqual([]);
    await expect(project.query("SELECT * FROM retort_migrations")).rejects.toThrow();
  });

  test("it is refused where migrations are applied, pending, or where there is nothing; --purge takes the place of those without a file", async () => {
    const empty = await retort("baseline");
    expect([empty.exitCode, empty.stderr]).toEqual([1, expect.stringContaining("the database has no table")]);

    project.migration(1, "Old", { up: ["CREATE TABLE old (id int PRIMARY KEY)"], down: ["DROP TABLE old"] });
    await sync();
    const pending = await retort("baseline");
    expect([pending.exitCode, pending.stderr]).toEqual([1, expect.stringContaining("retort migrate stamp head")]);
    await done("up");
    const applied = await retort("baseline", "--purge");
    expect([applied.exitCode, applied.stderr]).toEqual([
      1,
      expect.stringContaining("retort migrate squash base..head"),
    ]);

    project.move(`migrations/${project.list("migrations")[0]!}`, "elsewhere.js");
    const missing = await retort("baseline");
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining("retort migrate baseline --purge")]);
    expect(project.list("migrations")).toEqual([]);
    await done("baseline", "--purge");
    expect(await json("status")).toMatchObject({ applied: 1, missing: 0, pending: 0 });
    // A database that has the same history counts it as applied.
    const [file] = project.list("migrations");
    expect(project.read(`migrations/${file!}`)).toContain(`"${nameOf(1, "Old")}"`);
  });

  test("where the file cannot be marked as applied, it is not left behind", async () => {
    await sync();
    const id = { sqlite: "integer", postgres: "serial", mariadb: "int AUTO_INCREMENT" }[kind.name];
    await project.query(
      `CREATE TABLE migrations (id ${id} PRIMARY KEY, timestamp bigint, name varchar(90) CHECK (length(name) < 5))`,
    );
    expect(await retort("baseline")).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/check|constraint/i) });
    expect(project.list("migrations")).toEqual([]);
  });
});
