import { type EntitySchema } from "typeorm";
import { generate } from "../../src/migrate/generate/generate";
import { eachDatabase } from "../helpers/databases";
import { bare, entity, toOne, view } from "../helpers/entities/schemas";
import { typeormGenerate, typeormRun } from "./typeorm-tool";
import { Workshop } from "../helpers/workshop";

eachDatabase((database) => {
  let shop: Workshop;
  const isMariaDb = database.name === "mariadb";
  const isPostgres = database.name === "postgres";
  /** The statement with the database's own quotes. */
  const sql = (text: string) => (isMariaDb ? text.replace(/"(\w+)"/g, "`$1`") : text);
  const query = (text: string) => shop.query(sql(text));
  const texts = async (entities: EntitySchema[]) => (await shop.check(entities)).differences.map(({ text }) => text);

  beforeEach(async () => {
    shop = await Workshop.open(database);
  });
  afterEach(() => shop.close());

  test("migrate 9: a renamed column keeps its values, both ways, with its indexes, checks and keys", async () => {
    const author = entity("Author", {});
    const one = entity(
      "Person",
      { first: { type: "varchar", length: 20, unique: true }, age: { type: "int" } },
      {
        checks: [{ expression: sql(`"age" > 0`) }],
        indices: [{ columns: ["age", "first"] }],
        relations: { boss: toOne("Author") },
      },
    );
    const two = entity(
      "Person",
      { firstName: { type: "varchar", length: 20, unique: true }, years: { type: "int" } },
      {
        checks: [{ expression: sql(`"years" > 0`) }],
        indices: [{ columns: ["years", "firstName"] }],
        relations: { chief: toOne("Author") },
      },
    );
    await shop.migrate([author, one]);
    await query(`INSERT INTO "author" ("id") VALUES (1)`);
    await query(`INSERT INTO "person" ("first", "age", "bossId") VALUES ('Ann', 4, 1), ('Bob', 5, NULL)`);
    await shop.migrate([author, two], { renames: ["Person.first:firstName", "Person.age:years", "Person.boss:chief"] });
    expect(await query(`SELECT "firstName", "years", "chiefId" FROM "person" ORDER BY "id"`)).toEqual([
      { firstName: "Ann", years: 4, chiefId: 1 },
      { firstName: "Bob", years: 5, chiefId: null },
    ]);
    expect((await typeormGenerate(shop, [author, two])).up).toEqual([]);
    await shop.down();
    expect(await query(`SELECT "first", "age", "bossId" FROM "person" ORDER BY "id"`)).toEqual([
      { first: "Ann", age: 4, bossId: 1 },
      { first: "Bob", age: 5, bossId: null },
    ]);
    expect(await texts([author, one])).toEqual([]);
  });

  test("migrate 9: a renamed entity keeps its rows, both ways, and what refers to it", async () => {
    const child = (target: string) =>
      entity("Child", {}, { relations: { parent: toOne(target, { onDelete: "CASCADE" }) } });
    const parent = (name: string) => entity(name, { label: { type: "varchar", length: 30, unique: true } });
    await shop.migrate([parent("Folder"), child("Folder")]);
    await query(`INSERT INTO "folder" ("label") VALUES ('a')`);
    await query(`INSERT INTO "child" ("parentId") VALUES (1)`);
    await expect(shop.generate([parent("Drawer"), child("Drawer")])).rejects.toMatchObject({
      code: "migrate/unanswered",
      message: expect.stringContaining("--rename folder:Drawer"),
    });
    await shop.migrate([parent("Drawer"), child("Drawer")], { renames: ["Folder:Drawer"] });
    expect(await query(`SELECT "label" FROM "drawer"`)).toEqual([{ label: "a" }]);
    expect((await typeormGenerate(shop, [parent("Drawer"), child("Drawer")])).up).toEqual([]);
    await shop.down();
    expect(await query(`SELECT "label" FROM "folder"`)).toEqual([{ label: "a" }]);
    expect(await query(`SELECT "parentId" FROM "child"`)).toEqual([{ parentId: 1 }]);
  });

  test("migrate 10: two columns that look alike are not taken for a rename", async () => {
    const one = entity("Member", { isAdmin: { type: "boolean", default: false } });
    const two = entity("Member", { isBanned: { type: "boolean", default: false } });
    await shop.migrate([one]);
    await query(`INSERT INTO "member" ("isAdmin") VALUES (${isPostgres ? "true" : "1"})`);
    if (!isMariaDb) expect((await typeormGenerate(shop, [two])).up.join()).not.toContain("DEFAULT NULL");
    await expect(shop.generate([two])).rejects.toMatchObject({
      message: expect.stringMatching(
        /1 row has a value[^]*--rename Member\.isAdmin:isBanned[^]*--drop Member\.isAdmin/,
      ),
    });
    await shop.migrate([two], { drops: ["Member.isAdmin"] });
    expect(await query(`SELECT "isBanned" FROM "member"`)).toEqual([{ isBanned: isPostgres ? false : 0 }]);
  });

  test("migrate 11: a column that changes its type keeps its values", async () => {
    const types = (name: string, count: string, note: string, at: string) =>
      entity("Item", {
        name: { type: "varchar", length: name },
        count: { type: count },
        note: { type: note, ...(note === "varchar" && { length: 80 }) },
        at: { type: at, nullable: true },
      });
    const moment = isPostgres ? ["timestamp", "timestamptz"] : ["datetime", isMariaDb ? "timestamp" : "datetime"];
    await shop.migrate([types("50", "int", "varchar", moment[0]!)]);
    await query(`INSERT INTO "item" ("name", "count", "note", "at") VALUES ('Ann', 7, 'x', '2024-01-02 03:04:05')`);
    await shop.migrate([types("100", "bigint", "text", moment[1]!)]);
    const rows = await query(`SELECT "name", "count", "note" FROM "item" WHERE "at" IS NOT NULL`);
    expect(rows).toEqual([{ name: "Ann", count: isPostgres || isMariaDb ? "7" : 7, note: "x" }]);
    await shop.down();
    expect(await query(`SELECT "name", "count", "note" FROM "item" WHERE "at" IS NOT NULL`)).toEqual([
      { name: "Ann", count: 7, note: "x" },
    ]);
  });

  test("migrate 12: a key that changes its type keeps its values, and its children", async () => {
    const tables = (type: string) => [
      bare("Parent", { id: { type, primary: true, generated: "increment" } }),
      entity("Child", {}, { relations: { parent: toOne("Parent", { onDelete: "CASCADE" }) } }),
    ];
    await shop.migrate(tables("int"));
    await query(`INSERT INTO "parent" ("id") VALUES (5), (9)`);
    await query(`INSERT INTO "child" ("parentId") VALUES (9), (5)`);
    // SQLite numbers rows in a column of type INTEGER only.
    if (database.name === "sqlite") return;
    await shop.migrate(tables("bigint"));
    expect(await query(`SELECT "parentId" FROM "child" ORDER BY "id"`)).toEqual([{ parentId: "9" }, { parentId: "5" }]);
    if (isPostgres) await query(`SELECT setval(pg_get_serial_sequence('parent', 'id'), 9)`);
    await query(isPostgres ? `INSERT INTO "parent" DEFAULT VALUES` : `INSERT INTO "parent" VALUES ()`);
    expect(await query(`SELECT "id" FROM "parent" ORDER BY "id"`)).toEqual([{ id: "5" }, { id: "9" }, { id: "10" }]);
    await shop.down();
    expect(await query(`SELECT "parentId" FROM "child" ORDER BY "id"`)).toEqual([{ parentId: 9 }, { parentId: 5 }]);
  });

  test("migrate 13: a value is asked for where rows have none", async () => {
    await shop.migrate([entity("Item", { size: { type: "int", nullable: true } })]);
    await query(`INSERT INTO "item" ("size") VALUES (1), (NULL)`);
    const two = entity("Item", { size: { type: "int" }, name: { type: "varchar", length: 20 } });
    await expect(shop.generate([two])).rejects.toMatchObject({
      message: expect.stringMatching(
        /NULL in 1 row[^]*--backfill Item\.size=VALUE[^]*2 rows need a value[^]*--backfill Item\.name=VALUE/,
      ),
    });
    await shop.migrate([two], {
      backfills: [
        "Item.size=0",
        "Item.name=(concat('n', id))".replace("concat('n', id)", isMariaDb ? "concat('n', id)" : "'n' || id"),
      ],
    });
    expect(await query(`SELECT "size", "name" FROM "item" ORDER BY "id"`)).toEqual([
      { size: 1, name: "n1" },
      { size: 0, name: "n2" },
    ]);
    await shop.down();
  });

  test("migrate 14: a removed entity and a removed view are dropped when told so, and made again on the way back", async () => {
    const item = entity("Item", { name: { type: "varchar", length: 20 } });
    const other = entity(
      "Other",
      { name: { type: "varchar", length: 20, unique: true }, rank: { type: "int", nullable: true } },
      { indices: [{ columns: ["rank"] }], relations: { item: toOne("Item") } },
    );
    const names = view("Names", sql(`SELECT "name" FROM "item"`), ["name"]);
    await shop.migrate([item, other, names]);
    expect((await typeormGenerate(shop, [item, other, names])).up).toEqual([]);
    await query(`INSERT INTO "other" ("name") VALUES ('x')`);
    await expect(shop.generate([item])).rejects.toMatchObject({
      message: expect.stringMatching(/"other" \(1 row\)[^]*--drop other[^]*--drop names/),
    });
    const written = await shop.migrate([item], { drops: ["Other", "Names"] });
    expect(written.losses).toEqual([expect.stringContaining("without its rows (1)")]);
    await shop.down();
    expect(await texts([item, other, names])).toEqual([]);
    expect(await query(`SELECT * FROM "names"`)).toEqual([]);
  });

  test("migrate 15: the condition of an index, the order of its columns, a check's expression, deferrability are seen", async () => {
    const item = (columns: string[], where: string, check: string, deferrable?: string) => [
      entity("Owner", {}),
      entity(
        "Item",
        { a: { type: "int" }, b: { type: "int" } },
        {
          indices: [{ name: "IDX_item", columns, ...(!isMariaDb && { where: sql(where) }) }],
          checks: [{ name: "CHK_item", expression: sql(check) }],
          relations: { owner: toOne("Owner", { deferrable }) },
        },
      ),
    ];
    await shop.migrate(item(["a", "b"], `"a" > 1`, `"a" < 100`));
    expect(await texts(item(["b", "a"], `"a" > 1`, `"a" < 100`))).toHaveLength(2);
    if (!isMariaDb) expect(await texts(item(["a", "b"], `"a" > 2`, `"a" < 100`))).toHaveLength(2);
    expect(await texts(item(["a", "b"], `"a" > 1`, `"a" < 200`))).toHaveLength(2);
    if (!isMariaDb) expect(await texts(item(["a", "b"], `"a" > 1`, `"a" < 100`, "INITIALLY DEFERRED"))).toHaveLength(2);
    await shop.migrate(item(["b", "a"], `"b" > 2`, `"a" < 200`, "INITIALLY DEFERRED"));
    await shop.down();
    expect(await texts(item(["a", "b"], `"a" > 1`, `"a" < 100`))).toEqual([]);
  });

  test("migrate 16: an index that a hand made is asked about, or left alone when it is on the list", async () => {
    const item = entity("Item", { a: { type: "int" } });
    await shop.migrate([item]);
    await query(`CREATE INDEX "by_hand" ON "item" ("a")`);
    expect((await typeormGenerate(shop, [item])).up.join()).toContain("DROP INDEX");
    await expect(shop.generate([item])).rejects.toMatchObject({
      message: expect.stringContaining("--drop Item.by_hand"),
    });
    const context = { ...(await shop.use([item])), settings: { ignore: ["by_*"] } };
    expect(await generate(context)).toEqual({ status: "unchanged" });
    await shop.migrate([item], { drops: ["Item.by_hand"] });
    await shop.down();
    await query(`DROP INDEX "by_hand"${isMariaDb ? ` ON "item"` : ""}`);
  });

  test("migrate 17: quotes, backslashes and the like in defaults, enums and comments", async () => {
    const odd = `it's "odd" \\ \`back\` \${x} é`;
    const item = entity("Item", {
      note: { type: "varchar", length: 60, default: odd, ...(database.name !== "sqlite" && { comment: odd }) },
      state: { type: database.name === "sqlite" ? "simple-enum" : "enum", enum: ["it's", 'a"b', "c"], default: "it's" },
    });
    const theirs = await typeormGenerate(shop, [item]);
    await expect(typeormRun(shop, theirs)).rejects.toThrow();
    await query(`DROP TABLE IF EXISTS "item"`);
    if (isPostgres) await query(`DROP TYPE IF EXISTS "item_state_enum"`);
    await shop.migrate([item]);
    await query(isMariaDb ? `INSERT INTO "item" VALUES ()` : `INSERT INTO "item" DEFAULT VALUES`);
    expect(await query(`SELECT "note", "state" FROM "item"`)).toEqual([{ note: odd, state: "it's" }]);
    expect(await shop.generate([item])).toEqual({ status: "unchanged" });
  });
});
