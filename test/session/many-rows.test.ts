import {
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
} from "typeorm";
import type { RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

eachDatabase(
  (database) => {
    const bytes = database.name === "postgres" ? "bytea" : "blob";
    const time = database.name === "postgres" ? "timestamptz" : "datetime";

    @Entity()
    class Account {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ length: 10, nullable: true, type: "varchar" }) owner!: string | null;
      @Column("int") cents!: number;
      @Column("bigint") total!: string;
      @Column("decimal", { precision: 12, scale: 4 }) rate!: string;
      @Column("double precision") weight!: number;
      @Column("json") tags!: unknown;
      @Column(time as "datetime", { precision: 3 }) opened!: Date;
      @Column() isOpen!: boolean;
      @Column(bytes as "blob") mark!: Buffer;
    }

    @Entity()
    class Stock {
      @PrimaryGeneratedColumn() id!: number;
      @Column("int") count!: number;
      @VersionColumn() version!: number;
      @UpdateDateColumn() updatedAt!: Date;
    }

    @Entity()
    class Slot {
      @PrimaryColumn("bigint") number!: string;
      @PrimaryColumn({ length: 20 }) area!: string;
      @Column({ unique: true }) code!: string;
    }

    @Entity()
    class Label {
      @PrimaryGeneratedColumn() id!: number;
      @Column((database.name === "postgres" ? "text" : "longtext") as "text") text!: string;
      @ManyToMany(() => Label)
      @JoinTable({ name: "label_links" })
      related!: Label[];
    }

    const bench = benchOn(database, { entities: [Account, Stock, Slot, Label] });
    const account = (index: number): Partial<Account> => ({
      owner: `o${index}`,
      cents: index,
      total: String(9_007_199_254_740_993n + BigInt(index)),
      rate: `${index}.2500`,
      weight: index / 7,
      tags: { index, list: [index, "x'y"] },
      opened: new Date(1_700_000_000_000 + index),
      isOpen: index % 2 === 0,
      mark: Buffer.from([index % 256, 0, 39, 92]),
    });
    const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
    const countOf = async (from: string): Promise<number> =>
      Number((await bench.stored(`SELECT COUNT(*) AS n FROM ${from}`))[0]!["n"]);
    const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
      work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as RetortError,
      );

    test("session 46: 10,000 changed rows take at most 100 statements, and each has its own values", async () => {
      const { db, session } = bench;
      session.add(...range(10_000).map((index) => db.create(Account, account(index))));
      await session.commit();
      const accounts = await session.query(Account).orderBy("id").all();
      accounts.forEach((one, index) => Object.assign(one, account(index + 1), index % 3 === 0 ? { owner: null } : {}));
      bench.quiet();
      await session.commit();
      expect(bench.sent().length).toBeLessThanOrEqual(100);
      expect(session.dirty).toEqual([]);
      const read = await (await bench.fresh()).session.query(Account).orderBy("id").all();
      read.forEach((one, index) =>
        expect(one).toMatchObject({ ...account(index + 1), ...(index % 3 === 0 ? { owner: null } : {}) }),
      );
    });

    test("session 46: a stale version among many rows is found and named, and nothing of the flush stays", async () => {
      const { db, session } = bench;
      session.add(...range(1_000).map((count) => db.create(Stock, { count })));
      await session.commit();
      const stocks = await session.query(Stock).orderBy("id").all();
      const other = await bench.fresh();
      (await other.session.get(Stock, stocks[700]!.id))!.count = -1;
      await other.session.commit();
      for (const stock of stocks) stock.count += 1_000;
      const failure = await failureOf(session.commit());
      expect(failure.code).toBe("session/stale");
      expect(failure.message).toContain(`Stock ${stocks[700]!.id}`);
      await session.rollback();
      expect(await countOf('"stock" WHERE "count" >= 1000 OR "version" > 2')).toBe(0);
      await session.refresh(stocks[700]!);
      for (const stock of stocks) stock.count += 1_000;
      await session.commit();
      expect(new Set(stocks.map(({ version }) => version))).toEqual(new Set([2, 3]));
      expect(stocks[0]!.updatedAt).toEqual((await (await bench.fresh()).session.get(Stock, stocks[0]!.id))!.updatedAt);
    });

    test("session 46: so is a stale version among many rows to delete", async () => {
      const { db, session } = bench;
      session.add(...range(20).map((count) => db.create(Stock, { count })));
      await session.commit();
      const stocks = await session.query(Stock).orderBy("id").all();
      const other = await bench.fresh();
      (await other.session.get(Stock, stocks[7]!.id))!.count = -1;
      await other.session.commit();
      session.delete(...stocks);
      const failure = await failureOf(session.commit());
      expect([failure.code, failure.message]).toEqual([
        "session/stale",
        expect.stringContaining(`Stock ${stocks[7]!.id}`),
      ]);
      await session.rollback();
      expect(await session.query(Stock).count()).toBe(20);
      await session.refresh(stocks[7]!);
      session.delete(...stocks);
      bench.quiet();
      await session.commit();
      expect(bench.sent().length).toBeLessThan(10);
      expect(await session.query(Stock).count()).toBe(0);
    });

    test("session 46: a row among many that is gone is named", async () => {
      const { db, session } = bench;
      session.add(...range(50).map((index) => db.create(Account, account(index))));
      await session.commit();
      const accounts = await session.query(Account).orderBy("id").all();
      await bench.stored(`DELETE FROM "account" WHERE "id" = ${accounts[33]!.id}`);
      for (const one of accounts) one.cents += 1;
      const failure = await failureOf(session.commit());
      expect([failure.code, failure.message]).toEqual([
        "session/row-gone",
        expect.stringContaining(`Account ${accounts[33]!.id}`),
      ]);
    });

    const onlyOnPostgres = database.name === "postgres" ? test : test.skip;
    onlyOnPostgres("session 46: rows that a trigger skips are no success", async () => {
      const { db, session } = bench;
      await bench.stored(`CREATE OR REPLACE FUNCTION skip_some() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.cents = 7 THEN RETURN NULL; END IF; RETURN NEW; END $$`);
      await bench.stored('CREATE TRIGGER skips BEFORE UPDATE ON "account" FOR EACH ROW EXECUTE FUNCTION skip_some()');
      const accounts = range(10).map((index) => db.create(Account, account(index)));
      session.add(...accounts);
      await session.commit();
      for (const [index, one] of accounts.entries()) one.cents = index < 3 ? 7 : 100;
      const failure = await failureOf(session.commit());
      expect([failure.code, failure.message]).toEqual([
        "session/not-updated",
        "3 of 10 rows of Account were not updated, though they are there",
      ]);
      await bench.stored('DROP TRIGGER skips ON "account"');
    });

    test("session 46: keys of several columns and of more digits than a number has find their own rows", async () => {
      const { db, session } = bench;
      const slots = range(100).map((index) =>
        db.create(Slot, {
          number: String(9_007_199_254_740_990n + BigInt(index % 10)),
          area: `a${Math.floor(index / 10)}`,
          code: `c${index}`,
        }),
      );
      session.add(...slots);
      await session.commit();
      // Unique values move on by one row, and the last row's to the first.
      const codes = slots.map(({ code }) => code);
      slots.forEach((slot, index) => (slot.code = codes[(index + 1) % 100]!));
      await session.commit();
      slots.forEach((slot, index) => (slot.code = `n${index}`));
      bench.quiet();
      await session.commit();
      expect(bench.sent(/^UPDATE/)).toHaveLength(1);
      const read = await (await bench.fresh()).session.query(Slot).all();
      for (const { number, area, code } of read)
        expect(code).toBe(`n${slots.findIndex((slot) => slot.number === number && slot.area === area)}`);
    });

    test("session 46: a value that the column would cut is refused by its name, in a statement of many rows too", async () => {
      const { db, session } = bench;
      session.add(...range(20).map((index) => db.create(Account, account(index))));
      await session.commit();
      const accounts = await session.query(Account).orderBy("id").all();
      for (const one of accounts) one.owner = "x";
      accounts[11]!.owner = "longer than ten characters";
      const unchecked = await bench.fresh({ strict: false });
      const failures = [await failureOf(session.commit())];
      for (const one of await unchecked.session.query(Account).all()) one.owner = "longer than ten characters";
      failures.push(await failureOf(unchecked.session.commit()));
      for (const failure of failures) expect(failure.message).toContain("Account.owner");
    });

    test("session 46: rows of much text are split over statements that a server accepts", async () => {
      const { db, session } = bench;
      const text = "ä".repeat(400_000);
      session.add(...range(60).map((index) => db.create(Label, { text: `${index}${text}` })));
      await session.commit();
      const labels = await session.query(Label).orderBy("id").all();
      labels.forEach((label, index) => (label.text = `${text}${index}`));
      await session.commit();
      const lengths = await bench.stored('SELECT CHAR_LENGTH("text") AS "n" FROM "label" ORDER BY "id"');
      expect(lengths.map(({ n }) => Number(n))).toEqual(range(60).map((index) => 400_000 + String(index).length));
    });

    test("session 46: rows of a join table are written and removed together", async () => {
      const { db, session } = bench;
      const [hub, ...others] = range(1_001).map((index) => db.create(Label, { text: String(index) }));
      hub!.related = others;
      session.add(hub!);
      bench.quiet();
      await session.commit();
      expect(bench.sent(/label_links/).length).toBeLessThanOrEqual(3);
      hub!.related.splice(0, 900);
      await session.commit();
      expect(bench.sent(/DELETE FROM .label_links/).length).toBeLessThanOrEqual(3);
      expect(await countOf('"label_links"')).toBe(100);
    });
  },
  ["postgres", "mariadb"],
);
