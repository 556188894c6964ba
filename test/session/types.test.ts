import { Column, Entity, PrimaryGeneratedColumn, type ColumnOptions } from "typeorm";
import { type ValueError } from "../../src";
import { eachDatabase, type DatabaseName } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

/** Values that a column takes: as they are read, or what was written and what is read of it, which says the same. */
type Good = readonly unknown[];
/** Values that would be read as others, or not at all, and why each is refused. */
type Bad = readonly (readonly [value: unknown, reason: string])[];

interface Kind {
  readonly options: ColumnOptions;
  readonly good: Good;
  readonly bad?: Bad;
  /** Only there; everywhere when not said. */
  readonly on?: readonly DatabaseName[];
}

class As {
  constructor(
    readonly written: unknown,
    readonly read: unknown,
  ) {}
}
const as = (written: unknown, read: unknown): As => new As(written, read);

const millennium = new Date("2000-01-01T00:00:00.123Z");
const second = new Date("2020-02-29T12:34:56.000Z");
const cycle: Record<string, unknown> = { a: {} };
cycle["a"] = { b: cycle };
const DATE_TYPE: Record<DatabaseName, ColumnOptions["type"]> = {
  sqlite: "datetime",
  postgres: "timestamptz",
  mariadb: "datetime",
};

/** Columns of every kind on a database. */
function kindsOn(on: DatabaseName): Record<string, Kind> {
  const servers = on !== "sqlite";
  /** bigint is read as a text, by better-sqlite3 as a number where it is one. */
  const long = (text: string): unknown => (servers || !Number.isSafeInteger(Number(text)) ? text : Number(text));
  const decimal = (text: string): unknown => (servers ? text : Number(text));
  return {
    integer: {
      options: { type: "int" },
      good: [0, -7, 2_147_483_647, -2_147_483_648, as("42", 42)],
      bad: [
        [NaN, "not-a-number"],
        [Infinity, "out-of-range"],
        [1.5, "inexact"],
        ["abc", "wrong-type"],
        ["1.5", "wrong-type"],
        ["", "wrong-type"],
        [{}, "wrong-type"],
        [new Date(), "wrong-type"],
        [2 ** 64, "out-of-range"],
        ...(servers ? ([[2_147_483_648, "out-of-range"]] as const) : ([] as const)),
      ],
    },
    plainNumber: {
      options: { type: Number },
      good: [0, 5, -5],
      bad: [
        [0.5, "inexact"],
        [NaN, "not-a-number"],
      ],
    },
    small: {
      options: { type: "smallint" },
      good: [32_767, -32_768],
      bad: [
        [32_768, "out-of-range"],
        [-32_769, "out-of-range"],
      ],
    },
    long: {
      options: { type: "bigint" },
      good: [
        as(0, long("0")),
        as("9007199254740993", "9007199254740993"),
        as("-9223372036854775808", "-9223372036854775808"),
        as(9_223_372_036_854_775_807n, "9223372036854775807"),
        as(5n, long("5")),
        as(Number.MAX_SAFE_INTEGER, long("9007199254740991")),
      ],
      bad: [
        [2 ** 53, "inexact"],
        ["9223372036854775808", "out-of-range"],
        [-(2n ** 63n) - 1n, "out-of-range"],
        ["1e3", "wrong-type"],
      ],
    },
    float: {
      options: { type: servers ? "double precision" : "double" },
      good: [0.1, -1e-300, 1.7976931348623157e308, 123456789.12345679, as("0.5", 0.5)],
      bad: [
        [NaN, "not-a-number"],
        ["x", "wrong-type"],
        ["0.12345678901234567890", "inexact"],
        ...(on === "mariadb" ? ([[Infinity, "out-of-range"]] as const) : ([] as const)),
      ],
    },
    infinite: { options: { type: "double precision" }, good: [Infinity, -Infinity], on: ["sqlite", "postgres"] },
    single: {
      options: { type: on === "postgres" ? "real" : "float" },
      good: [0.5, 0.1, 1234.5, -0.25],
      bad: [
        [0.123456789, "inexact"],
        [1e-50, "inexact"],
        [16_777_217, "inexact"],
      ],
      on: ["postgres", "mariadb"],
    },
    price: {
      options: { type: "decimal", precision: 10, scale: 2 },
      good: [as("12345678.90", decimal("12345678.90")), as(9.99, decimal("9.99")), as("-0.01", decimal("-0.01"))],
      bad: [
        ["0.001", "inexact"],
        [0.001, "inexact"],
        ["123456789.00", "out-of-range"],
        ["twelve", "wrong-type"],
        [NaN, "not-a-number"],
        [Infinity, "out-of-range"],
      ],
    },
    exact: {
      options: { type: "decimal", precision: 30, scale: 10 },
      good: servers ? ["12345678901234567890.0123456789", "-0.0000000001"] : [as("0.5", 0.5)],
      bad: [servers ? ["0.01234567891", "inexact"] : ["12345678901234567890.5", "inexact"]],
    },
    plainDecimal: {
      options: { type: "numeric" },
      good: [as("7", decimal("7"))],
      bad: [on === "mariadb" ? ["0.5", "inexact"] : ["", "wrong-type"]],
    },
    flag: {
      options: { type: "boolean" },
      good: [true, false],
      bad: [
        [1, "wrong-type"],
        ["true", "wrong-type"],
      ],
    },
    text: {
      options: { type: "varchar", length: 5 },
      good: ["", "abcde", "žluť!", "👩‍🚀ab", " a ", "it's"],
      bad: [
        ["abcdef", "too-long"],
        ["🦊🦊🦊🦊🦊🦊", "too-long"],
        [5, "wrong-type"],
        [true, "wrong-type"],
        [{ toString: () => "a" }, "wrong-type"],
        ["\ud800", "inexact"],
        ...(on === "postgres" ? ([["a\0b", "wrong-type"]] as const) : ([] as const)),
      ],
    },
    long_text: { options: { type: "text" }, good: ["", "x".repeat(60_000), "line\nline\r\n\t\\ \" ' %_"] },
    tiny_text: {
      options: { type: "tinytext" },
      good: ["x".repeat(255)],
      bad: [
        ["x".repeat(256), "too-long"],
        ["ž".repeat(128), "too-long"],
      ],
      on: ["mariadb"],
    },
    letters: {
      options: { type: on === "sqlite" ? "character" : "char", length: 4 },
      good: ["abcd", "ab", ""],
      bad: [["abcde", "too-long"], ...(servers ? ([["ab ", "inexact"]] as const) : ([] as const))],
    },
    uuid: {
      options: { type: "uuid" },
      good: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
      ...(servers
        ? {
            bad: [
              ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "inexact"],
              ["no uuid", "wrong-type"],
            ] as const,
          }
        : {}),
    },
    bytes: {
      options: { type: on === "postgres" ? "bytea" : "blob" },
      good: [
        Buffer.from([0, 1, 255, 39, 92]),
        Buffer.alloc(0),
        as(new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])),
        as(new Uint8Array([9, 1, 2, 9]).subarray(1, 3), Buffer.from([1, 2])),
      ],
      bad: [[{ 0: 1 }, "wrong-type"], ...(servers ? ([["text", "wrong-type"]] as const) : ([] as const))],
    },
    few_bytes: {
      options: { type: "varbinary", length: 2 },
      good: [Buffer.from([1]), Buffer.from([1, 0])],
      bad: [[Buffer.alloc(3), "too-long"]],
      on: ["mariadb"],
    },
    fixed_bytes: {
      options: { type: "binary", length: 2 },
      good: [Buffer.from([1, 0])],
      bad: [[Buffer.from([1]), "inexact"]],
      on: ["mariadb"],
    },
    moment: {
      options: { type: DATE_TYPE[on]!, precision: servers ? 3 : null },
      good: [
        millennium,
        new Date("1969-12-31T23:59:59.999Z"),
        new Date("1753-01-01T00:00:00.001Z"),
        new Date("9999-12-31T23:59:59.999Z"),
        ...(on === "mariadb" ? [] : [new Date("0099-06-05T04:03:02.001Z")]),
        as("2020-02-29T12:34:56.789Z", new Date("2020-02-29T12:34:56.789Z")),
      ],
      bad: [
        [new Date(NaN), "invalid-date"],
        ["yesterday", "invalid-date"],
        [5, "wrong-type"],
        ...(on === "postgres" ? ([] as const) : ([[new Date("+012345-01-01T00:00:00Z"), "out-of-range"]] as const)),
        ...(on === "mariadb" ? ([[new Date("0999-01-01T00:00:00Z"), "out-of-range"]] as const) : ([] as const)),
      ],
    },
    whole_seconds: {
      options: { type: on === "postgres" ? "timestamp" : "datetime", precision: 0 },
      good: [second, as(millennium, new Date("2000-01-01T00:00:00.000Z"))],
      on: ["postgres", "mariadb"],
    },
    plainDate: { options: { type: Date }, good: on === "mariadb" ? [second] : [second, millennium] },
    short_time: {
      options: { type: "timestamp", precision: 3 },
      good: [millennium],
      bad: [[new Date("2040-01-01T00:00:00Z"), "out-of-range"]],
      on: ["mariadb"],
    },
    day: {
      options: { type: "date" },
      good: ["2020-02-29", "1800-01-01", as(new Date(2020, 1, 29, 12), "2020-02-29")],
      bad: [
        ["2021-02-29", "invalid-date"],
        ["today", "invalid-date"],
        ["29.2.2020", "invalid-date"],
        [new Date(NaN), "invalid-date"],
      ],
    },
    time: {
      options: { type: "time" },
      good: [
        "00:00:00",
        "23:59:59",
        ...(on === "mariadb" ? [as("10:00:00.5", "10:00:00"), as("10:01", "10:01:00")] : []),
      ],
      bad: [
        ["25:00", on === "mariadb" ? "" : "wrong-type"],
        ["noon", "wrong-type"],
      ].filter(([, reason]) => reason !== "") as unknown as Bad,
    },
    choice: {
      options: { type: servers ? "enum" : "simple-enum", enum: ["red", "light green"] },
      good: ["red", "light green"],
      bad: [
        ["Red", "wrong-type"],
        ["blue", "wrong-type"],
        [1, "wrong-type"],
      ],
    },
    numbered_choice: { options: { type: "simple-enum", enum: [1, 2] }, good: [1, 2], bad: [[3, "wrong-type"]] },
    set: {
      options: { type: "set", enum: ["a", "b", "c"] },
      good: [["a", "c"], []],
      bad: [
        [["a", "d"], "wrong-type"],
        [["a", "a"], "inexact"],
      ],
      on: ["mariadb"],
    },
    list: {
      options: { type: "simple-array" },
      good: [[], ["a", "b c", "ž'\""]],
      bad: [
        [[1, 2], "inexact"],
        [["a,b"], "inexact"],
        [[""], "inexact"],
        ["a", "wrong-type"],
      ],
    },
    simple_json: {
      options: { type: "simple-json" },
      good: [{ a: [1, "2", null, { b: true }] }, [], "text", "123", 0, false, "", { n: 0.1 }],
      bad: [
        [cycle, "cyclic"],
        [{ a: NaN }, "not-a-number"],
        [{ a: 5n }, "inexact"],
        [[undefined], "inexact"],
        [new Map([[1, 2]]), "inexact"],
        [{ f: () => 1 }, "inexact"],
        [{ at: new Date(NaN) }, "invalid-date"],
      ],
    },
    json: {
      options: { type: on === "postgres" ? "jsonb" : "json" },
      good: [{ a: [1, "2", null, { b: true }], ž: "🦊" }, [], "text", "123", "null", 0, false, ""],
      bad: [[cycle, "cyclic"]],
    },
    unsigned: {
      options: { type: "int", unsigned: true },
      good: [0, 4_294_967_295],
      bad: [
        [-1, "out-of-range"],
        [4_294_967_296, "out-of-range"],
      ],
      on: ["mariadb"],
    },
    unsigned_long: {
      options: { type: "bigint", unsigned: true },
      good: ["18446744073709551615"],
      bad: [["-1", "out-of-range"]],
      on: ["mariadb"],
    },
    tiny: {
      options: { type: "tinyint" },
      good: [127, -128, as(true, 1)],
      bad: [[128, "out-of-range"]],
      on: ["mariadb"],
    },
    bits: {
      options: { type: "bit" },
      good: [Buffer.from([1]), Buffer.from([0])],
      bad: [[1, "wrong-type"]],
      on: ["mariadb"],
    },
    texts: {
      options: { type: "text", array: true },
      good: [[], ["a,b", 'c"d', "", "{}", "NULL", null], [["a"], ["b"]]],
      bad: [
        ["a", "wrong-type"],
        [[1], "wrong-type"],
        [[undefined], "inexact"],
      ],
      on: ["postgres"],
    },
    integers: {
      options: { type: "int", array: true },
      good: [[1, null, -2]],
      bad: [[[1, NaN], "not-a-number"]],
      on: ["postgres"],
    },
    longs: { options: { type: "bigint", array: true }, good: [["9007199254740993"]], on: ["postgres"] },
    flags: { options: { type: "boolean", array: true }, good: [[true, false]], on: ["postgres"] },
    moments: { options: { type: "timestamptz", array: true }, good: [[millennium]], on: ["postgres"] },
    uuids: {
      options: { type: "uuid", array: true },
      good: [["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
      on: ["postgres"],
    },
    choices: {
      options: { type: "enum", enum: ["x", "y z"], array: true },
      good: [["y z", "x"], []],
      bad: [[["w"], "wrong-type"]],
      on: ["postgres"],
    },
  };
}

