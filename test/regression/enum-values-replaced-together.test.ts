import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

eachDatabase((kind) => {
  /** Two values became one; the way back turned every row of that one into one of the two. */
  test("rows that always had the value keep it on the way back", async () => {
    const shop = await Workshop.open(kind);
    const type = kind.name === "sqlite" ? "simple-enum" : "enum";
    const member = (...values: string[]) => [entity("Member", { role: { type, enum: values } })];
    await shop.migrate(member("guest", "user"));
    await shop.query("INSERT INTO member (role) VALUES ('guest'), ('user')");
    await shop.migrate(member("user"), { backfills: ["Member.role=user"] });
    await shop.down();
    expect(await shop.query("SELECT role FROM member ORDER BY id")).toEqual([{ role: "user" }, { role: "user" }]);
    await shop.close();
  });
});
