import { eachDatabase } from "../helpers/databases";
import { bare, entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });
    afterEach(() => shop.close());

    const ticket = (id: object) => [
      bare("Ticket", { id: { type: "int", primary: true, ...id }, title: { type: "varchar" } }),
    ];
    const SERIAL = { generated: "increment" };
    const IDENTITY = { generated: "identity" };

    const next = async () => Number((await shop.query("INSERT INTO ticket (title) VALUES ('x') RETURNING id"))[0].id);

    test.each([
      ["serial", "identity", SERIAL, IDENTITY],
      ["identity", "serial", IDENTITY, SERIAL],
    ])("PostgreSQL: %s becomes %s: no number is given twice", async (_, __, from, to) => {
      await shop.migrate(ticket(from));
      await shop.query("INSERT INTO ticket (title) SELECT 'x' FROM generate_series(1, 5)");
      await shop.query("DELETE FROM ticket WHERE id > 3");
      await shop.migrate(ticket(to));
      expect(await next()).toBe(6);
      await shop.query("DELETE FROM ticket WHERE id > 3");
      await shop.down();
      expect(await next()).toBe(7);
    });

    test("PostgreSQL: a sequence that the column owns under another name is used, and goes on", async () => {
      await shop.migrate(ticket({}));
      await shop.query("CREATE SEQUENCE slip_id_seq OWNED BY ticket.id");
      await shop.query("SELECT setval('slip_id_seq', 9)");
      await shop.query("INSERT INTO ticket VALUES (1, 'a'), (2, 'b')");
      await shop.migrate(ticket(SERIAL));
      expect(await next()).toBe(10);
    });

    test("PostgreSQL: after a rename of the table, its sequence numbers the rows", async () => {
      await shop.migrate(ticket(SERIAL));
      await next();
      const slip = [bare("Slip", { id: { type: "int", primary: true, ...SERIAL }, title: { type: "varchar" } })];
      await shop.migrate(slip, { renames: ["ticket:slip"] });
      expect((await shop.query("INSERT INTO slip (title) VALUES ('x') RETURNING id"))[0].id).toBe(2);
    });

    test("PostgreSQL: an index that is invalid does not count as there", async () => {
      const entities = [
        entity("Item", { a: { type: "varchar" } }, { indices: [{ name: "once", columns: ["a"], unique: true }] }),
      ];
      await shop.migrate(entities);
      await shop.query("DROP INDEX once");
      await shop.query("INSERT INTO item (a) VALUES ('x'), ('x')");
      await expect(shop.query("CREATE UNIQUE INDEX CONCURRENTLY once ON item (a)")).rejects.toThrow();
      expect((await shop.check(entities)).differences.map(({ text }) => text)).toEqual([
        '"item": drop invalid unique index "once" (a)',
        '"item": add unique index "once" (a)',
      ]);
    });
  },
  ["postgres"],
);