function entityOf(kinds: Record<string, Kind>): new () => Record<string, unknown> {
  class Sheet {
    [property: string]: unknown;
  }
  Entity("sheet")(Sheet);
  PrimaryGeneratedColumn()(Sheet.prototype, "id");
  for (const [name, { options }] of Object.entries(kinds))
    Column({ ...options, nullable: true })(Sheet.prototype, name);
  return Sheet;
}

eachDatabase((database) => {
  const all = kindsOn(database.name);
  const kinds = Object.fromEntries(Object.entries(all).filter(([, { on }]) => !on || on.includes(database.name)));
  const Sheet = entityOf(kinds);
  const bench = benchOn(database, { entities: [Sheet] });
  const values = Object.entries(kinds).flatMap(([name, { good }]) => good.map((value) => [name, value] as const));
  const written = (value: unknown): unknown => (value instanceof As ? value.written : value);
  const read = (value: unknown): unknown => (value instanceof As ? value.read : value);

  test("session 24: what was written is what is read, of every type", async () => {
    const { db, session } = bench;
    const sheets = values.map(([name, value]) => db.create(Sheet, { [name]: written(value) }));
    session.addAll(sheets);
    await session.commit();
    const ids = sheets.map(({ id }) => id);
    const fresh = await bench.fresh();
    const found = new Map((await fresh.query(Sheet).all()).map((sheet) => [sheet["id"], sheet]));
    const differences = values.flatMap(([name, value], index) => {
      const sheet = found.get(ids[index])!;
      try {
        expect(sheet[name]).toEqual(read(value));
        return [];
      } catch {
        return [{ name, written: written(value), read: sheet[name], wanted: read(value) }];
      }
    });
    expect(differences).toEqual([]);
    // The object that was written holds a time with the digits that its column keeps, and a day as its text.
    for (const name of ["whole_seconds", "day", "time"] as const)
      expect(sheets.filter((sheet) => sheet[name] != null).map((sheet) => sheet[name])).toEqual(
        values.filter(([column]) => column === name).map(([, value]) => read(value)),
      );
    // Nobody changed anything, neither those who wrote nor those who read.
    expect(session.dirty).toEqual([]);
    expect(fresh.session.dirty).toEqual([]);
  });

  test("session 24: what was written by an UPDATE is what is read, and NULL is NULL", async () => {
    const { db, session } = bench;
    const sheets = values.map(() => db.create(Sheet, {}));
    session.addAll(sheets);
    await session.commit();
    sheets.forEach((sheet, index) => (sheet[values[index]![0]] = written(values[index]![1])));
    await session.commit();
    const fresh = await bench.fresh();
    const found = await fresh.query(Sheet).orderBy("id").all();
    found.forEach((sheet, index) => {
      const [name, value] = values[index]!;
      expect({ ...sheet }).toEqual({
        id: expect.any(Number),
        ...Object.fromEntries(Object.keys(kinds).map((other) => [other, null])),
        [name]: read(value),
      });
    });
    found.forEach((sheet, index) => (sheet[values[index]![0]] = null));
    await fresh.session.commit();
    session.expireAll();
    await session.query(Sheet).all();
    for (const sheet of sheets) for (const name of Object.keys(kinds)) expect(sheet[name]).toBeNull();
  });

  const refusals = Object.entries(kinds).flatMap(([name, { bad = [] }]) =>
    bad.map(([value, reason]) => [name, value, reason] as const),
  );

  test("session 24: what would be read as another value is refused, naming entity, property and why", async () => {
    const { db, session } = bench;
    const kept = db.create(Sheet, {});
    session.add(kept);
    await session.commit();
    bench.quiet();
    for (const [name, value, reason] of refusals) {
      const what = { name, value, reason };
      const refused = (error: ValueError) => ({ name, value, reason: error.code?.replace("value/", "") ?? error });
      session.add(db.create(Sheet, { [name]: value }));
      const inserting = await session.flush().then(() => undefined, refused);
      expect(inserting).toEqual(what);
      await session.rollback();
      kept[name] = value;
      const error = await session.flush().then(
        () => undefined,
        (error: ValueError) => error,
      );
      expect(refused(error!)).toEqual(what);
      expect(error).toMatchObject({ entity: "Sheet", property: name });
      expect(error!.message).toContain(`Sheet.${name} cannot be `);
      await session.rollback();
    }
    expect(bench.sent(/^(INSERT|UPDATE|BEGIN|START)/)).toEqual([]);
  });
});
