import { type EntitySchema } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { bare, entity, toOne, view } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
afterEach(() => shop.close());

/** What check says of entities over a database whose schema was made by hand. */
async function differences(entities: readonly EntitySchema[]): Promise<string[]> {
  return (await shop.check(entities)).differences.map(({ text }) => text);
}

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });

    test.each([
      [`"status" IN ('NEW', 'DONE')`, `status = 'NEW' OR status = 'DONE'`],
      [`"status" NOT IN ('X')`, `"status" <> 'Y'`],
      [`length("status") between 1 and 3`, `length("status") between 1 and 4`],
      [`"status" ~ '^[a-z]+$' AND NOT "status" LIKE 'a%'`, `"status" ~ '^[a-z]+$'`],
      [`("status" IS NULL) = ("n" IS NULL)`, `("status" IS NULL) <> ("n" IS NULL)`],
      [`"n" >= 0::numeric`, `"n" >= 1::numeric`],
      [`coalesce("n", 0) % 2 = 0`, `coalesce("n", 1) % 2 = 0`],
    ])("migrate promise 3: the check %s settles, and %s is another one", async (check, other) => {
      const ticket = (expression: string) =>
        entity(
          "Ticket",
          { status: { type: "varchar", nullable: true }, n: { type: "int", nullable: true } },
          {
            checks: [{ name: "only", expression }],
            indices: [{ name: "some", columns: ["n"], where: expression }],
          },
        );
      await shop.migrate([ticket(check)]);
      expect(await shop.generate([ticket(check)])).toEqual({ status: "unchanged" });
      expect(await differences([ticket(other)])).toHaveLength(4);
      await shop.migrate([ticket(other)]);
      await shop.down();
      expect(await differences([ticket(check)])).toEqual([]);
    });

    test("migrate promise 3: views that name a schema, and views in one, settle; what they select is seen", async () => {
      const item = bare("Item", { id: { type: "int", primary: true }, name: { type: "varchar" } }, { schema: "stock" });
      const names = (select: string, rest = {}) =>
        Object.assign(view("Names", select, ["id"]), {}) && {
          options: { ...view("Names", select, ["id"]).options, ...rest },
        };
      const one = (select: string, rest = {}) => Object.assign(view("x", select, []), names(select, rest));
      await shop.use([]);
      await shop.query("CREATE SCHEMA stock");
      for (const [select, rest] of [
        ["SELECT i.id FROM stock.item i", {}],
        ['SELECT "id" FROM "stock"."item" WHERE name IN (\'a\', \'b\')', {}],
        ["SELECT id AS id FROM stock.item GROUP BY id", { schema: "stock" }],
        ["SELECT id FROM stock.item WHERE name LIKE 'x%'", { schema: "stock", materialized: true }],
      ] as const) {
        const entities = [item, one(select, rest)];
        await shop.migrate(entities);
        expect(await shop.generate(entities)).toEqual({ status: "unchanged" });
        expect(
          await differences([item, one(select.replace(/\bid AS id\b|\bi?\.?id\b|"id"/, "1 AS id"), rest)]),
        ).toHaveLength(2);
        await shop.down();
      }
    });

    test("migrate promise 3: a view is created after those that it is declared to use, whatever their order", async () => {
      const base = entity("Base", { n: { type: "int" } });
      const upper = view("Upper", "SELECT id FROM lower", ["id"]);
      const lower = view("Lower", "SELECT id FROM base", ["id"]);
      await shop.migrate([upper, base, lower]);
      await shop.down();
      await shop.migrate([base, lower, upper]);
    });

    test("migrate promise 6: check creates nothing, with the right to SELECT alone, and in a read-only transaction", async () => {
      const entities = [
        entity("Doc", {
          kind: { type: "enum", enum: ["a", "b"], default: "a" },
          at: { type: "timestamp", default: () => "now()" },
        }),
        view("Kinds", "SELECT kind FROM doc", ["kind"]),
      ];
      await shop.migrate(entities);
      await shop.query(
        `CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'created: %', tg_tag; END$$`,
      );
      await shop.query("CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION no_ddl()");
      await shop.query(`ALTER DATABASE ${shop.database.name} SET default_transaction_read_only = on`);
      await shop.query("SET default_transaction_read_only = on");
      expect(await differences(entities)).toEqual([]);
      expect(await differences([entity("Doc", { kind: { type: "varchar" } })])).not.toEqual([]);
      await shop.query(`SET default_transaction_read_only = off`);
      await shop.query(`ALTER DATABASE ${shop.database.name} RESET default_transaction_read_only`);
      await shop.query("DROP EVENT TRIGGER no_ddl");
    });
  },
  ["postgres"],
);

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });

    test.each([
      ["`status` IN ('NEW', 'DONE')", "`status` IN ('NEW')"],
      ["CHAR_LENGTH(status) BETWEEN 1 AND 3", "CHAR_LENGTH(status) BETWEEN 1 AND 4"],
      ["NOT (`n` <=> 5)", "NOT (`n` <=> 6)"],
      ["coalesce(n, 0) % 2 = 0", "coalesce(n, 1) % 2 = 0"],
    ])("migrate promise 3: the check %s settles, and %s is another one", async (check, other) => {
      const ticket = (expression: string) =>
        entity(
          "Ticket",
          { status: { type: "varchar", nullable: true }, n: { type: "int", nullable: true } },
          { checks: [{ name: "only", expression }] },
        );
      await shop.migrate([ticket(check)]);
      expect(await differences([ticket(other)])).toHaveLength(2);
      await shop.migrate([ticket(other)]);
      await shop.down();
      expect(await differences([ticket(check)])).toEqual([]);
    });

    test("migrate promise 6: check creates no database", async () => {
      const entities = [entity("Doc", { at: { type: "datetime", precision: 6, default: () => "NOW(6)" } })];
      await shop.migrate(entities);
      const count = async () => (await shop.query("SHOW GLOBAL STATUS LIKE 'Com_create_db'"))[0].Value as string;
      await shop.use(entities);
      const [user] = await shop.query("SELECT CURRENT_USER() AS name");
      expect(user.name).toBeTruthy();
      const before = await count();
      expect(await differences(entities)).toEqual([]);
      expect(await count()).toBe(before);
    });

    const member = (type: string, indices: readonly object[] = [], more: object = {}) => [
      entity("Club", {}),
      entity(
        "Member",
        { n: { type: "int" } },
        { relations: { club: { type, target: "Club", joinColumn: true, ...more } }, indices },
      ),
    ];

    test.each([
      ["the relation becomes one-to-one", member("many-to-one"), member("one-to-one")],
      ["an index on it is added", member("many-to-one"), member("many-to-one", [{ columns: ["club"] }])],
      [
        "an index that begins with it is added",
        member("many-to-one"),
        member("many-to-one", [{ columns: ["club", "n"] }]),
      ],
      [
        "one index takes the place of another",
        member("many-to-one", [{ columns: ["club"] }]),
        member("many-to-one", [{ columns: ["club", "n"], unique: true }]),
      ],
      [
        "an index that does not serve it is added",
        member("many-to-one"),
        member("many-to-one", [{ columns: ["n", "club"] }]),
      ],
      ["the action changes too", member("one-to-one"), member("many-to-one", [], { onDelete: "CASCADE" })],
    ] as const)("a foreign key keeps an index to use: %s, and back", async (_, before, after) => {
      for (const [from, to] of [
        [before, after],
        [after, before],
      ]) {
        await shop.migrate(from as EntitySchema[]);
        await shop.query("INSERT INTO club VALUES (1), (2)");
        await shop.query("INSERT INTO member (n, clubId) VALUES (1, 1), (2, 2)");
        await shop.migrate(to as EntitySchema[]);
        await shop.down();
        expect(await differences(from as EntitySchema[])).toEqual([]);
        expect(await shop.query("SELECT n, clubId FROM member ORDER BY n")).toHaveLength(2);
        await shop.down();
      }
    });
  },
  ["mariadb"],
);

