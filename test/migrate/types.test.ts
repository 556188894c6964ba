import { type EntitySchema } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { bare, entity, toOne, view } from "../helpers/entities/schemas";
import { typeormGenerate } from "./typeorm-tool";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
afterEach(() => shop.close());

/** Generates, applies, and expects that neither Retort nor TypeORM's own tool finds anything left. */
async function settles(entities: EntitySchema[]): Promise<void> {
  await shop.migrate(entities);
  expect(await shop.generate(entities)).toEqual({ status: "unchanged" });
  await shop.down();
  await shop.migrate(entities);
}

/** Types that come with an extension which is not installed everywhere, or need arguments of their own. */
const APART = ["geometry", "geography", "vector", "halfvec", "enum", "set"];

eachDatabase((kind) => {
  beforeEach(async () => {
    shop = await Workshop.open(kind);
  });

  test("migrate promise 3: every type, with and without length, precision, scale, default and NULL", async () => {
    const { dataSource } = await shop.use([]);
    const { driver } = dataSource;
    const spatial = new Set<unknown>(driver.spatialTypes);
    const types = [...new Set(driver.supportedDataTypes)].filter(
      (type) => !APART.includes(type as string) && !spatial.has(type),
    );
    const columns: Record<string, object> = {};
    for (const [at, type] of types.entries()) {
      const isBare = kind.name === "postgres" && ["interval", "numeric", "decimal"].includes(type as string);
      // MySQL's approximate numbers take no precision alone.
      const isLoose = kind.name === "mariadb" && /float|double|real/.test(String(type));
      columns[`plain${at}`] = { type, nullable: at % 2 === 0 };
      if (driver.withLengthColumnTypes.includes(type)) columns[`long${at}`] = { type, length: "20", nullable: true };
      if (driver.withPrecisionColumnTypes.includes(type) && !isBare && !isLoose)
        columns[`exact${at}`] = { type, precision: /time/.test(String(type)) ? 3 : 6, nullable: true };
      if (driver.withScaleColumnTypes.includes(type))
        columns[`scaled${at}`] = { type, precision: 10, scale: 2, nullable: true, default: "0.00" };
    }
    await settles([entity("Everything", columns)]);
  });

  test("migrate promise 3: every kind of default", async () => {
    const json = kind.name === "sqlite" ? "simple-json" : "json";
    await settles([
      entity("Defaults", {
        number: { type: "int", default: -5 },
        decimal: { type: "decimal", precision: 10, scale: 2, default: 0 },
        fraction: { type: "decimal", precision: 10, scale: 2, default: "0.00" },
        text: { type: "varchar", length: 50, default: "it's" },
        empty: { type: "varchar", length: 50, default: "" },
        digits: { type: "varchar", length: 50, default: "007" },
        yes: { type: Boolean, default: true },
        no: { type: Boolean, default: false },
        none: { type: "int", nullable: true, default: null },
        now: { type: kind.name === "sqlite" ? "datetime" : "timestamp", default: () => "CURRENT_TIMESTAMP" },
        day: { type: "date", default: "2020-01-02" },
        hour: { type: "time", default: "09:00" },
        document: {
          type: json,
          nullable: true,
          ...(kind.name !== "sqlite" && {
            default: kind.name === "mariadb" ? () => `('{"a":"it\\'\\'s"}')`.replaceAll("\\'", "'") : { a: "it's" },
          }),
        },
        expression: { type: "int", default: () => "(1 + 2)" },
        created: { type: Date, createDate: true },
        updated: { type: Date, updateDate: true },
        deleted: { type: Date, deleteDate: true, nullable: true },
        version: { type: "int", version: true },
        state: { type: kind.name === "sqlite" ? "simple-enum" : "enum", enum: ["a", "it's", "c d"], default: "it's" },
        number_state: { type: kind.name === "sqlite" ? "simple-enum" : "enum", enum: [1, 2], default: 1 },
        list: { type: "simple-array", nullable: true },
      }),
    ]);
  });

  test("migrate promise 3: keys, uniques, indexes, checks, relations and trees of every sort", async () => {
    await settles([
      bare("Uuid", {
        id: { type: "uuid", primary: true, generated: "uuid" },
        name: { type: "varchar", length: 40, unique: true },
      }),
      bare("Natural", { code: { type: "varchar", length: 10, primary: true }, part: { type: "int", primary: true } }),
      entity("Owner", { name: { type: "varchar", length: 40 } }, { indices: [{ columns: ["name"] }] }),
      entity(
        "Thing",
        { a: { type: "int" }, b: { type: "int" }, c: { type: "varchar", length: 100 } },
        {
          uniques: [{ columns: ["a", "b"] }, { name: "named", columns: ["b", "c"] }],
          indices: [{ columns: ["c", "a"] }, { name: "by_b", columns: ["b"], unique: true }],
          checks: [
            { expression: kind.name === "mariadb" ? "`a` > 0 and `b` in (1, 2, 3)" : `"a" > 0 and "b" in (1, 2, 3)` },
          ],
          relations: {
            owner: toOne("Owner", { onDelete: "CASCADE", onUpdate: "CASCADE" }),
            uuid: { type: "one-to-one", target: "Uuid", joinColumn: true, nullable: true, onDelete: "SET NULL" },
            natural: toOne("Natural", {
              joinColumn: [
                { name: "n_code", referencedColumnName: "code" },
                { name: "n_part", referencedColumnName: "part" },
              ],
              nullable: true,
            }),
            owners: { type: "many-to-many", target: "Owner", joinTable: true },
            named: { type: "many-to-many", target: "Natural", joinTable: { name: "thing_natural" } },
          },
        },
      ),
      entity(
        "Node",
        { label: { type: "varchar", length: 20 } },
        {
          relations: {
            parent: toOne("Node", { inverseSide: "children", treeParent: true, nullable: true }),
            children: { type: "one-to-many", target: "Node", inverseSide: "parent", treeChildren: true },
          },
          trees: [{ type: "closure-table" }],
        },
      ),
      view(
        "Labels",
        kind.name === "mariadb" ? "SELECT `label` AS `label` FROM `node`" : `SELECT "label" AS "label" FROM "node"`,
        ["label"],
      ),
    ]);
    expect((await typeormGenerate(shop, [])).up).toEqual([]);
  });
});

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });

    test("migrate 18: expressions that PostgreSQL prints otherwise", async () => {
      const { dataSource } = await shop.use([]);
      await dataSource.query(
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS pgcrypto',
      );
      const long = "a_name_that_is_longer_than_the_sixty_three_characters_that_identifiers_may_have";
      await settles([
        entity(
          "Odd",
          {
            utc: { type: "timestamp", default: () => "now() at time zone 'utc'" },
            tomorrow: { type: "timestamptz", default: () => "now() + interval '1 day'" },
            document: { type: "jsonb", default: () => "'{}'::jsonb" },
            object: { type: "jsonb", default: { b: 1, a: ["it's"] } },
            names: { type: "text", array: true, default: () => "ARRAY[]::text[]" },
            tags: { type: "text", array: true, default: ["a b", "it's", 'q"q', "plain"] },
            numbers: { type: "int", array: true, default: [] },
            price: { type: "numeric", precision: 10, scale: 2, default: "0.00" },
            key: { type: "uuid", default: () => "gen_random_uuid()" },
            opens: { type: "time", default: "09:00" },
            label: { type: "citext", nullable: true, unique: true },
            [long]: { type: "int", nullable: true },
            kinds: { type: "enum", enum: ["x", "y z", "it's"], array: true, default: ["x", "it's"] },
            whole: {
              type: "varchar",
              length: 90,
              generatedType: "STORED",
              asExpression: `"label"::text || ' x'`,
              nullable: true,
            },
            numbered: { type: "int", generated: "identity", generatedIdentity: "ALWAYS" },
            words: { type: "tsvector", nullable: true },
          },
          {
            comment: "it's odd",
            checks: [{ expression: `"price" >= 0 AND "opens" BETWEEN '08:00' AND '10:00'` }],
            indices: [
              { name: "IDX_words", columns: ["words"], type: "gin" },
              { columns: ["price"], where: `"price" > 0 AND "label" IS NOT NULL` },
            ],
            exclusions: [{ expression: `USING gist (tsrange("utc", "utc" + interval '1 day') WITH &&)` }],
          },
        ),
      ]);
      expect((await shop.generate([entity("Plain", {})], { resolutions: { drops: ["odd"] } })).status).toBe("written");
    });

    test("migrate 19: one enum in two tables, a new value as the default, a renamed value with rows, there and back", async () => {
      const both = (values: string[], value: string) => [
        entity("Cat", {
          mood: { type: "enum", enum: values, enumName: "mood", default: value },
          moods: { type: "enum", enum: values, enumName: "mood", array: true, nullable: true },
        }),
        entity("Dog", { mood: { type: "enum", enum: values, enumName: "mood", default: value } }),
        entity("Cow", { mood: { type: "enum", enum: values, enumName: "mood", default: "sad" } }),
      ];
      await settles(both(["glad", "sad"], "glad"));
      await shop.query(`INSERT INTO "cat" ("moods") VALUES ('{glad,sad}')`);
      await shop.query(`INSERT INTO "dog" ("mood") VALUES ('sad')`);
      await shop.migrate(both(["glad", "sad", "calm"], "calm"));
      await shop.query(`INSERT INTO "dog" DEFAULT VALUES`);
      await shop.query(`INSERT INTO "cow" DEFAULT VALUES`);
      expect(await shop.query(`SELECT "mood" FROM "dog" ORDER BY "id"`)).toEqual([{ mood: "sad" }, { mood: "calm" }]);
      expect(await shop.query(`SELECT "mood" FROM "cow"`)).toEqual([{ mood: "sad" }]);
      await shop.migrate(both(["happy", "sad", "calm"], "happy"), { renames: ["Cat.mood.glad:happy"] });
      expect(await shop.query(`SELECT "mood", "moods" FROM "cat"`)).toEqual([{ mood: "happy", moods: "{happy,sad}" }]);
      await shop.down();
      await shop.query(`DELETE FROM "dog" WHERE "mood" = 'calm'`);
      await shop.down();
      expect(await shop.query(`SELECT "mood", "moods" FROM "cat"`)).toEqual([{ mood: "glad", moods: "{glad,sad}" }]);
    });

    test("migrate 20: a column under a view changes; views over views, hand-made and materialised ones too", async () => {
      const item = (length: number, more: object = {}) =>
        entity("Item", { name: { type: "varchar", length }, ...more });
      const names = view("Names", `SELECT "name" FROM "item"`, ["name"]);
      await shop.migrate([item(20), names]);
      await shop.query(`CREATE VIEW "by_hand" AS SELECT upper("name"::text) AS "loud" FROM "names"`);
      await shop.query(`CREATE MATERIALIZED VIEW "kept" AS SELECT "name" FROM "item"`);
      await shop.query(`CREATE UNIQUE INDEX "kept_name" ON "kept" ("name")`);
      await shop.query(`INSERT INTO "item" ("name") VALUES ('Ann')`);
      await shop.migrate([item(40), names]);
      expect(await shop.query(`SELECT * FROM "by_hand"`)).toEqual([{ loud: "ANN" }]);
      expect(await shop.query(`SELECT 1 AS "found" FROM pg_indexes WHERE indexname = 'kept_name'`)).toHaveLength(1);
      await shop.down();
      expect(await shop.query(`SELECT * FROM "by_hand"`)).toEqual([{ loud: "ANN" }]);
    });
  },
  ["postgres"],
);

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });

    test("migrate 18: expressions that MariaDB prints otherwise", async () => {
      await settles([
        entity(
          "Odd",
          {
            key: { type: "varchar", length: 36, default: () => "(uuid())" },
            day: { type: "date", default: () => "(CURRENT_DATE)" },
            document: { type: "json", default: () => "('{}')" },
            moment: {
              type: "datetime",
              precision: 6,
              default: () => "CURRENT_TIMESTAMP(6)",
              onUpdate: "CURRENT_TIMESTAMP(6)",
            },
            state: { type: "enum", enum: ["it's", "b"], default: "it's" },
            several: { type: "set", enum: ["a", "it's"], default: ["a"] },
            total: { type: "int", unsigned: true },
            doubled: { type: "int", asExpression: "`total` * 2", generatedType: "STORED" },
            virtual: { type: "int", asExpression: "`total` + 1", generatedType: "VIRTUAL" },
            name: { type: "varchar", length: 20, charset: "latin1", collation: "latin1_bin" },
            spot: { type: "point" },
            words: { type: "text" },
          },
          {
            comment: "it's odd",
            indices: [
              { name: "IDX_words", columns: ["words"], fulltext: true },
              { name: "IDX_spot", columns: ["spot"], spatial: true },
            ],
          },
        ),
      ]);
    });

    test("migrate 20: a check is emitted, changed and taken back", async () => {
      const item = (least: number) =>
        entity(
          "Item",
          { size: { type: "int" } },
          { checks: [{ name: "CHK_size", expression: `\`size\` > ${least}` }] },
        );
      await shop.migrate([item(0)]);
      await expect(shop.query("INSERT INTO item (size) VALUES (0)")).rejects.toThrow("CHK_size");
      await shop.migrate([item(5)]);
      await expect(shop.query("INSERT INTO item (size) VALUES (3)")).rejects.toThrow("CHK_size");
      await shop.down();
      await shop.query("INSERT INTO item (size) VALUES (3)");
    });
  },
  ["mariadb"],
);
