import { database } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** An index over an expression is kept, but not when the column it stands on goes: replaying it stopped the rebuild. */
test("a hand-made index over an expression goes with its column, and comes back with it", async () => {
  const shop = await Workshop.open(database("sqlite"));
  const one = [entity("Item", { 'quo"te': { type: "varchar", nullable: true }, name: { type: "varchar" } })];
  await shop.migrate(one);
  await shop.query(`CREATE INDEX "by hand" ON "item" (lower("quo""te"), "name" DESC)`);
  await shop.migrate([entity("Item", { name: { type: "varchar", unique: true } })], { drops: ['Item.quo"te'] });
  await shop.down();
  expect((await shop.stored()).join()).toContain(`CREATE INDEX "by hand" ON "item" (lower("quo""te"), "name" DESC)`);
  await shop.close();
});
