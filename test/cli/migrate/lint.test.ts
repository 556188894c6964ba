import Sqlite from "better-sqlite3";
import { database, eachDatabase, type ScratchDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

const START = {
  up: [
    "CREATE TABLE authors (id int primary key, name varchar(20), nick varchar(20))",
    "CREATE TABLE books (id int primary key, author_id int)",
    "INSERT INTO authors VALUES (1, 'ann', 'a'), (2, 'ann', NULL), (3, 'bob', NULL)",
    "INSERT INTO books VALUES (1, 1), (2, 77)",
  ],
  down: ["DROP TABLE books", "DROP TABLE authors"],
};

interface LintJson {
  migrations: { name: string; findings: { kind: string; text: string; rows: number | null }[]; unknown: number }[];
}

async function lint(project: MigrationProject, ...argv: string[]) {
  const { stdout, exitCode } = await project.hosted(["migrate", "lint", "--json", ...argv]);
  const { migrations } = JSON.parse(stdout) as LintJson;
  return {
    exitCode,
    migrations,
    found: migrations.flatMap(({ findings }) => findings.map(({ kind, text }) => `${kind}: ${text}`)),
  };
}

eachDatabase((kind) => {
  test("what must fail is found before anything runs, with counts, and up refuses it", async () => {
    const project = migrationProject(await kind.create());
    project.migration(1, "Start", START);
    await project.hosted(["migrate", "up"]);
    const alter = kind.name === "sqlite" ? [] : notOnSqlite(kind.name);
    project.migration(2, "More", {
      up: [
        "CREATE TABLE more (id int)",
        "CREATE UNIQUE INDEX authors_name ON authors (name)",
        ...alter.map(([sql]) => sql!),
      ],
    });
    const { found, exitCode, migrations } = await lint(project);
    expect(exitCode).toBe(1);
    expect(found.filter((text) => text.startsWith("must-fail"))).toEqual([
      `must-fail: "name" of "authors" becomes unique, and 1 value is there more than once`,
      ...alter.map(([, text]) => `must-fail: ${text}`),
    ]);
    expect(migrations).toMatchObject([{ name: nameOf(2, "More"), unknown: 0 }]);

    const up = await project.hosted(["migrate", "up"]);
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toContain(`${nameOf(2, "More")} must fail: "name" of "authors" becomes unique`);
    expect(up.stderr).toContain("nothing was run");
    await expect(project.query("SELECT * FROM more")).rejects.toThrow();
    const tried = await project.hosted(["migrate", "up", "--no-lint"]);
    expect(tried.stderr).toContain(`${nameOf(2, "More")} (up) failed at statement 2`);

    // An earlier migration that mends the rows is believed.
    await project.query("DROP TABLE IF EXISTS more");
    await project.hosted(["migrate", "stamp", "start"]);
    project.migration(2, "More", {
      up: ["UPDATE authors SET name = 'eve' WHERE id = 2", "CREATE UNIQUE INDEX authors_name ON authors (name)"],
    });
    expect((await lint(project)).exitCode).toBe(0);
    expect((await project.hosted(["migrate", "up"])).exitCode).toBe(0);
  });

  test("values that the migration changes itself are not looked at; those of other columns are", async () => {
    const project = migrationProject(await kind.create());
    project.migration(1, "Start", START);
    await project.hosted(["migrate", "up"]);
    project.migration(2, "Mend", {
      up: [
        "UPDATE authors SET nick = 'none' WHERE nick IS NULL",
        "UPDATE books SET author_id = 1 WHERE author_id = 77",
        "CREATE UNIQUE INDEX authors_name ON authors (name)",
        "CREATE UNIQUE INDEX authors_nick ON authors (nick)",
        ...(kind.name === "sqlite" ? [] : notOnSqlite(kind.name).map(([sql]) => sql!)),
      ],
    });
    const { found } = await lint(project);
    expect(found.filter((text) => text.startsWith("must-fail"))).toEqual([
      `must-fail: "name" of "authors" becomes unique, and 1 value is there more than once`,
      ...(kind.name === "sqlite" ? [] : [`must-fail: 1 row of "authors" does not meet CHECK (id < 3)`]),
    ]);
  });

  test("what would be lost is named with the number of rows", async () => {
    const project = migrationProject(await kind.create());
    project.migration(1, "Start", START);
    await project.hosted(["migrate", "up"]);
    project.migration(2, "Less", {
      up: `
    await queryRunner.query("DELETE FROM authors WHERE id > 1");
    await queryRunner.query(\`ALTER TABLE authors DROP COLUMN nick\`);
    await queryRunner.dropTable("books");
    await queryRunner.query("DROP TABLE " + ["a", "b"].join("_"));`,
    });
    const { found, exitCode, migrations } = await lint(project);
    expect(found).toEqual([
      `deletes-rows: rows of "authors" are deleted: 2`,
      `loses-values: column "nick" of "authors" is dropped with its values in 1 row`,
      `loses-rows: table "books" is dropped with 2 rows`,
    ]);
    expect(migrations[0]!.unknown).toBe(1);
    expect(exitCode).toBe(0);
  });
});

function notOnSqlite(name: "postgres" | "mariadb"): string[][] {
  const notNull = name === "postgres" ? "ALTER COLUMN nick SET NOT NULL" : "MODIFY nick varchar(20) NOT NULL";
  return [
    [`ALTER TABLE authors ${notNull}`, `"nick" of "authors" becomes NOT NULL, and is NULL in 2 rows`],
    [
      "ALTER TABLE books ADD CONSTRAINT fk FOREIGN KEY (author_id) REFERENCES authors (id)",
      `1 row of "books" points at no row of "authors"`,
    ],
    ["ALTER TABLE authors ADD CONSTRAINT few CHECK (id < 3)", `1 row of "authors" does not meet CHECK (id < 3)`],
  ];
}

describe("sqlite", () => {
  let scratch: ScratchDatabase;
  let project: MigrationProject;
  beforeEach(async () => {
    scratch = await database("sqlite").create();
    project = migrationProject(scratch);
    project.migration(1, "Start", START);
    await project.hosted(["migrate", "up"]);
  });

  test.each([
    [
      "Retort's recipe",
      `    await rebuild(queryRunner, "authors", {
      definition: \`CREATE TABLE "authors" ("id" int primary key, "name" varchar(20) NOT NULL UNIQUE, "other" int, CHECK ("id" < 3))\`,
      into: \`"id", "name"\`,
      from: \`"id", "nick"\`,
    });`,
      `"name" of "authors" becomes NOT NULL, and is NULL in 2 rows`,
    ],
    [
      "TypeORM's",
      `    await queryRunner.query(\`CREATE TABLE "temporary_authors" ("id" int primary key, "name" varchar(20) NOT NULL UNIQUE, "other" int, CHECK ("id" < 3))\`);
    await queryRunner.query(\`INSERT INTO "temporary_authors"("id", "name") SELECT "id", "nick" FROM "authors"\`);
    await queryRunner.query(\`DROP TABLE "authors"\`);
    await queryRunner.query(\`ALTER TABLE "temporary_authors" RENAME TO "authors"\`);`,
      `"name" of "authors" becomes NOT NULL, and is NULL in 2 rows`,
    ],
  ])("a rebuild by %s: what is copied, what is lost, what the rows do not meet", async (_, up, notNull) => {
    project.migration(2, "Rebuild", { up });
    const { found } = await lint(project);
    expect([...found].sort()).toEqual(
      [
        `rebuilds: table "authors" is rebuilt: 3 rows copied`,
        `must-fail: ${notNull}`,
        `must-fail: 1 row of "authors" does not meet CHECK ("id" < 3)`,
        `loses-values: column "name" of "authors" is dropped with its values in 3 rows`,
      ].sort(),
    );
  });

  test("a rebuild that carries everything over has nothing to fear", async () => {
    project.migration(2, "Rebuild", {
      up: `    await rebuild(queryRunner, "authors", {
      definition: \`CREATE TABLE "authors" ("id" int primary key, "full" varchar(20), "nick" varchar(20) NOT NULL)\`,
      into: \`"id", "full", "nick"\`,
      from: \`"id", "name", COALESCE("nick", '')\`,
    });`,
    });
    expect((await lint(project)).found).toEqual([`rebuilds: table "authors" is rebuilt: 3 rows copied`]);
  });

  test("a rename before a rebuild loses nothing, and what is demanded then is looked for under the old name", async () => {
    project.migration(2, "Rename", {
      up: `    await queryRunner.query("ALTER TABLE authors RENAME COLUMN name TO alias");
    await queryRunner.query("ALTER TABLE authors RENAME COLUMN nick TO name");
    await rebuild(queryRunner, "authors", {
      definition: \`CREATE TABLE "authors" ("id" int primary key, "alias" varchar(20) UNIQUE, "name" varchar(20) NOT NULL)\`,
      into: \`"id", "alias", "name"\`,
      from: \`"id", "alias", "name"\`,
    });`,
    });
    expect((await lint(project)).found).toEqual([
      `rebuilds: table "authors" is rebuilt: 3 rows copied`,
      `must-fail: "alias" of "authors" becomes unique, and 1 value is there more than once`,
      `must-fail: "name" of "authors" becomes NOT NULL, and is NULL in 2 rows`,
    ]);
  });

  test.each(["", "REFERENCES authors (id)"])(
    "a rebuild with a key that rows do not meet: inline %s",
    async (inline) => {
      const key = inline
        ? ""
        : `, CONSTRAINT "fk" FOREIGN KEY ("writer_id") REFERENCES "authors" ("id") ON DELETE CASCADE`;
      project.migration(2, "Key", {
        up: `    await rebuild(queryRunner, "books", {
      definition: \`CREATE TABLE "books" ("id" int primary key, "writer_id" int ${inline}${key})\`,
      into: \`"id", "writer_id"\`,
      from: \`"id", "author_id"\`,
    });`,
      });
      expect((await lint(project)).found).toEqual([
        `rebuilds: table "books" is rebuilt: 2 rows copied`,
        `must-fail: 1 row of "books" points at no row of "authors"`,
      ]);
    },
  );

  test("a row that points at nothing already is nobody's business, under another name of its column too", async () => {
    const handle = new Sqlite(scratch.name);
    handle.pragma("foreign_keys = OFF");
    handle.exec("DROP TABLE books; CREATE TABLE books (id int primary key, author_id int REFERENCES authors (id))");
    handle.exec("INSERT INTO books VALUES (1, 77)");
    handle.close();
    project.migration(2, "Again", {
      up: `    await queryRunner.query("ALTER TABLE books RENAME COLUMN author_id TO author");
    await rebuild(queryRunner, "books", {
      definition: \`CREATE TABLE "books" ("id" int primary key, "author" int REFERENCES "authors" ("id") ON DELETE SET NULL)\`,
      into: \`"id", "author"\`,
      from: \`"id", "author"\`,
    });`,
    });
    expect((await lint(project)).found).toEqual([`rebuilds: table "books" is rebuilt: 1 row copied`]);
  });

  test("a column that must not be null, without a default", async () => {
    project.migration(2, "Age", { up: ["ALTER TABLE authors ADD COLUMN age int NOT NULL"] });
    expect((await lint(project)).found).toEqual([
      `must-fail: "age" of "authors" is NOT NULL without a default, and 3 rows would have no value`,
    ]);
  });

  test("what cannot be known beforehand may mend the rows: then nothing must fail", async () => {
    project.migration(2, "Mend", {
      up: `
    for (const [id, name] of [[2, "eve"]]) await queryRunner.query(\`UPDATE authors SET name = '\${name}' WHERE id = \${id}\`);
    await queryRunner.query("CREATE UNIQUE INDEX authors_name ON authors (name)");`,
      down: `await queryRunner.manager.save([]); return helper(queryRunner);`,
    });
    const { found, migrations } = await lint(project);
    expect(found).toEqual([]);
    expect(migrations[0]!.unknown).toBe(1);
    expect((await project.hosted(["migrate", "up"])).exitCode).toBe(0);
  });

  test("on a terminal down says what goes and asks; --yes does not", async () => {
    const terminal = project.terminal(["migrate", "down"]);
    await terminal.waitFor("Roll back Start1700000000001? [y/N]");
    expect(terminal.text()).toContain(`Start1700000000001  loses rows: table "books" is dropped with 2 rows`);
    expect(terminal.text()).toContain(`Start1700000000001  loses rows: table "authors" is dropped with 3 rows`);
    terminal.type("n\r");
    expect(await terminal.ended).toBe(1);
    expect(await project.query("SELECT count(*) AS n FROM books")).toEqual([{ n: 2 }]);

    const again = project.terminal(["migrate", "down"]);
    await again.waitFor("[y/N]");
    again.type("y\r");
    expect(await again.ended).toBe(0);
    await project.hosted(["migrate", "up"]);
    const quiet = project.terminal(["migrate", "down", "--yes"]);
    expect(await quiet.ended).toBe(0);
    expect(quiet.text()).not.toContain("[y/N]");
  });
});
