import {
  Column,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type DataSource,
  type Relation,
} from "typeorm";
import { func, type Columns, type OrderArgument, type Query } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase, type TestDatabase } from "../helpers/databases";

class Spot {
  @Column({ type: "int", nullable: true })
  row!: number | null;

  @Column({ type: "varchar", length: 10 })
  zone!: string;
}

@Entity()
class Station {
  declare static readonly query: Query<Station>;
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @OneToMany(() => Reading, (reading) => reading.station)
  readings!: Relation<Reading>[];
}

/** A key of two columns, values that repeat, NULLs, an embedded, and times with more digits than JavaScript has. */
@Entity()
class Reading {
  declare static readonly query: Query<Reading>;
  declare static readonly c: Columns<Reading>;

  @PrimaryColumn({ type: "varchar", length: 10 })
  device!: string;

  @PrimaryColumn({ type: "int" })
  number!: number;

  @Column({ type: "int", nullable: true })
  level!: number | null;

  @Column({ type: "float", nullable: true })
  degrees!: number | null;

  @Column({ type: "decimal", precision: 20, scale: 3 })
  amount!: string;

  @Column({ type: Date, precision: 6 })
  taken!: Date;

  @Column(() => Spot)
  spot!: Spot;

  @ManyToOne(() => Station, (station) => station.readings)
  station!: Relation<Station> | null;
}

const READINGS = 42;

/** Written with SQL: a Date of JavaScript has no microseconds. */
async function fill(dataSource: DataSource): Promise<void> {
  const { driver } = dataSource;
  const insert = async (table: string, values: object): Promise<void> => {
    const names = Object.keys(values).map((name) => driver.escape(name));
    const list = Object.values(values).map((value) =>
      value === null ? "NULL" : typeof value === "string" ? `'${value}'` : String(value),
    );
    await dataSource.query(`INSERT INTO ${driver.escape(table)} (${names.join(", ")}) VALUES (${list.join(", ")})`);
  };
  for (const [index, name] of ["north", "south", "north"].entries()) await insert("station", { id: index + 1, name });
  for (let index = 0; index < READINGS; index++)
    await insert("reading", {
      device: `d${index % 3}`,
      number: (index * 5) % READINGS,
      level: index % 4 === 0 ? null : index % 5,
      degrees: index % 6 === 0 ? null : (index % 7) / 10,
      amount: `9007199254740${900 + (index % 9)}.${100 + (index % 2)}`,
      taken: `2026-01-01 00:00:0${index % 2}.000${100 + (index % 11)}`,
      spotRow: index % 3 === 0 ? null : index % 4,
      spotZone: index % 2 === 0 ? "a" : "B",
      stationId: index % 5 === 0 ? null : (index % 3) + 1,
    });
}

const keys = (readings: readonly Reading[]): string[] => readings.map(({ device, number }) => `${device}/${number}`);

const ORDERS: readonly (readonly [string, readonly OrderArgument<Reading>[]])[] = [
  ["the primary key", []],
  ["a part of the key", [{ number: "DESC" }]],
  ["NULLs", ["level"]],
  ["NULLs, backwards", [{ level: "DESC" }]],
  ["several, in both directions", [{ level: "ASC", degrees: "DESC", device: "ASC" }]],
  ["an embedded column", ["spot.zone" as never, { "spot.row": "DESC" } as never]],
  ["microseconds", [{ taken: "DESC" }]],
  ["long decimals", ["amount"]],
  ["single-precision numbers", ["degrees", { taken: "ASC" }]],
  ["a column of another table", ["station.name", { number: "DESC" }]],
];

/** Walks through all pages. */
async function pages(query: Query<Reading>, size: number, place: (last: Reading) => unknown): Promise<string[]> {
  const seen: string[] = [];
  let at: unknown = null;
  for (let page = 0; page < 100; page++) {
    const found = await query
      .after(at as never)
      .limit(size)
      .all();
    seen.push(...keys(found));
    if (found.length < size) return seen;
    at = await place(found.at(-1)!);
  }
  throw new Error("the pages do not end");
}

