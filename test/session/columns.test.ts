import {
  AfterLoad,
  Column,
  CreateDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  RelationId,
  UpdateDateColumn,
  VersionColumn,
  VirtualColumn,
  type Relation,
  type ValueTransformer,
} from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

const upper: ValueTransformer = {
  to: (text: string | null) => text?.toUpperCase(),
  from: (text: string | null) => text?.toLowerCase(),
};
const reversed: ValueTransformer = {
  to: (text: string | null) => text && [...text].reverse().join(""),
  from: (text: string | null) => text && [...text].reverse().join(""),
};
const cents: ValueTransformer = {
  to: (euros: number | null) => euros && Math.round(euros * 100),
  from: (stored: string | number | null) => stored && Number(stored) / 100,
};

class Street {
  @Column({ type: "varchar", length: 20, nullable: true })
  name!: string | null;

  @Column({ type: "int", nullable: true, name: "house_no" })
  number!: number | null;
}

class Extra {
  @Column({ type: "int", nullable: true })
  rank!: number | null;
}

class Address {
  @Column({ type: "varchar", length: 20, nullable: true })
  city!: string | null;

  @Column(() => Street, { prefix: "st" })
  street!: Street;

  @CreateDateColumn()
  knownSince!: Date;
}

@Entity()
class Label {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;
}

@Entity()
class Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @Column({ type: "varchar", length: 20, select: false, nullable: true })
  password!: string | null;

  @Column({ type: "varchar", length: 20, insert: false, default: "made" })
  madeBy!: string;

  @Column({ type: "varchar", length: 20, update: false })
  born!: string;

  @Column({ type: "varchar", length: 20, nullable: true, transformer: [upper, reversed] })
  code!: string | null;

  @Column({ type: "bigint", default: 0, transformer: cents })
  balance!: number;

  @Column({ type: "int", default: 7 })
  level!: number;

  @Column({ type: "boolean", default: true })
  active!: boolean;

  @Column({ type: "varchar", length: 20, default: () => "'by expression'" })
  note!: string;

  @Column({ type: "int", generatedType: "STORED", asExpression: "level * 2", nullable: true })
  twice!: number | null;

  @Column(() => Address)
  home!: Address;

  @Column(() => Address, { prefix: "work_" })
  work!: Address;

  @Column(() => Extra, { prefix: false })
  plain!: Extra;

  @VersionColumn()
  version!: number;

  @CreateDateColumn()
  createdAt!: Date;

  @UpdateDateColumn()
  updatedAt!: Date;

  @ManyToMany(() => Label)
  @JoinTable()
  labels!: Relation<Label>[];

  @RelationId((account: Account) => account.labels)
  labelIds!: number[];

  @ManyToOne(() => Account, (account) => account.below)
  above!: Relation<Account> | null;

  @RelationId((account: Account) => account.above)
  aboveId!: number | null;

  @OneToMany(() => Account, (account) => account.above)
  below!: Relation<Account>[];

  @VirtualColumn({ query: (alias) => `SELECT COUNT(*) FROM label WHERE label.id >= ${alias}.id`, type: "int" })
  younger!: number | string;

  shouted?: string;

  @AfterLoad()
  shout(): void {
    this.shouted = this.name.toUpperCase();
  }
}

@Entity()
class Lazy {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @ManyToOne(() => Lazy, (lazy) => lazy.children)
  parent!: Promise<Lazy | null>;

  @OneToMany(() => Lazy, (lazy) => lazy.parent, { cascade: true })
  children!: Promise<Lazy[]>;

