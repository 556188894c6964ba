import { database } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** It said "correct the rows", which are right: what was missing is what they get when the column comes back. */
test("a column of a unique pair is dropped when it is said what rows get on the way back", async () => {
  const shop = await Workshop.open(database("sqlite"));
  try {
    const country = { type: "varchar" };
    const code = { type: "varchar", default: "none" };
    await shop.migrate([entity("User", { country, code }, { uniques: [{ columns: ["country", "code"] }] })]);
    await shop.query(`INSERT INTO "user" ("country", "code") VALUES ('nl', 'a'), ('nl', 'b')`);
    const after = [entity("User", { country })];
    const drops = ["User.code"];
    await expect(shop.generate(after, { resolutions: { drops } })).rejects.toMatchObject({
      message: expect.stringMatching(/the existing rows do not allow down: .*UNIQUE constraint failed/),
      hint: expect.stringContaining(`--backfill "user.code=(EXPRESSION)"`),
    });
    await shop.migrate(after, { drops, backfills: [`user.code=('code ' || "id")`] });
    await shop.down();
    expect(await shop.query(`SELECT "code" FROM "user"`)).toEqual([{ code: "code 1" }, { code: "code 2" }]);
  } finally {
    await shop.close();
  }
});
