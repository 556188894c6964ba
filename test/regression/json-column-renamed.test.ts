import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** MariaDB's own check of a JSON column keeps its name when the column is renamed, and the column was taken for text. */
eachDatabase((kind) => {
  test("a JSON column is renamed", async () => {
    const note = (column: string) => [
      entity("Note", { [column]: { type: "simple-json" }, [`${column}2`]: { type: "json" } }),
    ];
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate(note("tags"));
      await shop.query(`INSERT INTO note (tags, tags2) VALUES ('[1]', '[2]')`);
      await shop.migrate(note("labels"), { renames: ["Note.tags:labels", "Note.tags2:labels2"] });
      expect(await shop.query("SELECT labels FROM note")).toEqual([{ labels: "[1]" }]);
    } finally {
      await shop.close();
    }
  });
});
