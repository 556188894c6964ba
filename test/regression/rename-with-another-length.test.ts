import { database } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** Where the new name came with a new length, only --drop was offered. */
test("a rename is offered though the type is another one too, after those of the same type", async () => {
  const shop = await Workshop.open(database("sqlite"));
  try {
    await shop.migrate([entity("User", { name: { type: "varchar", length: 80 } })]);
    await shop.query(`INSERT INTO "user" ("name") VALUES ('Ann')`);
    const wanted = [
      entity("User", {
        fullName: { type: "varchar", length: 120 },
        nick: { type: "varchar", length: 80, nullable: true },
      }),
    ];
    const failure = await shop.generate(wanted).catch((error: unknown) => (error as Error).message);
    expect(failure).toMatch(
      /--rename User\.name:nick .*it is now "nick"; .*\n *--rename User\.name:fullName .*it is now "fullName", varchar\(120\); .*\n *--drop User\.name /,
    );
    await shop.migrate(wanted, { renames: ["User.name:fullName"] });
    expect(await shop.query(`SELECT "fullName" FROM "user"`)).toEqual([{ fullName: "Ann" }]);
  } finally {
    await shop.close();
  }
});