eachDatabase((kind) => {
  test("a foreign key to a table of its own is no difference after up", async () => {
    shop = await Workshop.open(kind);
    const node = entity(
      "Node",
      { label: { type: "varchar", length: 20 } },
      { relations: { parent: toOne("Node", { nullable: true }) } },
    );
    await shop.migrate([node]);
    expect(await differences([node])).toEqual([]);
  });
});

eachDatabase(
  (kind) => {
    const rules = (...texts: string[]) =>
      entity(
        "Rule",
        { n: { type: "int", nullable: true } },
        { checks: texts.map((expression, at) => ({ name: `rule_${at}`, expression })) },
      );
    const always = ["n IS NULL OR 1 < 2", "n IS NOT NULL OR 'a' <> 'b'"] as const;

    test("migrate promise 3: checks that the database takes for one, since both always hold, settle each by itself", async () => {
      shop = await Workshop.open(kind);
      await shop.migrate([rules(...always)]);
      expect(await differences([rules(...always)])).toEqual([]);
      expect(await differences([rules(always[0])])).toEqual([expect.stringContaining('drop check "rule_1"')]);
      await shop.migrate([rules(...always, "3 > 2")]);
      await shop.down();
      expect(await differences([rules(...always)])).toEqual([]);
    });
  },
  ["postgres", "mariadb"],
);
