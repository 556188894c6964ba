import { Column, Entity, Generated, PrimaryGeneratedColumn, type ValueTransformer } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

const truth: ValueTransformer = { to: (value: boolean) => value, from: (value: unknown) => Boolean(value) };
const moment: ValueTransformer = {
  to: (value: Date | null) => value?.toISOString(),
  from: (value: string | null) => value && new Date(value),
};

/** An object of a class that refers to itself. */
class Point {
  readonly self = { point: this };
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
const point: ValueTransformer = {
  to: (value: Point | null) => value && `${value.x} ${value.y}`,
  from: (value: string | null) => value && new Point(...(value.split(" ").map(Number) as [number, number])),
};

@Entity()
class Counter {
  @PrimaryGeneratedColumn({ type: "bigint" })
  id!: string;
}

@Entity()
class Visit {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "smallint", transformer: truth, nullable: true })
  paid!: boolean | null;

  @Column({ type: "varchar", nullable: true })
  @Generated("uuid")
  token!: string | null;

  @Column({ type: "varchar", nullable: true, transformer: point })
  place!: Point | null;
}

@Entity()
class Entry {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "date", nullable: true, transformer: moment })
  at!: Date | null;
}

@Entity()
class Login {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: Date, precision: 0, nullable: true })
  at!: Date | null;

  @Column({ type: "date", nullable: true })
  day!: string | Date | null;
}

@Entity()
class Measurement {
  @PrimaryGeneratedColumn() id!: number;
  @Column("double precision") celsius!: number;
}

eachDatabase((database) => {
  const bench = benchOn(database, {
    entities: [Visit, Login, Measurement, ...(database.name === "sqlite" ? [Entry] : [Counter])],
  });

  test("session 24: a generated key has the form in which a query reads it, also beyond 2^53", async () => {
    if (bench.kind === "sqlite") return;
    if (bench.kind === "mariadb") await bench.dataSource.query("ALTER TABLE counter AUTO_INCREMENT = 9007199254740993");
    const { db, session } = bench;
    const counters = [1, 2].map(() => db.create(Counter, {}));
    session.addAll(counters);
    await session.commit();
    const fresh = await bench.fresh();
    expect((await fresh.query(Counter).orderBy("id").all()).map(({ id }) => id)).toEqual(counters.map(({ id }) => id));
    if (bench.kind === "mariadb") expect(counters[0]!.id).toBe("9007199254740993");
  });

  test("session 24: a transformer may give a boolean to a column of integers", async () => {
    // PostgreSQL does not take a boolean for an integer, with TypeORM neither.
    if (bench.kind === "postgres") return;
    const { db, session } = bench;
    session.addAll([db.create(Visit, { paid: true }), db.create(Visit, { paid: false })]);
    await session.commit();
    expect(session.dirty).toEqual([]);
    const fresh = await bench.fresh();
    expect((await fresh.query(Visit).orderBy("id").all()).map(({ paid }) => paid)).toEqual([true, false]);
    expect(await fresh.query(Visit).filterBy({ paid: true }).count()).toBe(1);
  });

  test("session 24: a transformer may give an object that contains itself", async () => {
    const { db, session } = bench;
    const visit = db.create(Visit, { place: new Point(1, 2) });
    session.add(visit);
    await session.commit();
    expect(session.isModified(visit)).toBe(false);
    visit.place = new Point(3, 4);
    await session.commit();
    expect(await bench.stored("SELECT place FROM visit")).toEqual([{ place: "3 4" }]);
    visit.place = new Point(3, 4);
    expect(session.isModified(visit)).toBe(false);
  });

  test("session 43: a nullable generated uuid that is null stays NULL; one without a value is generated", async () => {
    const { db, session } = bench;
    const [none, some] = [db.create(Visit, { token: null }), db.create(Visit, {})];
    session.addAll([none, some]);
    await session.commit();
    expect(none.token).toBeNull();
    expect(some.token).toMatch(/^[0-9a-f-]{36}$/);
    await session.refresh(none);
    expect(none.token).toBeNull();
  });

  test("session 24: a double is read from its digits, in a statement that is sent for the first time and again", async () => {
    const { db, session } = bench;
    const measured = Array.from({ length: 500 }, (_, index) => (index + 500) / 7);
    session.add(...measured.map((celsius) => db.create(Measurement, { celsius })));
    await session.commit();
    for (let round = 0; round < 3; round++) {
      const read = await (await bench.fresh()).session.query(Measurement).orderBy("id").all();
      expect(read.map(({ celsius }) => celsius)).toEqual(measured);
    }
  });

  test("session 24: a time is written with its column's precision, and rolled back to what was set", async () => {
    const { db, session } = bench;
    const at = new Date(2024, 4, 5, 6, 7, 8, 987);
    const login = db.create(Login, { at, day: at });
    session.add(login);
    await session.flush();
    const digits = bench.kind === "sqlite" ? 987 : 0;
    expect(login).toMatchObject({ at: new Date(2024, 4, 5, 6, 7, 8, digits), day: "2024-05-05" });
    await session.rollback();
    expect(login).toMatchObject({ at, day: at });
    session.add(login);
    await session.commit();
    login.at = new Date(2024, 4, 5, 6, 7, 9, 987);
    login.day = new Date(2024, 4, 6, 23);
    await session.commit();
    expect(login).toMatchObject({ day: "2024-05-06" });
    const fresh = await bench.fresh();
    expect({ ...(await fresh.query(Login).one()) }).toEqual({ ...login });
    // The same again is no change.
    login.day = new Date(2024, 4, 6, 1);
    expect(session.dirty).toEqual([]);
  });

  test("session 24: a transformer decides what a date column of SQLite holds", async () => {
    if (bench.kind !== "sqlite") return;
    const { db, session } = bench;
    const at = new Date("2018-01-01T01:00:00.000Z");
    session.add(db.create(Entry, { at }));
    await session.commit();
    const fresh = await bench.fresh();
    expect((await fresh.query(Entry).one()).at).toEqual(at);
  });
});
