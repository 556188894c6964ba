import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
afterEach(() => shop.close());

const reading = (type: object) => [entity("Meter", { reading: type })];

/** Rows with these values in the column. */
async function fill(values: readonly string[]): Promise<void> {
  for (const value of values) await shop.query(`INSERT INTO meter (reading) VALUES ('${value}')`);
}

const values = async () =>
  (
    await shop.query(
      `SELECT CAST(reading AS ${shop.dataSource.options.type === "postgres" ? "text" : "char"}) AS value FROM meter ORDER BY id`,
    )
  ).map(({ value }: { value: string | null }) => value);

/** [from, to, values that stay, values that change, values that cannot be converted] */
type Change = readonly [
  from: object,
  to: object,
  kept: readonly string[],
  changed: readonly string[],
  refused: readonly string[],
];

const CHANGES: Readonly<Record<"postgres" | "mariadb", readonly Change[]>> = {
  postgres: [
    [
      { type: "timestamp", precision: 6 },
      { type: "timestamp", precision: 3 },
      ["2025-01-02 03:04:05.678"],
      ["2025-01-02 03:04:05.678901"],
      [],
    ],
    [{ type: "time", precision: 6 }, { type: "time", precision: 0 }, ["03:04:05"], ["03:04:05.5"], []],
    [{ type: "timestamp" }, { type: "date" }, ["2025-01-02 00:00:00"], ["2025-01-02 00:00:01"], []],
    [{ type: "double precision" }, { type: "real" }, ["2.5"], ["16777217.123"], []],
    [{ type: "numeric" }, { type: "int" }, ["12"], ["12.5"], ["123456789012"]],
    [{ type: "bigint" }, { type: "smallint" }, ["12"], [], ["70000"]],
    [{ type: "varchar" }, { type: "int" }, ["12"], ["007"], ["x", "", "1.5"]],
    [{ type: "varchar" }, { type: "boolean" }, ["true"], ["yes"], ["perhaps"]],
    [
      { type: "text" },
      { type: "uuid" },
      ["00000000-0000-4000-8000-00000000000a"],
      ["00000000-0000-4000-8000-00000000000A"],
      ["none"],
    ],
    [{ type: "text" }, { type: "jsonb" }, ['{"a": 1}'], ['{"a":1}'], ["{"]],
    [{ type: "int" }, { type: "boolean" }, ["1"], ["5"], []],
    [{ type: "varchar" }, { type: "enum", enum: ["a", "b"] }, ["a"], [], ["c"]],
    [{ type: "json" }, { type: "jsonb" }, ['{"b": 1}'], [], []],
    [{ type: "varchar", length: "10" }, { type: "text" }, ["abc"], [], []],
    [{ type: "enum", enum: ["5", "x"] }, { type: "int" }, ["5"], [], ["x"]],
    [{ type: "int" }, { type: "smallint" }, ["-32768"], [], ["32768"]],
    [{ type: "date" }, { type: "timestamp" }, ["2025-01-02"], [], []],
    [{ type: "interval" }, { type: "time" }, ["03:04:05"], ["2 days 03:04:05"], []],
    [{ type: "jsonb" }, { type: "varchar", length: "200" }, ['{"a": 1}'], [], []],
    [{ type: "varchar" }, { type: "inet" }, ["10.0.0.1"], ["10.0.0.1/32"], ["host"]],
    [{ type: "text", array: true }, { type: "int", array: true }, ["{1,2}"], ["{01}"], ["{a}"]],
  ],
  mariadb: [
    [
      { type: "datetime", precision: 6 },
      { type: "datetime", precision: 0 },
      ["2025-01-02 03:04:05"],
      ["2025-01-02 03:04:05.678901"],
      [],
    ],
    [
      { type: "decimal", precision: 10, scale: 4 },
      { type: "decimal", precision: 10, scale: 2 },
      ["1.2"],
      ["1.2345"],
      [],
    ],
    [{ type: "decimal", precision: 10, scale: 2 }, { type: "tinyint" }, ["12"], ["12.5"], ["300"]],
    [{ type: "double" }, { type: "float" }, ["2.5"], ["16777217.123"], []],
    [{ type: "varchar" }, { type: "int" }, ["12"], ["007"], ["x", "1.5x"]],
    [{ type: "varchar" }, { type: "date" }, ["2025-01-02"], ["2025-1-2"], ["soon"]],
    [{ type: "datetime" }, { type: "date" }, ["2025-01-02 00:00:00"], ["2025-01-02 00:00:01"], []],
    [{ type: "varchar", length: 10 }, { type: "text" }, ["abc"], [], []],
    [{ type: "datetime" }, { type: "timestamp" }, ["2025-01-02 03:04:05"], [], ["1950-01-01 00:00:00"]],
    [{ type: "varchar" }, { type: "varchar", charset: "latin1" }, ["abc"], [], ["✓"]],
    [{ type: "enum", enum: ["5", "7"] }, { type: "varchar", length: "20" }, ["5"], [], []],
    [{ type: "enum", enum: ["5", "x"] }, { type: "int" }, [], ["5", "x"], []],
    [{ type: "int" }, { type: "smallint" }, ["-32768"], [], ["32768"]],
    [{ type: "int" }, { type: "int", unsigned: true }, ["3"], [], ["-3"]],
    [{ type: "time", precision: 6 }, { type: "time" }, ["03:04:05"], ["03:04:05.5"], []],
    [{ type: "text" }, { type: "json" }, ['{"a": 1}'], [], ["{"]],
    [
      { type: "varchar" },
      { type: "uuid" },
      ["00000000-0000-4000-8000-00000000000a"],
      ["00000000-0000-4000-8000-00000000000A"],
      ["none"],
    ],
  ],
};

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
    });

    test.each(CHANGES[kind.name as "postgres"])(
      "migrate promise 1: %j becomes %j: counted by the values",
      async (from, to, kept, changed, refused) => {
        await shop.migrate(reading({ ...from, nullable: true }));
        await fill([...kept, ...changed, ...refused]);
        const before = await values();
        const generate = (drops: string[] = []) =>
          shop.generate(reading({ ...to, nullable: true }), { resolutions: { drops } });
        const count = changed.length + refused.length;
        if (count === 0) {
          await shop.migrate(reading({ ...to, nullable: true }));
          await shop.down();
          expect(await values()).toEqual(before);
          return;
        }
        const what =
          refused.length > 0
            ? `the value of ${refused.length} rows? cannot be converted`
            : `changes the value of ${count} row`;
        await expect(generate()).rejects.toMatchObject({
          code: "migrate/unanswered",
          message: expect.stringMatching(
            new RegExp(
              `"reading" of "meter" becomes .*${what}.*\n *SELECT \\* FROM .meter. WHERE .*--drop Meter\\.reading`,
              "s",
            ),
          ) as string,
        });
        await shop.migrate(reading({ ...to, nullable: true }), { drops: ["Meter.reading"] });
        expect(await values()).toHaveLength(before.length);
        expect((await values()).slice(kept.length + changed.length)).toEqual(refused.map(() => null));
        await shop.down();
      },
    );

    test("migrate promise 1: values that cannot be converted get the one that --backfill gives; a NOT NULL column needs it", async () => {
      await shop.migrate(reading({ type: "varchar" }));
      await fill(["x", "12"]);
      const generate = (resolutions: object) => shop.generate(reading({ type: "int" }), { resolutions });
      await expect(generate({})).rejects.toMatchObject({
        message: expect.stringContaining("--backfill Meter.reading=VALUE") as string,
      });
      await expect(generate({ drops: ["Meter.reading"] })).rejects.toMatchObject({
        code: expect.stringMatching("migrate/") as string,
      });
      await shop.migrate(reading({ type: "int" }), { backfills: ["Meter.reading=-1"] });
      expect(await values()).toEqual(["-1", "12"]);
      await shop.down();
      expect(await values()).toEqual(["-1", "12"]);
    });
  },
  ["postgres", "mariadb"],
);

