import { database } from "../helpers/databases";
import { entity, view } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** SQLite rewrites a view when a column under it is renamed, but not the alias: the view was then never equal to its entity. */
test("an entity's view over a renamed column is made again, under the new name", async () => {
  const shop = await Workshop.open(database("sqlite"));
  const both = (name: string) => [
    entity("Item", { [name]: { type: "varchar" } }),
    view("Overview", `SELECT "${name}" AS "${name}" FROM "item"`, [name]),
  ];
  await shop.migrate(both("first"));
  await shop.migrate(both("firstName"), { renames: ["Item.first:firstName"] });
  await shop.query(`INSERT INTO "item" ("firstName") VALUES ('Ann')`);
  expect(await shop.query(`SELECT * FROM "overview"`)).toEqual([{ firstName: "Ann" }]);
  await shop.down();
  expect(await shop.query(`SELECT * FROM "overview"`)).toEqual([{ first: "Ann" }]);
  await shop.close();
});
