import {
  Column,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type DataSource,
  type Relation,
} from "typeorm";
import { func, type Columns, type OrderArgument, type Query } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase, type TestDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, titles } from "../helpers/entities/library";

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

  @ManyToOne(() => Station)
  station!: Relation<Station> | null;
}

const READINGS = 60;

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
      number: (index * 7) % READINGS,
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
  ["NULLs first", [Reading.c?.level.asc().nullsFirst() ?? "level"]],
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
  readingsOn(database);

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
      for (const size of [1, 7, READINGS]) {
        expect([name, size, await pages(query, size, (last) => last)]).toEqual([name, size, whole]);
        expect([name, size, await pages(query, size, (last) => query.cursorOf(last))]).toEqual([name, size, whole]);
      }
    }
  });

  test("session 49: before() gives the page before, in the query's order", async () => {
    for (const [name, order] of orders()) {
      const query = Reading.query.orderBy(...order);
      const whole = await query.after(null).all();
      for (const at of [0, 1, 8, 30, READINGS - 1]) {
        const found = keys(await query.before(whole[at]!).limit(7).all());
        expect([name, at, found]).toEqual([name, at, keys(whole.slice(Math.max(0, at - 7), at))]);
      }
      expect(keys(await query.before(null).limit(5).all())).toEqual(keys(whole.slice(-5)));
      expect(keys(await query.after(whole[3]!).before(whole[9]!).all())).toEqual(keys(whole.slice(4, 9)));
    }
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
void libraryOn;
void Author;
void Book;
void titles;