function readingsOn(database: TestDatabase): Bench {
  return benchOn(database, { entities: [Reading, Station], fill });
}

eachDatabase((database) => {
  const bench = readingsOn(database);

  const orders = (): typeof ORDERS => [
    ...ORDERS,
    ["NULLs first, backwards", [Reading.c.level.desc().nullsFirst()]],
    ["NULLs last", [Reading.c.level.asc().nullsLast(), { degrees: "DESC" }]],
    ["an expression", [func.lower(Reading.c.spot.zone).desc(), "level"]],
  ];

  test("session 49: pages by after() give every row once, in the order, whatever it is", async () => {
    for (const [name, order] of orders()) {
      const query = Reading.query.orderBy(...order);
      const whole = keys(await query.after(null).all());
      expect([name, new Set(whole).size]).toEqual([name, READINGS]);
      expect([name, whole]).toEqual([name, keys(await query.orderBy(...tieBreaker(order)).all())]);
      expect([name, await pages(query, 4, (last) => last)]).toEqual([name, whole]);
      expect([name, await pages(query, 5, (last) => query.cursorOf(last))]).toEqual([name, whole]);
    }
  });

  test("session 49: before() gives the page before, in the query's order", async () => {
    for (const [name, order] of orders()) {
      const query = Reading.query.orderBy(...order);
      const whole = await query.after(null).all();
      for (const at of [0, 8, READINGS - 1]) {
        const found = keys(await query.before(whole[at]!).limit(7).all());
        expect([name, at, found]).toEqual([name, at, keys(whole.slice(Math.max(0, at - 7), at))]);
      }
      expect(keys(await query.before(null).limit(5).all())).toEqual(keys(whole.slice(-5)));
      expect(keys(await query.after(whole[3]!).before(whole[9]!).all())).toEqual(keys(whole.slice(4, 9)));
    }
  });

  test("session 49: a cursor is a text for a URL, which outlives its row and its session", async () => {
    const query = Reading.query.orderBy({ taken: "DESC" }, "spot.zone" as never);
    const whole = await query.after(null).all();
    const cursor = await query.cursorOf(whole[9]!);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(new URL(`http://localhost/?after=${cursor}`).searchParams.get("after")).toBe(cursor);
    const { session } = bench.db;
    await Reading.query.filterBy({ device: whole[9]!.device, number: whole[9]!.number }).delete();
    expect(keys(await query.after(cursor).limit(3).all())).toEqual(keys(whole.slice(10, 13)));
    expect(keys(await query.before(cursor).limit(3).all())).toEqual(keys(whole.slice(6, 9)));
    // Where the values were not read before, they are gone with the row.
    await expect(query.after(whole[9]!).all()).rejects.toMatchObject({ code: "query/cursor" });
    await session.rollback();
    const other = await bench.fresh();
    const there = other.query(Reading).orderBy({ taken: "DESC" }, "spot.zone" as never);
    expect(keys(await there.after(cursor).limit(3).all())).toEqual(keys(whole.slice(10, 13)));
  });

  test("session 49: all that a query can do goes on from a place", async () => {
    const query = Reading.query.orderBy("level");
    const whole = await query.after(null).all();
    const [at, next] = [whole[19]!, whole[20]!];
    expect(await query.after(at).count()).toBe(READINGS - 20);
    expect(await query.after(at).first()).toBe(next);
    expect(await query.before(next).first()).toBe(at);
    expect(await query.after(whole.at(-1)!).exists()).toBe(false);
    expect(keys(await query.after(at).offset(2).limit(2).all())).toEqual(keys(whole.slice(22, 24)));
    const streamed: Reading[] = [];
    for await (const reading of query.after(at).stream()) streamed.push(reading);
    expect(keys(streamed)).toEqual(keys(whole.slice(20)));
    const backwards: Reading[] = [];
    for await (const reading of query.before(at).limit(3).stream()) backwards.push(reading);
    expect(keys(backwards)).toEqual(keys(whole.slice(16, 19)));
    const rows = await query.select("device", "number").after({ device: at.device, number: at.number }).limit(2).all();
    expect(rows).toEqual(whole.slice(20, 22).map(({ device, number }) => ({ device, number })));
    const last = await query.select("device", "number").before(rows[0]!).limit(1).all();
    expect(last).toEqual([{ device: at.device, number: at.number }]);
    const joined = Station.query.join("readings").orderBy({ name: "DESC" });
    const stations = await joined.after(null).all();
    expect(await joined.after(stations[0]!).all()).toEqual(stations.slice(1));
    expect(await query.after(whole[38]!).update({ level: 7 })).toBe(READINGS - 39);
    await bench.db.session.rollback();
  });

  test("session 49: a cursor of another order or entity, or none, is refused by name", async () => {
    const query = Reading.query.orderBy("level");
    const [first] = await query.after(null).all();
    const cursor = await query.cursorOf(first!);
    const refused = { code: "query/cursor" };
    await expect(Reading.query.orderBy("amount").after(cursor).all()).rejects.toThrow(
      "after() was given a cursor of the order level ASC, device ASC, number ASC, and the query's order is amount ASC, device ASC, number ASC",
    );
    const lower = Reading.query.orderBy(func.lower(Reading.c.spot.zone));
    const upper = Reading.query.orderBy(func.upper(Reading.c.spot.zone));
    const ofLower = await lower.cursorOf(first!);
    await expect(upper.after(ofLower).all()).rejects.toMatchObject(refused);
    expect(() => Station.query.before(cursor)).toThrow("before() of a query of Station was given a cursor of Reading");
    const station = await Station.query.first();
    await expect(Reading.query.after(station as never).all()).rejects.toThrow("was given a Station");
    for (const damaged of [
      cursor.slice(1),
      cursor.slice(0, -1),
      `${cursor}x`,
      "",
      "1",
      Buffer.from("[]").toString("base64url"),
    ])
      expect(() => query.after(damaged)).toThrow(expect.objectContaining(refused) as Error);
    for (const none of [undefined, 5, [first], true])
      expect(() => query.after(none as never)).toThrow(expect.objectContaining(refused) as Error);
    await expect(query.after(bench.db.create(Reading, { device: "d9" })).all()).rejects.toMatchObject(refused);
    for (const unordered of [
      Reading.query.groupBy("level").select("level"),
      Reading.query.select("level").distinct(),
      Station.query.join("readings").orderBy(Reading.c.level),
    ])
      await expect((unordered as Query).after(null).all()).rejects.toMatchObject(refused);
    // Only the database knows the place, and a text of SQL waits for nothing.
    expect(() => lower.after(first!).toSQL()).toThrow(expect.objectContaining(refused) as Error);
    expect(lower.after(ofLower).toSQL().sql).toContain("WHERE");
  });

  test("session 49: a page is found by an index, however deep it is", async () => {
    const { session } = bench.db;
    await session.begin();
    // PostgreSQL reads a table of one page as a whole.
    if (database.name === "postgres") await session.execute("SET LOCAL enable_seqscan = off");
    const plan = await Reading.query.after({ device: "d1", number: 20 }).limit(5).explain();
    const byIndex = {
      sqlite: /SEARCH .* USING .*\(device,number\)>/,
      postgres: /Index Cond: \(ROW\(/,
      mariadb: /range, by PRIMARY/,
    };
    expect(plan.join("\n")).toMatch(byIndex[database.name]);
    await session.rollback();
  });
});

/** The primary key, in the direction of the last order. */
function tieBreaker(order: readonly OrderArgument<Reading>[]): OrderArgument<Reading>[] {
  const last = order.at(-1);
  const direction =
    last === undefined || typeof last === "string"
      ? "ASC"
      : ((last as { direction?: "ASC" | "DESC" }).direction ??
        (Object.values(last as object).at(-1) as "ASC" | "DESC"));
  return [{ device: direction, number: direction }];
}
