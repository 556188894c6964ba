import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

const item = (label: object) => entity("Item", { label });

/** On PostgreSQL the scratch tables were filled from themselves: every proof was one on empty tables. */
eachDatabase((kind) => {
  test("the rows that are there take part in the proof", async () => {
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate([item({ type: "varchar", length: 20 })]);
      await shop.query("INSERT INTO item (label) VALUES ('a'), ('b'), ('a')");
      const unique = [item({ type: "varchar", length: 20, unique: true })];
      await expect(shop.generate(unique)).rejects.toMatchObject({ code: "migrate/rows" });
      const written = await shop.migrate([item({ type: "varchar", length: 40, nullable: true })]);
      expect(written.proof).toEqual({ status: "proven", complete: true, rows: 3 });
    } finally {
      await shop.close();
    }
  });
});
