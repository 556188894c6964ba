import { database, eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
afterEach(() => shop.close());

const item = (...columns: string[]) => [
  entity("Item", Object.fromEntries(columns.map((name) => [name, { type: "varchar", length: 20 }]))),
];

eachDatabase((kind) => {
  beforeEach(async () => {
    shop = await Workshop.open(kind);
  });

  const row = async (...columns: string[]) =>
    Object.values((await shop.query(`SELECT ${columns.join(", ")} FROM item`))[0] as object).join("");

  test.each([
    ["a chain", ["a", "b"], ["b", "c"], ["Item.a:b", "Item.b:c"], ["b", "c"]],
    ["a chain, said in the other order", ["a", "b"], ["b", "c"], ["Item.b:c", "Item.a:b"], ["b", "c"]],
    ["a chain of three", ["a", "b", "c"], ["b", "c", "d"], ["Item.a:b", "Item.b:c", "Item.c:d"], ["b", "c", "d"]],
    ["an exchange", ["a", "b"], ["a", "b"], ["Item.a:b", "Item.b:a"], ["b", "a"]],
    ["a circle of three", ["a", "b", "c"], ["a", "b", "c"], ["Item.a:b", "Item.b:c", "Item.c:a"], ["b", "c", "a"]],
  ])("migrate 9: columns are renamed in %s", async (_, before, after, renames, now) => {
    await shop.migrate(item(...before));
    await shop.query(
      `INSERT INTO item (${before.join(", ")}) VALUES (${before.map((name) => `'${name}'`).join(", ")})`,
    );
    await shop.migrate(item(...after), { renames });
    expect(await row(...now)).toBe(before.join(""));
    await shop.down();
    expect(await row(...before)).toBe(before.join(""));
  });

  test("migrate 9: a column gets another name, and a new one has its old name", async () => {
    const with2 = (columns: Record<string, object>) => [entity("Item", columns)];
    const text = { type: "varchar", length: 20 };
    await shop.migrate(with2({ a: text }));
    await shop.query("INSERT INTO item (a) VALUES ('old')");
    await shop.migrate(with2({ a: { ...text, nullable: true }, b: text }), { renames: ["Item.a:b"] });
    expect(await shop.query("SELECT a, b FROM item")).toEqual([{ a: null, b: "old" }]);
    await shop.down();
    expect(await shop.query("SELECT a FROM item")).toEqual([{ a: "old" }]);
  });

  test("migrate 9: a table gets another name, and a new one has its old name", async () => {
    const table = (name: string, tableName: string, column: string) =>
      entity(name, { [column]: { type: "varchar", length: 20 } }, { tableName, indices: [{ columns: [column] }] });
    await shop.migrate([table("First", "t", "a")]);
    await shop.query("INSERT INTO t (a) VALUES ('A')");
    await shop.migrate([table("First", "u", "a"), table("Second", "t", "n")], { renames: ["t:u"] });
    expect(await shop.query("SELECT a FROM u")).toEqual([{ a: "A" }]);
    expect(await shop.query("SELECT n FROM t")).toEqual([]);
    await shop.down();
    expect(await shop.query("SELECT a FROM t")).toEqual([{ a: "A" }]);
  });

  test("a migration's own UPDATE sets off no trigger and no ON UPDATE", async () => {
    const isServer = kind.name !== "sqlite";
    const stamped = (columns: object) => [
      entity("Doc", {
        at: {
          type: kind.name === "postgres" ? "timestamp" : "datetime",
          ...(kind.name === "mariadb" && { default: () => "CURRENT_TIMESTAMP", onUpdate: "CURRENT_TIMESTAMP" }),
        },
        state: { type: isServer ? "enum" : "simple-enum", enum: ["a", "b"], nullable: true },
        ...columns,
      }),
    ];
    await shop.migrate(stamped({}));
    await shop.query("INSERT INTO doc (at, state) VALUES ('2020-01-02', 'b'), ('2020-01-03', NULL)");
    await shop.query("CREATE TABLE seen (what varchar(20))");
    shop.ignore.push("seen");
    const body = "INSERT INTO seen VALUES ('an update')";
    if (kind.name === "postgres") {
      await shop.query(`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ${body}; RETURN NEW; END$$`);
      await shop.query("CREATE TRIGGER sees AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION see()");
      await shop.query("CREATE TRIGGER off BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION see()");
      await shop.query("ALTER TABLE doc DISABLE TRIGGER off");
    } else if (kind.name === "mariadb")
      await shop.query(`CREATE TRIGGER sees AFTER UPDATE ON doc FOR EACH ROW ${body}`);
    else await shop.query(`CREATE TRIGGER sees AFTER UPDATE ON doc BEGIN ${body}; END`);
    const year = async () => JSON.stringify(await shop.query("SELECT at FROM doc")).match(/2\d\d\d/g);
    await shop.migrate(
      stamped({ more: { type: "varchar" }, state: { type: isServer ? "enum" : "simple-enum", enum: ["a", "c"] } }),
      {
        backfills: ["Doc.more=x", "Doc.state=a"],
        renames: ["Doc.state.b:c"],
      },
    );
    expect([await year(), await shop.query("SELECT * FROM seen")]).toEqual([["2020", "2020"], []]);
    await shop.down();
    expect([await year(), await shop.query("SELECT * FROM seen")]).toEqual([["2020", "2020"], []]);
    if (kind.name === "postgres")
      expect(await shop.query("SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")).toEqual([
        { tgname: "off", tgenabled: "D" },
        { tgname: "sees", tgenabled: "O" },
      ]);
  });
});

test("SQLite: a table whose name differs in case only is the same table", async () => {
  shop = await Workshop.open(database("sqlite"));
  const member = (tableName: string, more = {}) => [
    entity("Member", { n: { type: "int" }, ...more }, { tableName }),
    entity("Card", {}, { relations: { member: { type: "many-to-one", target: "Member" } } }),
  ];
  await shop.migrate(member("user"));
  await shop.query(`INSERT INTO "user" (n) VALUES (1)`);
  expect(await shop.generate(member("User"))).toEqual({ status: "unchanged" });
  await shop.migrate(member("USER", { m: { type: "int", nullable: true } }));
  expect(await shop.query(`SELECT n, m FROM "User"`)).toEqual([{ n: 1, m: null }]);
  await shop.down();
});

test.each([
  ["end", "CHECK (CASE WHEN start > 0 THEN 1 ELSE 0 END = 1)"],
  ["like", `CHECK (start NOT LIKE 'x' OR "like" LIKE '%')`],
  ["cascade", `CHECK ("cascade" <> ''), FOREIGN KEY (parent) REFERENCES item (id) ON DELETE CASCADE`],
  ["integer", `CHECK (CAST("integer" AS integer) IS NOT NULL)`],
])("a column named %s is renamed where a hand wrote the keyword", async (name, clause) => {
  shop = await Workshop.open(database("sqlite"));
  const columns = (named: string, nullable: boolean) => [
    entity("Item", {
      start: { type: "int", nullable },
      [named]: { type: "varchar" },
      parent: { type: "int", nullable: true },
    }),
  ];
  await shop.use([]);
  await shop.query(
    `CREATE TABLE item (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, start int NOT NULL, "${name}" varchar NOT NULL, parent int, ${clause})`,
  );
  await shop.query(`INSERT INTO item VALUES (1, 1, 'kept', NULL)`);
  const before = await shop.stored();
  // The other change needs the table to be rebuilt.
  await shop.migrate(columns("finish", true), { renames: [`Item.${name}:finish`] });
  expect(await shop.query("SELECT start, finish FROM item")).toEqual([{ start: 1, finish: "kept" }]);
  await shop.down();
  expect((await shop.stored()).map((sql) => sql.replaceAll('"', ""))).toEqual(
    before.map((sql) => sql.replaceAll('"', "")),
  );
});
