import { eachDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";

/** More than a page, so that sizes are not nothing. */
const ROWS = 2000;

/** Statements, and the finding about each; undefined: it is done in a moment. */
const CASES: Readonly<Record<string, readonly (readonly [sql: string, found: RegExp | undefined])[]>> = {
  postgres: [
    ["ALTER TABLE e ADD COLUMN x uuid DEFAULT gen_random_uuid()", /^rebuilds: "e" .* another value for every row/],
    ["ALTER TABLE e ADD COLUMN x bigserial", /^rebuilds: .* numbered/],
    ["ALTER TABLE e ADD COLUMN x int GENERATED ALWAYS AS (n + 1) STORED", /^rebuilds: .* generated/],
    ["ALTER TABLE e ADD COLUMN x int NOT NULL DEFAULT 5", undefined],
    ["ALTER TABLE e ADD COLUMN x timestamptz DEFAULT now()", undefined],
    ["ALTER TABLE e ADD CONSTRAINT fk FOREIGN KEY (o) REFERENCES o(id)", /^locks: .* writes to it and to "o" wait/],
    ["ALTER TABLE e ADD CONSTRAINT fk FOREIGN KEY (o) REFERENCES o(id) NOT VALID", undefined],
    ["ALTER TABLE e VALIDATE CONSTRAINT positive", undefined],
    ["ALTER TABLE e ALTER COLUMN n SET NOT NULL", /^locks: .* NOT NULL of "n"; ADD CHECK .* NOT VALID/],
    ["ALTER TABLE e ALTER COLUMN proven SET NOT NULL", undefined],
    ["ALTER TABLE e ADD CONSTRAINT c CHECK (n >= 0)", /^locks: .* for the check; add it NOT VALID/],
    ["ALTER TABLE e ADD CONSTRAINT c CHECK (n >= 0) NOT VALID", undefined],
    ["ALTER TABLE e ADD CONSTRAINT u UNIQUE (id, n)", /^locks: .* CREATE UNIQUE INDEX CONCURRENTLY/],
    ["ALTER TABLE e ADD CONSTRAINT u UNIQUE USING INDEX i", undefined],
    ["CREATE INDEX x ON e (n)", /^locks: .* CREATE INDEX CONCURRENTLY/],
    ["CREATE INDEX CONCURRENTLY x ON e (n)", undefined],
    ["ALTER TABLE e ALTER COLUMN n TYPE bigint", /^rebuilds: .* "n" gets another type/],
    ["ALTER TABLE e ALTER COLUMN body TYPE varchar(10)", /^rebuilds: .* "body" gets another type/],
    ["ALTER TABLE e ALTER COLUMN body TYPE varchar(200)", undefined],
    ["ALTER TABLE e ALTER COLUMN body TYPE text", undefined],
    ["ALTER TABLE e ALTER COLUMN price TYPE numeric(12,2)", undefined],
    ["ALTER TABLE e ALTER COLUMN price TYPE numeric(12,4)", /^rebuilds: /],
    ["UPDATE e SET n = 1", /^rebuilds: .* one UPDATE changes all of it/],
    ["UPDATE e SET n = 1 WHERE id = 1", undefined],
    ["ALTER TYPE mood ADD VALUE 'new'", undefined],
  ],
  mariadb: [
    ["ALTER TABLE e ADD COLUMN x int NOT NULL DEFAULT 5", undefined],
    ["ALTER TABLE e ADD COLUMN x varchar(36) DEFAULT (uuid())", /^rebuilds: "e" .*=COPY/],
    ["ALTER TABLE e ADD COLUMN x int AS (n + 1) STORED", /^rebuilds: "e" .*=COPY/],
    ["ALTER TABLE e MODIFY COLUMN n bigint NULL", /^rebuilds: .* "n" gets another type/],
    ["ALTER TABLE e MODIFY COLUMN n int NOT NULL", /^rebuilds: .* "n" becomes NOT NULL/],
    ["ALTER TABLE e MODIFY COLUMN n int NULL DEFAULT 7", undefined],
    ["ALTER TABLE e MODIFY COLUMN body varchar(50) NULL", undefined],
    ["ALTER TABLE e MODIFY COLUMN body varchar(200) NULL", /^rebuilds: .* "body" gets another type/],
    ["ALTER TABLE e MODIFY COLUMN mood enum('a', 'b', 'c') NULL", undefined],
    ["ALTER TABLE e MODIFY COLUMN mood enum('a') NULL", /^rebuilds: .* "mood" gets another type/],
    ["ALTER TABLE e ADD CONSTRAINT fk FOREIGN KEY (o) REFERENCES o(id)", /^rebuilds: .* foreign key/],
    ["ALTER TABLE e ADD CONSTRAINT c CHECK (n >= 0)", /^rebuilds: .* check/],
    ["ALTER TABLE e ADD INDEX x (n)", undefined],
    ["ALTER TABLE e ADD FULLTEXT INDEX x (body)", /^locks: /],
    ["ALTER TABLE e ENGINE=InnoDB", /^rebuilds: /],
    ["UPDATE e SET n = 1", /^rebuilds: .* one UPDATE changes all of it/],
  ],
};

eachDatabase(
  (kind) => {
    let project: MigrationProject;

    beforeAll(async () => {
      project = migrationProject(await kind.create());
      const series =
        kind.name === "postgres"
          ? `generate_series(1, ${ROWS}) AS s(n)`
          : `(SELECT seq AS n FROM seq_1_to_${ROWS}) AS s`;
      await project.connected(async (query) => {
        const mood = kind.name === "postgres" ? "mood" : "enum('a', 'b')";
        if (kind.name === "postgres") await query("CREATE TYPE mood AS ENUM ('a', 'b')");
        await query("CREATE TABLE o (id int primary key)");
        await query("INSERT INTO o VALUES (1)");
        await query(
          `CREATE TABLE e (id int primary key, o int, n int, proven int, body varchar(20), price numeric(10,2), mood ${mood})`,
        );
        await query(`INSERT INTO e SELECT n, 1, n, n, 'text', n, 'a' FROM ${series}`);
        await query("CREATE UNIQUE INDEX i ON e (n)");
        if (kind.name === "postgres") {
          await query("ALTER TABLE e ADD CONSTRAINT p CHECK (proven IS NOT NULL)");
          await query("ALTER TABLE e ADD CONSTRAINT positive CHECK (n > 0) NOT VALID");
        }
      });
    });

    async function found(sql: string): Promise<string[]> {
      project.migration(1, "One", { up: [sql] });
      const { stdout } = await project.hosted(["migrate", "lint", "--json"]);
      const { migrations } = JSON.parse(stdout) as {
        migrations: { findings: { kind: string; text: string; rows: number }[] }[];
      };
      return migrations.flatMap(({ findings }) => findings.map((one) => `${one.kind}: ${one.text}`));
    }

    test.each(CASES[kind.name]!)("migrate promise 9: lint says what %s costs", async (sql, expected) => {
      const findings = await found(sql);
      if (expected === undefined) expect(findings).toEqual([]);
      else expect(findings).toEqual([expect.stringMatching(expected)]);
    });

    test("migrate promise 9: lint names the table's size, and says nothing of an empty table or of one that is new", async () => {
      const [text] = await found("UPDATE e SET n = 1");
      expect(text).toMatch(/"e" \(about [\d,]+ rows, [\d.]+ (kB|MB)\)/);
      project.migration(1, "One", { up: ["CREATE TABLE fresh (id int)", "UPDATE fresh SET id = 1"] });
      const { stdout } = await project.hosted(["migrate", "lint", "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ migrations: [{ findings: [] }] });
    });
  },
  ["postgres", "mariadb"],
);
