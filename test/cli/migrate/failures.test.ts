import { type DatabaseName, type ScratchDatabase, eachDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";

/** Statements that fail, what the message has to name, and what the advice has to say. */
interface Failing {
  readonly title: string;
  /** Run before, past the migration. */
  readonly given?: readonly string[];
  readonly up: readonly string[];
  readonly names: RegExp;
  readonly advice: RegExp;
  readonly on?: readonly DatabaseName[];
}

const WITH_ROWS = ["INSERT INTO person VALUES (1, 'susan', NULL)", "INSERT INTO person VALUES (2, 'susan', NULL)"];
const SERVERS = ["postgres", "mariadb"] as const;

const FAILING: readonly Failing[] = [
  {
    title: "NOT NULL over rows without a value",
    given: WITH_ROWS,
    up: ["ALTER TABLE person ALTER COLUMN age SET NOT NULL"],
    names: /"age" of relation "person"/,
    advice: /retort migrate lint shows the rows/,
    on: ["postgres"],
  },
  {
    title: "a unique index over duplicates",
    given: WITH_ROWS,
    up: ["CREATE UNIQUE INDEX one_name ON person (name)"],
    names: /one_name|person\.name/,
    advice: /retort migrate lint shows the rows/,
  },
  {
    title: "a foreign key over rows that refer to nothing",
    given: [...WITH_ROWS, "UPDATE person SET age = 5"],
    up: ["ALTER TABLE person ADD CONSTRAINT to_club FOREIGN KEY (age) REFERENCES club (id)"],
    names: /to_club/,
    advice: /retort migrate lint shows the rows/,
    on: SERVERS,
  },
  {
    title: "a check that a row does not meet",
    given: [...WITH_ROWS, "UPDATE person SET age = -5"],
    up: ["ALTER TABLE person ADD CONSTRAINT old CHECK (age > 0)"],
    names: /old/,
    advice: /retort migrate lint shows the rows/,
    on: SERVERS,
  },
  {
    title: "values that cannot be converted",
    given: WITH_ROWS,
    up: ["ALTER TABLE person ALTER COLUMN name TYPE int USING name::int"],
    names: /person.*invalid input syntax for type integer: "susan"/,
    advice: /correct the values that cannot be converted/,
    on: ["postgres"],
  },
  {
    title: "values that are too long",
    given: WITH_ROWS,
    up: ["ALTER TABLE person MODIFY name varchar(2)"],
    names: /person.*'name'/,
    advice: /correct the values that cannot be converted/,
    on: ["mariadb"],
  },
  {
    title: "a table that is not there",
    up: ["ALTER TABLE nobody ADD COLUMN a int"],
    names: /nobody/,
    advice: /correct migrations\/.*fails\.js.* \(retort migrate check says what the database lacks\)/,
  },
  {
    title: "a column that is there already",
    up: ["ALTER TABLE person ADD COLUMN age int"],
    names: /age/,
    advice: /if the database has all of it already: retort migrate stamp Fails/,
  },
  {
    title: "a name that is too long",
    up: [`ALTER TABLE person ADD COLUMN ${"x".repeat(70)} int`],
    names: /x{20}/,
    advice: /\(a shorter name\)/,
    on: ["mariadb"],
  },
  {
    title: "a view that needs the column",
    given: ["CREATE VIEW ages AS SELECT age FROM person"],
    up: ["ALTER TABLE person DROP COLUMN age"],
    names: /age/,
    advice: /drop what needs it before, and create it again after/,
    on: ["sqlite", "postgres"],
  },
  {
    title: "a connection that the server ends",
    up: ["SELECT pg_terminate_backend(pg_backend_pid())"],
    names: /pg_terminate_backend/,
    advice: /look whether the server runs/,
    on: ["postgres"],
  },
  {
    title: "a connection that the server kills",
    up: ["KILL CONNECTION_ID()"],
    names: /KILL/,
    advice: /look whether the server runs/,
    on: ["mariadb"],
  },
];

/** Nothing of Node or of Retort, but what failed. */
const ONE_LINE_AND_ADVICE = /^error: (?!\/|node:|Error|QueryFailedError)[^\n]+\n {2}→ [^\n]+\n$/;

eachDatabase((kind) => {
  let scratch: ScratchDatabase;
  let project: MigrationProject;
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);

  beforeEach(async () => {
    scratch = await kind.create();
    project = migrationProject(scratch);
    await project.query("CREATE TABLE club (id int PRIMARY KEY)");
    await project.query("CREATE TABLE person (id int PRIMARY KEY, name varchar(40), age int)");
  });

  test.each(FAILING.filter(({ on }) => !on || on.includes(kind.name)))(
    "up says what fails and what to do: $title",
    async ({ given = [], up, names, advice }) => {
      for (const sql of given) await project.query(sql);
      project.migration(1, "Fails", { up });
      const { exitCode, stderr } = await retort("up", "--no-lint");
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(ONE_LINE_AND_ADVICE);
      expect(stderr).toMatch(names);
      expect(stderr).toMatch(advice);
    },
  );

  test("a command that reads says which statement was refused, and what to do", async () => {
    // A history that is no table of TypeORM's.
    await project.query("CREATE TABLE migrations (id int)");
    for (const argv of [["status"], ["history"], ["current"]]) {
      const { exitCode, stderr } = await retort(...argv);
      expect([argv, exitCode, stderr]).toEqual([argv, 1, expect.stringMatching(ONE_LINE_AND_ADVICE)]);
      // TypeORM 0.3 does not say which statement it was on SQLite.
      expect(stderr).toMatch(/^error: retort migrate \w+: .*timestamp/);
    }
  });

  if (kind.name === "sqlite") return;

  test("as a user without the rights, up names the object, and says what to grant", async () => {
    const user = `retort_${Math.random().toString(36).slice(2, 8)}`;
    const url = new URL((scratch.options as { url: string }).url);
    const isPostgres = kind.name === "postgres";
    const [create, drop] = isPostgres
      ? [
          [`CREATE ROLE ${user} LOGIN`, `GRANT ALL ON SCHEMA public TO ${user}`],
          [`DROP OWNED BY ${user}`, `DROP ROLE ${user}`],
        ]
      : [
          [
            `CREATE USER ${user}@'%' IDENTIFIED BY 'x'`,
            `GRANT SELECT, INSERT, CREATE, UPDATE, DELETE ON \`${scratch.name}\`.* TO ${user}@'%'`,
          ],
          [`DROP USER ${user}@'%'`],
        ];
    for (const sql of create) await project.query(sql);
    try {
      url.username = user;
      url.password = isPostgres ? "" : "x";
      const weak = migrationProject({
        ...scratch,
        options: { ...scratch.options, url: url.href } as typeof scratch.options,
      });
      weak.migration(1, "Fails", { up: ["ALTER TABLE person ADD COLUMN a int"] });
      const { exitCode, stderr } = await weak.hosted(["migrate", "up"]);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(ONE_LINE_AND_ADVICE)]);
      expect(stderr).toMatch(/must be owner of table person|denied to user .*person/);
      expect(stderr).toMatch(/grant the right to the user of the DataSource/);
    } finally {
      for (const sql of drop) await project.query(sql);
    }
  });
});