  @ManyToMany(() => Label)
  @JoinTable()
  labels!: Promise<Label[]>;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Account, Label, Lazy] });

  async function account(values: object = {}): Promise<Account> {
    const { db, session } = bench;
    const made = db.create(Account, { name: "Ann", born: "Brno", ...values });
    session.add(made);
    await session.commit();
    bench.quiet();
    return made;
  }
  const read = async (id: number): Promise<Account> => (await (await bench.fresh()).session.get(Account, id))!;

  test("session 28: what the database made is there after the flush, without a SELECT for each row", async () => {
    const { db, session } = bench;
    const before = Date.now() - 60_000;
    const accounts = Array.from({ length: 50 }, (_, index) => db.create(Account, { name: `a${index}`, born: "x" }));
    session.addAll(accounts);
    bench.quiet();
    await session.flush();
    const sent = bench.sent(/^SELECT/);
    expect(sent.length).toBeLessThanOrEqual(database.name === "postgres" ? 0 : 1);
    for (const made of accounts) {
      expect(made).toMatchObject({
        level: 7,
        active: true,
        note: "by expression",
        madeBy: "made",
        twice: 14,
        version: 1,
        balance: 0,
      });
      for (const date of [made.createdAt, made.updatedAt, made.home.knownSince, made.work.knownSince]) {
        expect(date).toBeInstanceOf(Date);
        expect(date.getTime()).toBeGreaterThan(before);
      }
    }
    expect(session.dirty).toEqual([]);
    await session.commit();
    const fresh = await bench.fresh();
    const found = await fresh.query(Account).orderBy("id").all();
    expect(found.map(({ createdAt, twice }) => [createdAt, twice])).toEqual(
      accounts.map(({ createdAt, twice }) => [createdAt, twice]),
    );
  });

  test("session 28: generated columns, version and update date follow an UPDATE", async () => {
    const { session } = bench;
    const made = await account();
    await session.query(Account).all();
    bench.quiet();
    const { updatedAt, createdAt } = made;
    made.level = 10;
    await new Promise((resolve) => setTimeout(resolve, database.name === "sqlite" ? 1_050 : 5));
    await session.flush();
    expect(made).toMatchObject({ level: 10, twice: 20, version: 2, createdAt });
    expect(made.updatedAt.getTime()).toBeGreaterThan(updatedAt.getTime());
    expect(bench.sent(/^SELECT/).length).toBeLessThanOrEqual(database.name === "mariadb" ? 1 : 0);
    await session.commit();
    expect(await read(made.id)).toMatchObject({ level: 10, twice: 20, version: 2, updatedAt: made.updatedAt });
  });

  test("a column with select: false is written, not read, and not lost", async () => {
    const made = await account({ password: "secret" });
    expect(made.password).toBe("secret");
    const fresh = await bench.fresh();
    const known = (await fresh.session.get(Account, made.id))!;
    expect("password" in known && known.password !== undefined).toBe(false);
    known.level = 8;
    await fresh.session.commit();
    expect(await bench.stored(`SELECT "password" FROM "account"`)).toEqual([{ password: "secret" }]);
    known.password = "other";
    await fresh.session.commit();
    expect(await bench.stored(`SELECT "password" FROM "account"`)).toEqual([{ password: "other" }]);
    expect(await fresh.query(Account).select("password").scalar()).toBe("other");
    known.password = null;
    await fresh.session.flush();
    await fresh.session.rollback();
    expect(await bench.stored(`SELECT "password" FROM "account"`)).toEqual([{ password: "other" }]);
  });

  test("insert: false and update: false are honoured", async () => {
    const { session } = bench;
    const made = await account({ madeBy: "me" });
    expect(await bench.stored(`SELECT "madeBy", "born" FROM "account"`)).toEqual([{ madeBy: "made", born: "Brno" }]);
    expect(made.madeBy).toBe("made");
    made.born = "Praha";
    expect(session.dirty).toEqual([]);
    made.madeBy = "you";
    await session.commit();
    expect(await bench.stored(`SELECT "madeBy", "born" FROM "account"`)).toEqual([{ madeBy: "you", born: "Brno" }]);
  });

  test("transformers, also several, both ways and in conditions", async () => {
    const made = await account({ code: "abc", balance: 12.34 });
    const [row] = await bench.stored(`SELECT "code", "balance" FROM "account"`);
    expect([row!["code"], Number(row!["balance"])]).toEqual(["CBA", 1234]);
    const fresh = await bench.fresh();
    const known = (await fresh.session.get(Account, made.id))!;
    expect([known.code, known.balance]).toEqual(["abc", 12.34]);
    expect(fresh.session.dirty).toEqual([]);
    expect(await fresh.query(Account).filterBy({ code: "abc" }).one()).toBe(known);
    known.balance = 12.345;
    expect(fresh.session.dirty).toEqual([known]);
    await fresh.session.commit();
    known.balance = 12.35;
    expect(fresh.session.dirty).toEqual([]);
    expect(await bench.dataSource.manager.findOneByOrFail(Account, { id: made.id })).toMatchObject({ balance: 12.35 });
  });

  test("embeddeds, one in the other, with prefixes and without", async () => {
    const { session } = bench;
    const made = await account({
      home: { city: "Brno", street: { name: "Main", number: 5 } },
      work: { city: "Praha", street: { name: null, number: 6 } },
      plain: { rank: 7 },
    });
    const columns = bench.dataSource.getMetadata(Account).columns.map(({ databaseName }) => databaseName);
    expect(columns).toEqual(expect.arrayContaining(["homeCity", "homeStName", "homeStHouse_no"]));
    const known = await read(made.id);
    const wanted = await bench.dataSource.manager.findOneByOrFail(Account, { id: made.id });
    expect({ ...known.home, street: { ...known.home.street } }).toEqual({
      ...wanted.home,
      street: { ...wanted.home.street },
    });
    expect(known.home.street).toBeInstanceOf(Street);
    expect([known.work.street.number, known.plain.rank]).toEqual([6, 7]);
    made.home.street.number = 50;
    made.work.street = { name: "New", number: 1 };
    await session.commit();
    const again = await read(made.id);
    expect([again.home.street.number, again.work.street.name, again.home.city]).toEqual([50, "New", "Brno"]);
    expect(
      (
        await session
          .query(Account)
          .filterBy({ home: { street: { number: 50 } } })
          .one()
      ).id,
    ).toBe(made.id);
    made.home.street.number = 51;
    await session.flush();
    await session.rollback();
    expect(made.home.street.number).toBe(50);
  });

  test("virtual columns are read, and not written", async () => {
    const { db, session } = bench;
    const made = await account();
    session.add(db.create(Label, { id: made.id + 1, name: "later" }), db.create(Label, { id: made.id, name: "same" }));
    await session.commit();
    const theirs = await bench.dataSource.manager.findOneByOrFail(Account, { id: made.id });
    const known = await read(made.id);
    expect(known.younger).toEqual(theirs.younger);
    expect(Number(known.younger)).toBe(2);
    const fresh = await bench.fresh();
    expect((await fresh.query(Account).filterBy({ younger: 2 }).one()).id).toBe(made.id);
    expect(Number(await fresh.query(Account).select("younger").scalar())).toBe(2);
    const [again] = await fresh.query(Account).orderBy("younger").all();
    again!.level = 3;
    again!.younger = 99;
    expect(Object.keys(fresh.session.changes(again!))).toEqual(["level"]);
    await fresh.session.commit();
    await fresh.session.refresh(again!);
    expect(Number(again!.younger)).toBe(2);
  });

  test("a lazy relation of an object that no session holds is not empty: reading it fails, unless it was loaded", async () => {
    const { db, session } = bench;
    session.add(
      db.create(Lazy, { name: "child", parent: Promise.resolve(db.create(Lazy, { name: "root" })) } as never),
    );
    await session.commit();
    const fresh = await bench.fresh();
    const [child, root] = (await fresh.query(Lazy).orderBy("name").all()) as [Lazy, Lazy];
    await root.labels;
    await fresh.session.close();
    expect(await root.labels).toEqual([]);
    expect(await root.parent).toBeNull();
    await expect(root.children).rejects.toMatchObject({ code: "session/detached" });
    await expect(child.parent).rejects.toMatchObject({ code: "session/detached" });
    expect(await db.create(Lazy, {}).children).toEqual([]);
  });

  test("lazy relations are promises, and take promises", async () => {
    const { db, session } = bench;
    const root = db.create(Lazy, { name: "root" });
    const child = db.create(Lazy, { name: "child", parent: Promise.resolve(root) } as never);
    root.labels = Promise.resolve([db.create(Label, { name: "red" })]);
    session.add(child);
    await session.commit();
    const fresh = await bench.fresh();
    const [known] = await fresh.query(Lazy).filterBy({ name: "child" }).all();
    expect(known!.parent).toBeInstanceOf(Promise);
    const parent = (await known!.parent)!;
    expect(parent.name).toBe("root");
    expect((await parent.children)[0]).toBe(known);
    expect((await parent.labels).map(({ name }) => name)).toEqual(["red"]);
    (await parent.children).push(fresh.create(Lazy, { name: "second" }));
    known!.parent = Promise.resolve(null);
    await fresh.session.commit();
    expect(await bench.stored(`SELECT "name", "parentId" FROM "lazy" ORDER BY "name"`)).toEqual([
      { name: "child", parentId: null },
      { name: "root", parentId: null },
      { name: "second", parentId: parent.id },
    ]);
  });
});
