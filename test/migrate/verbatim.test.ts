import { sqliteSchema } from "../../src/dialect/sqlite/schema/dialect";
import { isVerbatim } from "../../src/migrate/generate/schemas";
import { database } from "../helpers/databases";
import { type Columns, entity, toOne, view } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/* On SQLite nothing is made or understood where the database has the very words that the entities would be told in. */

let shop: Workshop;
beforeEach(async () => {
  shop = await Workshop.open(database("sqlite"));
});
afterEach(() => shop.close());

const author = entity("Author", { name: { type: "varchar", length: 40, unique: true } });
const book = (note: unknown = "it's", columns: Columns = {}) =>
  entity(
    "Book",
    { title: { type: "varchar" }, note: { type: "varchar", default: note }, ...columns },
    {
      relations: { author: toOne("Author", { onDelete: "CASCADE" }) },
      indices: [{ columns: ["title", "note"] }],
      checks: [{ expression: `"title" <> ''\n   OR "note" IS NULL` }],
    },
  );

test("what was generated and applied is seen to be right without a scratch database", async () => {
  const openScratch = jest.spyOn(sqliteSchema.scratch, "create");
  await shop.migrate([author, book()]);
  openScratch.mockClear();
  expect(await shop.generate([author, book()])).toEqual({ status: "unchanged" });
  expect((await shop.check([author, book()])).agrees).toBe(true);
  expect(openScratch).not.toHaveBeenCalled();
});

test("a resolution that matches no change is refused", async () => {
  await shop.migrate([author]);
  const answers = { drops: ["Author.legacy"] };
  await expect(shop.generate([author], { resolutions: answers })).rejects.toMatchObject({
    code: "migrate/useless-answer",
  });
});

test.each([
  `DROP INDEX "IDX_1"`,
  `CREATE INDEX "by_hand" ON "author" ("name")`,
  `CREATE TABLE "other" ("id" integer)`,
  `CREATE VIEW "other" AS SELECT 1 AS "one"`,
  `ALTER TABLE "author" ADD COLUMN "age" integer`,
])("other words are looked at: %s", async (sql) => {
  await shop.migrate([author, book()]);
  const [index] = await shop.query(`SELECT "name" FROM "sqlite_master" WHERE "type" = 'index' AND "name" LIKE 'IDX%'`);
  await shop.query(sql.replace(/IDX_\w+/, index.name as string));
  expect(await isVerbatim(await shop.use([author, book()]))).toBe(false);
});

test("a trigger is nobody's business", async () => {
  await shop.migrate([author]);
  await shop.query(`CREATE TRIGGER "hand" AFTER DELETE ON "author" BEGIN SELECT 1; END`);
  expect(await isVerbatim(await shop.use([author]))).toBe(true);
});

test("space counts where it stands in a string", async () => {
  await shop.migrate([author, book("one\n  two")]);
  const other = [author, book("one\n two")];
  expect((await shop.check(other)).differences.map(({ text }) => text)).toEqual([
    expect.stringContaining(`"note" default`),
  ]);
  expect((await shop.check([author, book("one\n  two")])).agrees).toBe(true);
});

test("views and generated columns, of which TypeORM's books say more, are looked at", async () => {
  const sum = { type: "int", asExpression: `"id" + 1`, generatedType: "STORED", nullable: true };
  for (const entities of [
    [author, view("Names", `SELECT "name" FROM "author"`, ["name"])],
    [book("", { sum }), author],
  ]) {
    await shop.migrate(entities, { drops: shop.applied.length > 0 ? ["Names"] : [] });
    expect(await isVerbatim(await shop.use(entities))).toBe(false);
    expect((await shop.check(entities)).agrees).toBe(true);
  }
});
