import {
  Check,
  ChildEntity,
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  QueryFailedError,
  TableInheritance,
  TypeORMError,
  Unique,
  type Relation,
} from "typeorm";
import { DatabaseError, RetortError, sql, ValueError } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

@Entity()
class Team {
  @PrimaryColumn({ type: "int" })
  id!: number;
}

@Entity()
@Unique(["first", "last"])
@Check("adult", "age >= 18")
class Person {
  @PrimaryColumn({ type: "int" })
  id!: number;

  @Column({ type: "varchar", length: 10, unique: true, name: "user_name" })
  username!: string;

  @Column({ type: "varchar", length: 5, nullable: true })
  first!: string | null;

  @Column({ type: "varchar", length: 40, nullable: true })
  last!: string | null;

  @Column({ type: "int", default: 18 })
  age!: number;

  @Column({ type: "decimal", precision: 5, scale: 2, nullable: true })
  wage!: string | null;

  @ManyToOne(() => Team)
  team!: Relation<Team> | null;

  @ManyToMany(() => Team)
  @JoinTable()
  fans!: Relation<Team>[];
}

@Entity()
@TableInheritance({ column: { type: "varchar", name: "kind" } })
class Vehicle {
  @PrimaryGeneratedColumn()
  id!: number;
}

@ChildEntity()
class Truck extends Vehicle {
  @Column({ type: "varchar", length: 5, unique: true, nullable: true })
  plate!: string | null;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Team, Person, Vehicle, Truck], options: { strict: false } });
  const isSqlite = database.name === "sqlite";

  const failure = async (run: () => Promise<unknown>): Promise<DatabaseError> => {
    try {
      await run();
    } catch (error) {
      await bench.session.rollback();
      expect(error).toBeInstanceOf(DatabaseError);
      return error as DatabaseError;
    }
    throw new Error("nothing failed");
  };
  const person = (values: Partial<Person>) => bench.db.create(Person, { id: 1, username: "ann", ...values });
  /** Writes two rows, so that the second one is in the middle of a statement. */
  const inserted = (values: Partial<Person>) =>
    failure(async () => {
      bench.session.add(person({ id: 7, username: "zoe" }), person(values));
      await bench.session.flush();
    });

  beforeEach(async () => {
    bench.session.add(person({ id: 2, username: "bob", first: "B", last: "Ob" }), bench.db.create(Team, { id: 1 }));
    await bench.session.commit();
  });

  test("a value that is there already: a column, several columns, a key", async () => {
    expect(await inserted({ username: "bob" })).toMatchObject({
      kind: "unique",
      entity: "Person",
      property: "username",
      column: "user_name",
      message: expect.stringMatching(/^Person\.username: /),
    });
    expect(await inserted({ first: "B", last: "Ob" })).toMatchObject({
      kind: "unique",
      entity: "Person",
      property: "first, last",
      message: expect.stringMatching(/^Person\.first, Person\.last: /),
    });
    const key = await failure(async () => {
      bench.session.add(bench.db.create(Team, { id: 5 }));
      await bench.session.flush();
      await bench.db.query(Team).filterBy({ id: 5 }).update({ id: 1 });
    });
    expect(key).toMatchObject({ kind: "unique", entity: "Team", property: "id" });
  });

  test("it is a QueryFailedError of TypeORM too, with what the driver says", async () => {
    const error = await inserted({ username: "bob" });
    for (const type of [QueryFailedError, TypeORMError, DatabaseError, RetortError, Error])
      expect(error).toBeInstanceOf(type);
    expect(error).not.toBeInstanceOf(ValueError);
    expect(error).toMatchObject({ name: "DatabaseError", code: "database/unique", retryable: false });
    expect(error.query).toMatch(/^INSERT INTO/);
    expect(error.query).toBe(error.sql);
    expect(error.parameters).toContain("bob");
    const driver = error.driverError as { code: string; detail?: string; errno?: number };
    expect(driver.code).toMatch(/^(SQLITE_CONSTRAINT_UNIQUE|23505|ER_DUP_ENTRY)$/);
    const { detail, errno } = error as unknown as typeof driver;
    expect([detail, errno]).toEqual([driver.detail, driver.errno]);
    expect(String(error)).toMatch(/^DatabaseError: Person\.username: /);
    // An error of Retort that concerns no statement is none.
    const closed = await bench.session.get(Team, {} as never).catch((thrown: unknown) => thrown);
    expect(closed).toBeInstanceOf(RetortError);
    expect(closed).not.toBeInstanceOf(QueryFailedError);
    expect({}).not.toBeInstanceOf(RetortError);
  });

  test("an index that was made by hand", async () => {
    await bench.dataSource.query("CREATE UNIQUE INDEX by_hand ON person (first)");
    expect(await inserted({ first: "B" })).toMatchObject({ kind: "unique", entity: "Person", property: "first" });
    await bench.dataSource.query(`DROP INDEX by_hand${bench.kind === "mariadb" ? " ON person" : ""}`);
  });

  test("no value, and one that a check refuses", async () => {
    expect(await failure(() => bench.db.query(Person).update({ username: sql`NULL` }))).toMatchObject({
      kind: "not-null",
      entity: "Person",
      property: "username",
    });
    // TypeORM makes no checks on MySQL and MariaDB.
    if (bench.kind === "mariadb")
      await bench.dataSource.query("ALTER TABLE person ADD CONSTRAINT adult CHECK (age >= 18)");
    expect(await inserted({ age: 3 })).toMatchObject({ kind: "check", entity: "Person", property: "age" });
  });

  test("a row that is not there, and one that is referred to", async () => {
    const missing = bench.db.create(Team, { id: 99 });
    expect(await failure(() => bench.db.query(Person).update({ team: missing }))).toMatchObject({
      kind: "foreign-key",
      entity: "Person",
      property: "team",
    });
    await bench.db.query(Person).update({ team: bench.db.create(Team, { id: 1 }) });
    await bench.session.commit();
    const referred = await failure(() => bench.db.query(Team).delete());
    // SQLite names neither the table nor the key.
    expect(referred).toMatchObject({
      kind: "foreign-key",
      ...(isSqlite ? { entity: "Team" } : { entity: "Person", property: "team" }),
    });
  });

  test("a value that is too long, out of range, or no value of the type", async () => {
    const { db } = bench;
    if (isSqlite) {
      // SQLite takes nearly anything; a number of a row is none of those.
      const failed = await failure(async () => {
        bench.session.add(db.create(Vehicle, {}));
        await bench.session.flush();
        await db.query(Vehicle).update({ id: sql`'abc'` });
      });
      expect(failed).toMatchObject({ kind: "invalid-value", entity: "Vehicle" });
      return;
    }
    expect(await inserted({ first: "too long" })).toMatchObject({
      kind: "too-long",
      entity: "Person",
      property: "first",
    });
    expect(await inserted({ wage: "12345.00" })).toMatchObject({
      kind: "out-of-range",
      entity: "Person",
      property: "wage",
    });
    expect(await inserted({ age: 2 ** 40 })).toMatchObject({ kind: "out-of-range", entity: "Person", property: "age" });
    const updated = db.query(Person).filterBy({ id: 2 });
    expect(await failure(() => updated.update({ first: "too long", last: "O" }))).toMatchObject({
      kind: "too-long",
      entity: "Person",
      property: "first",
    });
    expect(await failure(() => updated.update({ age: sql`${"many"}` }))).toMatchObject({
      kind: "invalid-value",
      entity: "Person",
      property: "age",
    });
    const stored = person({ id: 3, username: "cy" });
    bench.session.add(stored);
    await bench.session.commit();
    stored.first = "too long";
    expect(await failure(() => bench.session.flush())).toMatchObject({
      kind: "too-long",
      entity: "Person",
      property: "first",
    });
  });

  // The others compare any values.
  (database.name === "postgres" ? test : test.skip)("a value of a filter", async () => {
    const { id } = bench.db.columns(Person);
    const query = bench.db
      .query(Person)
      .join("team")
      .filter(id.gt(0), bench.db.columns(Team).id.eq(2 ** 40));
    expect(await failure(() => query.all())).toMatchObject({ kind: "out-of-range", entity: "Team", property: "id" });
  });

  test("a join table by its relation, a column of a class by that class", async () => {
    const { db, session } = bench;
    const [bob] = await db.query(Person).all();
    (await bob!.fans).push((await session.get(Team, 1))!);
    // Somebody else deletes the team.
    await bench.dataSource.getRepository(Team).delete({ id: 1 });
    const error = await failure(() => session.flush());
    expect(error).toMatchObject({ kind: "foreign-key", entity: "Person", property: "fans" });
    session.add(db.create(Truck, { plate: "B-1" }), db.create(Truck, { plate: "B-1" }));
    expect(await failure(() => session.flush())).toMatchObject({ kind: "unique", entity: "Truck", property: "plate" });
  });
});
