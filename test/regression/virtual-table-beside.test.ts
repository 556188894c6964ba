import { database } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** A full-text table and the tables SQLite keeps it in are nobody's entities, and nothing is asked about them. */
test("a full-text table beside the entities is left alone, with the trigger that fills it", async () => {
  const shop = await Workshop.open(database("sqlite"));
  await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
  await shop.query(`CREATE VIRTUAL TABLE "words" USING fts5("name")`);
  await shop.query(`CREATE TRIGGER "feed" AFTER INSERT ON "item" BEGIN INSERT INTO "words" VALUES (NEW."name"); END`);
  await shop.migrate([entity("Item", { name: { type: "varchar", unique: true } })]);
  await shop.query(`INSERT INTO "item" ("name") VALUES ('to be found')`);
  expect(await shop.query(`SELECT "name" FROM "words" WHERE "words" MATCH 'found'`)).toEqual([{ name: "to be found" }]);
  await shop.close();
});
