import type { QueryRunner } from "typeorm";
import { eachDatabase, database, type TestDatabase } from "../helpers/databases";
import { findFailures } from "../../src/migrate/lint/lint";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

async function inShop(kind: TestDatabase, work: (shop: Workshop) => Promise<void>): Promise<void> {
  const shop = await Workshop.open(kind);
  try {
    await shop.use([]);
    await work(shop);
  } finally {
    await shop.close();
  }
}

/** The body of a migration as it stands in its file. */
function migration(...up: string[]): (runner: QueryRunner) => Promise<void> {
  const body = up.map((sql) => `await queryRunner.query(${JSON.stringify(sql)});`).join(" ");
  return Object.assign(() => Promise.resolve(), { toString: () => `async up(queryRunner) { ${body} }` });
}

async function failures(shop: Workshop, ...up: string[]): Promise<string[]> {
  const findings = await findFailures(shop.dataSource.createQueryRunner(), migration(...up));
  // What is shown has to be a statement that shows it.
  for (const { query } of findings) expect(await shop.query(query!)).toHaveLength(1);
  return findings.map(({ text }) => text);
}

/** "Duplicate column name" on MariaDB, taken for nothing to say. */
eachDatabase((kind) => {
  test("columns may be called what the questions about rows would call theirs", () =>
    inShop(kind, async (shop) => {
      await shop.query("CREATE TABLE parents (key0 int PRIMARY KEY)");
      await shop.query("CREATE TABLE runs (times int, key0 int, n int, found int)");
      await shop.query("INSERT INTO runs VALUES (1, 7, 2, 3), (1, NULL, 4, 5)");
      expect(await failures(shop, "CREATE UNIQUE INDEX runs_times ON runs (times)")).toEqual([
        `"times" of "runs" becomes unique, and 1 value is there more than once`,
      ]);
      if (kind.name === "sqlite") return;
      const key = "ALTER TABLE runs ADD CONSTRAINT runs_key FOREIGN KEY (key0) REFERENCES parents (key0)";
      expect(await failures(shop, key)).toEqual([`1 row of "runs" points at no row of "parents"`]);
    }));

  test("what is not there yet has no answer", () =>
    inShop(kind, async (shop) => {
      await shop.query("CREATE TABLE runs (times int)");
      expect(await failures(shop, "CREATE UNIQUE INDEX runs_late ON runs (late)")).toEqual([]);
      expect(await failures(shop, "CREATE UNIQUE INDEX late_times ON late (times)")).toEqual([]);
    }));
});

describe("sqlite", () => {
  test("a key of a rebuilt table may be called what the question would call it", () =>
    inShop(database("sqlite"), async (shop) => {
      await shop.query("CREATE TABLE parents (key0 int PRIMARY KEY)");
      await shop.query("CREATE TABLE runs (id int, key0 int)");
      await shop.query("INSERT INTO runs VALUES (1, 7), (2, NULL)");
      const rebuilt = await failures(
        shop,
        "CREATE TABLE made (id int, key0 int REFERENCES parents (key0))",
        "INSERT INTO made (id, key0) SELECT id, key0 FROM runs",
      );
      expect(rebuilt).toEqual([`1 row of "runs" points at no row of "parents"`]);
    }));

  test("a question that the database cannot read for another reason is not nothing to say", () =>
    inShop(database("sqlite"), async (shop) => {
      await shop.query("CREATE TABLE runs (times int)");
      const runner = shop.dataSource.createQueryRunner();
      jest.spyOn(runner, "query").mockRejectedValue(new Error('near ",": syntax error'));
      const unique = migration("CREATE UNIQUE INDEX runs_times ON runs (times)");
      await expect(findFailures(runner, unique)).rejects.toThrow("syntax error");
    }));

  /** GROUP BY 7 is the seventh column. */
  test("constants that become unique are named with the rest", async () => {
    const shop = await Workshop.open(database("sqlite"));
    try {
      await shop.migrate([entity("T", { name: { type: "varchar" } })]);
      await shop.query("INSERT INTO t (name) VALUES ('a'), ('a')");
      const columns = {
        name: { type: "varchar", unique: true },
        z: { type: "int", unique: true },
        x: { type: "int", unique: true },
      };
      const wanted = [entity("T", columns)];
      const failure: unknown = await shop
        .generate(wanted, { resolutions: { backfills: ["T.z=0", "T.x=7"] } })
        .catch((error: unknown) => error);
      for (const column of ["name", "z", "x"])
        expect(String((failure as Error).message)).toContain(
          `"${column}" of "t" becomes unique, and 1 value is there more than once`,
        );
    } finally {
      await shop.close();
    }
  });
});