eachDatabase(
  (kind) => {
    const tags = (...list: string[]) => [entity("Post", { tags: { type: "enum", enum: list, array: true } })];

    test("migrate promise 1: a value that goes is taken out of the arrays, or renamed, when that was said", async () => {
      shop = await Workshop.open(kind);
      await shop.migrate(tags("a", "b"));
      await shop.query("INSERT INTO post (tags) VALUES ('{a,b}'), ('{b,b}'), ('{a}'), ('{}')");
      await expect(shop.generate(tags("a"))).rejects.toMatchObject({
        message: expect.stringMatching(
          /"tags" of "post" has a value in 2 rows that its enum no longer allows \(b\)[^]*--drop Post\.tags\.b/,
        ) as string,
      });
      await shop.migrate(tags("a"), { drops: ["Post.tags.b"] });
      const rows = async () =>
        (await shop.query("SELECT tags::text AS tags FROM post ORDER BY id")).map((row: { tags: string }) => row.tags);
      expect(await rows()).toEqual(["{a}", "{}", "{a}", "{}"]);
      await shop.down();
      await shop.query("UPDATE post SET tags = '{b,a}'");
      await shop.migrate(tags("a", "c"), { renames: ["Post.tags.b:c"] });
      expect(await rows()).toEqual(["{c,a}", "{c,a}", "{c,a}", "{c,a}"]);
      await shop.down();
      expect(await rows()).toEqual(["{b,a}", "{b,a}", "{b,a}", "{b,a}"]);
    });
  },
  ["postgres"],
);
