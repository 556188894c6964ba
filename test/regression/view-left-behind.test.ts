import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** MariaDB's views do not follow a rename: one that a hand had made was broken, and nobody said so. */
eachDatabase((kind) => {
  test("a view made by hand follows a rename, or is named", async () => {
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate([entity("Note", { body: { type: "int" } }), entity("Other", {})]);
      await shop.query("CREATE VIEW by_hand AS SELECT body FROM note");
      await shop.query("CREATE VIEW beside AS SELECT id FROM other");
      const renames = ["Note:Memo"];
      const written = await shop.migrate([entity("Memo", { body: { type: "int" } }), entity("Other", {})], { renames });
      const named = [`view "by_hand" mentions "note", which becomes "memo": change it by hand`];
      expect(written.losses).toEqual(kind.name === "mariadb" ? named : []);
      if (kind.name !== "mariadb") expect(await shop.query("SELECT * FROM by_hand")).toEqual([]);
      expect(await shop.query("SELECT * FROM beside")).toEqual([]);
    } finally {
      await shop.close();
    }
  });
});
