import { EntitySchema, type EntitySchemaColumnOptions } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { Workshop, type Written } from "../helpers/workshop";

const id: EntitySchemaColumnOptions = { type: Number, primary: true };

function person(columns: Record<string, EntitySchemaColumnOptions>, more: object = {}) {
  return new EntitySchema({ name: "Person", tableName: "person", columns: { id, ...columns }, ...more });
}

/** The statements of one direction, on one line each. */
function statements({ text }: Written, direction: "up" | "down"): string[] {
  const [up, down] = text.split(/async down/) as [string, string];
  const method = direction === "up" ? up : down;
  return [...method.matchAll(/queryRunner\.query\(`([\s\S]*?)`\)/g)].map(([, sql]) =>
    sql!.replace(/\\`/g, "`").replace(/\s+/g, " ").trim(),
  );
}

const alterations = (written: Written, direction: "up" | "down") =>
  statements(written, direction).filter((sql) => sql.startsWith("ALTER TABLE"));

eachDatabase(
  (kind) => {
    const isPostgres = kind.name === "postgres";
    const text = isPostgres ? "character varying" : "varchar";
    let shop: Workshop;
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });
    afterEach(() => shop.close());

    test("migrate promise 9: nine changes of one table are one ALTER TABLE, up and down, and the rows are right", async () => {
      const before = person({
        a: { type: "int" },
        b: { type: "int", default: 1 },
        c: { type: text, length: 10, nullable: true },
        d: { type: "int", nullable: true },
        e: { type: text, length: 20 },
        gone: { type: "int", nullable: true },
      });
      const after = person(
        {
          a: { type: "bigint" },
          b: { type: "bigint", default: 2 },
          c: { type: text, length: 30, nullable: true },
          d: { type: "int" },
          e: { type: "text" },
          f: { type: "int", nullable: true },
          g: { type: "int", default: 7 },
          h: { type: text, length: 5, unique: true, nullable: true },
        },
        { checks: [{ name: "CHK_a", expression: "a > 0" }] },
      );
      await shop.migrate([before]);
      await shop.query(
        "INSERT INTO person (id, a, b, c, d, e, gone) VALUES (1, 10, 20, 'c', 4, 'e', 9), (2, 11, 21, NULL, 5, 'f', NULL)",
      );
      const written = await shop.migrate([after], { drops: ["Person.gone"] });
      expect(alterations(written, "up")).toHaveLength(1);
      expect(alterations(written, "down")).toHaveLength(1);
      const rows = await shop.query("SELECT * FROM person ORDER BY id");
      expect(rows).toMatchObject([
        { id: 1, b: expect.anything() as unknown, c: "c", d: 4, e: "e", f: null, g: 7, h: null },
        { id: 2, c: null, d: 5, e: "f", g: 7 },
      ]);
      expect(rows.map(({ a, b }: Record<string, unknown>) => [Number(a), Number(b)])).toEqual([
        [10, 20],
        [11, 21],
      ]);
      await shop.down();
      expect(await shop.query("SELECT id, a, b, c, d, e FROM person ORDER BY id")).toMatchObject([
        { id: 1, a: 10, b: 20, c: "c", d: 4, e: "e" },
        { id: 2, a: 11, b: 21, c: null, d: 5, e: "f" },
      ]);
      expect((await shop.check([before])).agrees).toBe(true);
    });

    test("migrate promise 9: a rename stays a statement of its own, in its place", async () => {
      await shop.migrate([person({ a: { type: "int" }, b: { type: "int" } })]);
      const written = await shop.migrate([person({ one: { type: "bigint" }, b: { type: "bigint" } })], {
        renames: ["Person.a:one"],
      });
      expect(alterations(written, "up")).toHaveLength(2);
      await shop.down();
    });

    test("migrate promise 9: new columns of filled tables are one change, whatever their values are", async () => {
      await shop.migrate([person({ a: { type: "int" } })]);
      await shop.query("INSERT INTO person (id, a) VALUES (1, 10), (2, 11)");
      const written = await shop.migrate(
        [person({ a: { type: "int" }, x: { type: "int" }, y: { type: text, length: 5 }, z: { type: "int" } })],
        { backfills: ["Person.x=5", "Person.y=it's", "Person.z=(a + 1)"] },
      );
      // One adds the columns; their own defaults, and NOT NULL where a value is computed, come when the values are there.
      expect(alterations(written, "up")).toHaveLength(isPostgres ? 3 : 2);
      expect(alterations(written, "down")).toHaveLength(1);
      expect(await shop.query("SELECT id, x, y, z FROM person ORDER BY id")).toMatchObject([
        { id: 1, x: 5, y: "it's", z: 11 },
        { id: 2, x: 5, y: "it's", z: 12 },
      ]);
    });

    test("migrate promise 9: foreign keys of two tables that change together are created when both are ready", async () => {
      const team = (type: "int" | "bigint") =>
        new EntitySchema({ name: "Team", tableName: "team", columns: { id: { type, primary: true } } });
      const member = (type: "int" | "bigint", extra: Record<string, EntitySchemaColumnOptions> = {}) =>
        new EntitySchema<any>({
          name: "Member",
          tableName: "member",
          columns: { id, teamId: { type }, ...extra },
          relations: { team: { type: "many-to-one", target: "Team", joinColumn: { name: "teamId" } } },
        });
      await shop.migrate([team("int"), member("int")]);
      await shop.query("INSERT INTO team VALUES (1)");
      await shop.query(
        isPostgres
          ? `INSERT INTO member (id, "teamId") VALUES (1, 1)`
          : "INSERT INTO member (id, teamId) VALUES (1, 1)",
      );
      await shop.migrate([team("bigint"), member("bigint", { note: { type: "int", nullable: true } })]);
      await shop.down();
      expect((await shop.check([team("int"), member("int")])).agrees).toBe(true);
      expect(await shop.query("SELECT * FROM member")).toHaveLength(1);
    });
  },
  ["postgres", "mariadb"],
);
