import { database, eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
afterEach(() => shop.close());

const TEXT = { type: "varchar", length: 20, nullable: true } as const;
const doc = (...columns: string[]) => [
  entity("Doc", Object.fromEntries(columns.map((name) => [name, TEXT]))),
  entity("Log", { t: TEXT }),
];

/** What generate says of the rename and of the drop of the column `body`, besides the loss of its values. */
async function said(): Promise<string[][]> {
  const ways = [
    [doc("title", "words"), { renames: ["Doc.body:words"] }],
    [doc("title"), { drops: ["Doc.body"] }],
  ] as const;
  const lines: string[][] = [];
  for (const [entities, resolutions] of ways) {
    const result = await shop.generate(entities, { resolutions, dryRun: true });
    if (result.status === "unchanged") throw new Error("nothing to do");
    lines.push(result.losses.filter((line) => !line.startsWith("down ")));
  }
  return lines;
}

const becomes = ['becomes "words"', "is dropped"];

eachDatabase(
  (kind) => {
    test("MariaDB: triggers, routines and views that name the column are named", async () => {
      shop = await Workshop.open(kind);
      await shop.migrate(doc("title", "body"));
      await shop.query("CREATE TRIGGER writes AFTER INSERT ON log FOR EACH ROW UPDATE doc SET body = NEW.t");
      await shop.query("CREATE TRIGGER own BEFORE INSERT ON doc FOR EACH ROW SET NEW.body = 'x'");
      await shop.query("CREATE TRIGGER other BEFORE INSERT ON doc FOR EACH ROW SET NEW.title = 'x'");
      await shop.query(
        "CREATE FUNCTION longest() RETURNS int READS SQL DATA RETURN (SELECT max(length(`body`)) FROM `doc`)",
      );
      await shop.query("CREATE PROCEDURE clean() DELETE FROM log WHERE t = 'body'");
      await shop.query("CREATE VIEW bodies AS SELECT id, body FROM doc");
      const names = ['trigger "own" of "doc"', 'trigger "writes" of "log"', 'function "longest"', 'view "bodies"'];
      const lines = (await said()).map((one) => [...one].sort());
      expect(lines).toEqual(
        becomes.map((what) =>
          names.map((name) => `${name} mentions "body" of "doc", which ${what}: change it by hand`).sort(),
        ),
      );
    });
  },
  ["mariadb"],
);

eachDatabase(
  (kind) => {
    test("PostgreSQL: routines that name the column are named", async () => {
      shop = await Workshop.open(kind);
      await shop.migrate(doc("title", "body"));
      await shop.query(
        `CREATE FUNCTION bodies() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT max("body") FROM "doc"); END$$`,
      );
      await shop.query(
        "CREATE FUNCTION titles() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(title) FROM doc); END'",
      );
      expect(await said()).toEqual(
        becomes.map((what) => [`function "bodies" mentions "body" of "doc", which ${what}: change it by hand`]),
      );
    });
  },
  ["postgres"],
);

test("SQLite: a full-text table over the column is named", async () => {
  shop = await Workshop.open(database("sqlite"));
  await shop.migrate(doc("title", "body"));
  await shop.query("CREATE VIRTUAL TABLE doc_fts USING fts5(title, body, content='doc', content_rowid='id')");
  await shop.query("CREATE VIRTUAL TABLE other_fts USING fts5(title, content='doc', content_rowid='id')");
  expect(await said()).toEqual(
    becomes.map((what) => [`virtual table "doc_fts" mentions "body" of "doc", which ${what}: change it by hand`]),
  );
});
