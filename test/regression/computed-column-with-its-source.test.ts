import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** The servers do not drop a column while another one is computed from it. */
eachDatabase((kind) => {
  test("a column goes together with the one that is computed from it, and both come back", async () => {
    const quote = kind.name === "mariadb" ? "`" : '"';
    const next = {
      type: "int",
      asExpression: `${quote}number${quote} + 1`,
      generatedType: "STORED",
      ...(kind.name === "mariadb" && { nullable: true }),
    };
    const both = [entity("Item", { label: { type: "int" }, number: { type: "int" }, next })];
    const none = [entity("Item", { label: { type: "int" } })];
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate(both);
      await shop.migrate(none, { drops: ["Item.number"] });
      await shop.down();
      expect((await shop.check(both)).differences).toEqual([]);
    } finally {
      await shop.close();
    }
  });

  test("the type changes of a column that another one, with an index, is computed from", async () => {
    const quote = kind.name === "mariadb" ? "`" : '"';
    const item = (type: string) => [
      entity(
        "Item",
        {
          number: { type },
          next: { type: "int", asExpression: `${quote}number${quote} + 1`, generatedType: "STORED", nullable: true },
        },
        { indices: [{ columns: ["next"] }] },
      ),
    ];
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate(item("int"));
      await shop.query("INSERT INTO item (number) VALUES (1)");
      await shop.migrate(item("bigint"));
      expect((await shop.query("SELECT next FROM item")).map(({ next }) => Number(next))).toEqual([2]);
      await shop.down();
      expect((await shop.check(item("int"))).differences).toEqual([]);
    } finally {
      await shop.close();
    }
  });
});
