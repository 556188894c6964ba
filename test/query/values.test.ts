import {
  ArrayContains,
  Between,
  Column,
  Entity,
  Equal,
  ILike,
  In,
  JsonContains,
  LessThan,
  Like,
  ManyToOne,
  MoreThanOrEqual,
  Not,
  OneToMany,
  Or,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Raw,
  type Relation,
} from "typeorm";
import { and, exists, func, not, or, sql, ValueError, when, type RetortError, type Scalar } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

/** Has no order and no NaN: 3 EUR. */
class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

const money = {
  to: (value: Money | null) => (value === null ? null : value.cents),
  from: (cents: number | null) => (cents === null ? null : new Money(Number(cents))),
};

/** "user:1" is stored as "1". */
const prefixed = { to: (value: string) => value.replace("user:", ""), from: (stored: string) => `user:${stored}` };

/** No remark is stored as an empty text. */
const remark = { to: (value: string | null) => value ?? "", from: (stored: string) => stored || null };

@Entity()
class Wallet {
  @PrimaryColumn({ type: "varchar", length: 20, transformer: prefixed })
  owner!: string;

  @Column({ type: "int", transformer: money })
  balance!: Money;

  @Column({ type: "varchar", length: 20, nullable: true, transformer: remark })
  remark!: string | null;

  @Column({ type: "int", nullable: true })
  age!: number | null;

  @Column({ type: Boolean, default: true })
  open!: boolean;

  @Column({ type: "date", nullable: true })
  since!: string | null;

  @Column({ type: Date, nullable: true })
  seen!: Date | null;

  @Column({ type: "simple-json", nullable: true })
  settings!: { theme: string } | null;

  @OneToMany(() => Payment, (payment) => payment.wallet)
  payments!: Relation<Payment>[];
}

@Entity()
class Payment {
  @PrimaryGeneratedColumn()
  id!: number;

  /** The name that the expression of a relation has for its own use must stay free. */
  @Column({ type: "varchar", length: 20, default: "cash" })
  model!: string;

  @ManyToOne(() => Wallet, (wallet) => wallet.payments)
  wallet!: Relation<Wallet> | null;
}

type Operator = (value: unknown) => unknown;
/** The column of a class of values: for TypeScript, `c.balance` is a relation. */
type Expression<T> = Scalar<T>;

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Wallet, Payment] });
  const c = () => bench.db.columns(Wallet);
  const wallets = () => bench.db.query(Wallet);
  const payments = () => bench.db.query(Payment);

  const thrown = async (run: () => unknown): Promise<RetortError> => {
    try {
      await run();
    } catch (error) {
      return error as RetortError;
    }
    throw new Error(`nothing was refused by ${String(run)}`);
  };
  const any = <V>(value: unknown): V => value as V;
  const balanceOf = () => any<Expression<Money>>(c().balance);

  test("undefined is refused wherever a value is compared or set, with entity and property", async () => {
    const none = any<never>(undefined);
    const { age, payments: paid } = c();
    const calls: (() => unknown)[] = [
      () => wallets().filterBy({ age: none }),
      () => wallets().filter({ age: none }),
      () => wallets().filterBy({ age: [1, none] }),
      ...([Equal, Not, LessThan, MoreThanOrEqual, Like, ILike, ArrayContains, JsonContains] as Operator[]).map(
        (operator) => () => wallets().filterBy({ age: any(operator(none)) }),
      ),
      () => wallets().filterBy({ age: In([none]) }),
      () => wallets().filterBy({ age: In(none) }),
      () => wallets().filterBy({ age: Between(none, 1) }),
      () => wallets().filterBy({ age: Between(1, none) }),
      () => wallets().filterBy({ age: Or(Equal(1), Equal(none)) }),
      () => wallets().filterBy({ age: Not(In([none])) }),
      ...(["eq", "ne", "gt", "gte", "lt", "lte", "like", "notLike", "ilike", "startsWith", "endsWith"] as const).map(
        (method) => () => age[method](none),
      ),
      ...(["contains", "in", "notIn", "plus", "minus", "times", "dividedBy", "modulo", "coalesce"] as const).map(
        (method) => () => age[method](none),
      ),
      () => age.between(none, 1),
      () => age.between(1, none),
      () => age.in([1, none]),
      () => age.max().eq(none),
      () => wallets().select(age).asScalar().eq(none),
      () => age.plus(1).gt(none),
      () => when(age.gt(1), age).otherwise(1).eq(none),
      () => wallets().having(age.sum().gt(1), age.min().eq(none)),
      () => paid.any({ wallet: { age: none } }),
      () => wallets().update({ age: none }),
      () => payments().filterBy({ wallet: { age: none } }),
      () => payments().filterBy({ "wallet.age": none } as never),
    ];
    for (const call of calls) {
      const error = await thrown(call);
      expect([String(call), error]).toEqual([String(call), expect.any(ValueError)]);
      expect(error).toMatchObject({ entity: "Wallet", property: "age", hint: expect.any(String) });
    }
    expect(bench.sent()).toEqual([]);
  });

  test("undefined is refused for relations, keys and parameters too", async () => {
    const none = any<never>(undefined);
    const { session } = bench;
    const calls: [string, () => unknown][] = [
      ["Payment.wallet", () => payments().filterBy({ wallet: none })],
      ["Payment.wallet", () => payments().filterBy({ wallet: any([none]) })],
      ["Payment.wallet", () => payments().filterBy({ wallet: Not(none) })],
      ["Payment.wallet", () => payments().filterBy({ wallet: In([none]) })],
      ["Payment.wallet", () => payments().update({ wallet: none })],
      ["Wallet.payments", () => wallets().filterBy({ payments: none })],
      ["Wallet.get", () => session.get(Wallet, none)],
      ["Wallet.get", () => wallets().get(none)],
      ["Wallet.get", () => wallets().filterBy({ age: 1 }).get(none)],
      ["Wallet.get", () => wallets().getOrFail(none)],
      ["sql`…`", () => sql`${c().age} = ${none}`],
      ["LOWER(…)", () => func.lower(none)],
      ["when(…)", () => when(c().age.gt(1), none)],
      ["otherwise(…)", () => when(c().age.gt(1), 1).otherwise(none)],
      [
        ":least of Raw(…) for Wallet.age",
        () => wallets().filterBy({ age: Raw((own) => `${own} > :least`, { least: none }) }),
      ],
      ["a number", () => func.count().gt(none)],
    ];
    for (const [name, call] of calls) {
      const error = await thrown(call);
      expect([String(call), error]).toEqual([String(call), expect.any(ValueError)]);
      expect(error.message).toContain(name);
      expect(error.hint).toEqual(expect.any(String));
    }
    expect(bench.sent()).toEqual([]);
  });

  test("what is no condition is refused where one is needed: it would select every row", async () => {
    const none = any<never>(undefined);
    const { age, open, payments: paid } = c();
    for (const call of [
      () => wallets().filter(none),
      () => wallets().filter(any(open)),
      () => wallets().filter(any(wallets())),
      () => wallets().filter(any(paid)),
      () => wallets().having(none),
      () => wallets().having(any(age)),
      () => and(age.eq(1), none),
      () => or(none),
      () => not(none),
      () => age.eq(1).and(none),
      () => when(none, 1),
      () => exists(none),
      () => paid.any(none),
      () => paid.has(none),
      () => paid.none(none),
      () => wallets().filter(any(Promise.resolve({ age: 1 }))),
    ])
      expect([String(call), await thrown(call)]).toEqual([
        String(call),
        expect.objectContaining({ code: "query/criteria", hint: expect.any(String) }),
      ]);
    for (const call of [
      () => wallets().orderBy(none),
      () => wallets().groupBy(none),
      () => wallets().select(none),
      () => wallets().join(none),
    ])
      expect([String(call), await thrown(call)]).toEqual([
        String(call),
        expect.objectContaining({ code: "query/expression", hint: expect.any(String) }),
      ]);
  });

  test("a value of a type that the column cannot have is refused by every operator, as a write refuses it", async () => {
    const { age, open, owner, since, seen } = c();
    const refused: [string, () => unknown][] = [
      ["age", () => wallets().filterBy({ age: any("many") })],
      ["age", () => wallets().filterBy({ age: LessThan(any("many")) })],
      ["age", () => wallets().filterBy({ age: Between(1, any("many")) })],
      ["age", () => wallets().filterBy({ age: NaN })],
      ["age", () => age.eq(any("many"))],
      ["age", () => age.ne(any({}))],
      ["age", () => age.gt(any(null))],
      ["age", () => age.between(any("a"), any("b"))],
      ["age", () => age.in(any(["many"]))],
      ["age", () => age.in(any("many"))],
      ["age", () => age.in(any(Promise.resolve([1])))],
      ["age", () => age.eq(any(Promise.resolve(1)))],
      ["age", () => age.eq(any(() => 1))],
      ["age", () => age.eq(any(c().payments))],
      ["age", () => age.eq(any(age.desc()))],
      ["age", () => age.max().lt(any("many"))],
      ["age", () => age.plus(any("many"))],
      ["age", () => age.coalesce(any("many"))],
      ["owner", () => owner.like(any(5))],
      ["owner", () => owner.contains(any(5))],
      ["open", () => open.eq(any(1))],
      ["since", () => since.gt(any(5))],
      ["seen", () => seen.lt(new Date(NaN))],
      ["age", () => wallets().update({ age: any("many") })],
      ["age", () => wallets().update({ age: any(Promise.resolve(1)) })],
    ];
    for (const [property, call] of refused) {
      const error = await thrown(call);
      expect([String(call), error]).toEqual([String(call), expect.any(ValueError)]);
      expect([String(call), (error as ValueError).property]).toEqual([String(call), property]);
      expect(error.message).toContain(`Wallet.${property}`);
    }
    // Expressions without a column have a type too: MySQL finds 'abc' = 0.
    for (const call of [
      () => func.count().eq(any("abc")),
      () => owner.lower().eq(any(0)),
      () => owner.length().gt(any("abc")),
      () => age.gt(1).eq(any(1)),
    ])
      expect([String(call), await thrown(call)]).toEqual([String(call), expect.any(ValueError)]);
    expect(bench.sent()).toEqual([]);
  });

  test("a relation has no comparisons of its own, and says what has", async () => {
    const wallet = bench.db.columns(Payment).wallet as unknown as Scalar;
    expect(await thrown(() => wallet.eq("user:1"))).toMatchObject({
      code: "query/relation",
      message: "Payment.wallet is a relation, which has no eq()",
      hint: expect.stringContaining("filterBy({ wallet: … })"),
    });
    expect(await thrown(() => payments().filter(any(wallet)))).toMatchObject({
      message: "a query of Payment cannot be filtered by Payment.wallet",
      hint: expect.stringContaining("Payment.wallet.any("),
    });
  });

  test("what only no row can have is asked for", async () => {
    expect(
      await wallets()
        .filter(c().owner.eq("x".repeat(50)))
        .all(),
    ).toEqual([]);
    expect(
      await wallets()
        .filterBy({ since: "2024-02-29", age: any("5") })
        .all(),
    ).toEqual([]);
  });

  test("sql`…` and functions take values of every database, and explain what is none", async () => {
    const { db } = bench;
    const wallet = db.create(Wallet, {
      owner: "user:1",
      balance: new Money(1),
      seen: new Date("2024-05-01T00:00:00Z"),
    });
    db.session.add(wallet, db.create(Payment, { wallet }));
    await db.session.flush();
    const { open, seen, age, payments: paid } = c();
    expect(
      await wallets()
        .filter(sql`${open} = ${true}`)
        .count(),
    ).toBe(1);
    expect(
      await wallets()
        .filter(sql`${age} IS NULL AND ${null} IS NULL`)
        .count(),
    ).toBe(1);
    expect(
      await wallets()
        .filter(sql`${seen} > ${new Date("2024-04-01T00:00:00Z")}`)
        .count(),
    ).toBe(1);
    expect(await wallets().filter(seen.isNotNull().eq(true)).count()).toBe(1);
    expect(await wallets().select(func.coalesce(age, 7)).scalar()).toBe(7);

    const calls: [string, () => unknown][] = [
      ["Wallet.payments.id", () => sql`${paid} = 1`],
      ["Wallet.payments.id", () => func.lower(paid)],
      ["Payment.wallet.owner", () => payments().filter(sql`${db.columns(Payment).wallet} = 1`)],
      ["one of its properties", () => sql`${wallet} = 1`],
      ["JSON.stringify(value)", () => sql`${{ a: 1 }} = 1`],
      ["await it", () => sql`${Promise.resolve(1)} = 1`],
      ["asc() or desc()", () => sql`${age.desc()}`],
      ["one of them: owner", () => sql`${c()}`],
      ["call it", () => sql`${Wallet}`],
      ["null", () => sql`${[1, undefined]}`],
      ["use null", () => sql`${NaN}`],
    ];
    for (const [hint, call] of calls) {
      const error = await thrown(call);
      expect([String(call), error]).toEqual([String(call), expect.any(ValueError)]);
      expect([String(call), `${error.message} ${error.hint}`]).toEqual([String(call), expect.stringContaining(hint)]);
      expect(error.message).not.toContain("renderInto");
    }
    const listed = wallets().filter(sql`1 = ANY(${[1, 2]})`);
    if (bench.kind === "postgres") expect(await listed.count()).toBe(1);
    else expect(await thrown(() => listed.count())).toMatchObject({ code: "query/array" });
  });

  test("parameters of execute() are checked too", async () => {
    const { session } = bench;
    const placeholder = bench.kind === "postgres" ? "$1" : "?";
    for (const value of [undefined, NaN, { age: 1 }, Promise.resolve(1), new Wallet(), c().payments])
      expect(await thrown(async () => session.execute(`SELECT ${placeholder}`, [value]))).toBeInstanceOf(ValueError);
    expect(bench.sent()).toEqual([]);
  });

  test("values pass the transformer of their column: keys, conditions, lists, bulk updates, aggregates", async () => {
    const { db } = bench;
    const wallet = db.create(Wallet, { owner: "user:1", balance: new Money(300), since: "2024-02-29" });
    db.session.add(wallet, db.create(Wallet, { owner: "user:2", balance: new Money(500), remark: "new" }));
    await db.session.commit();
    const { owner, remark: note, since, seen } = c();
    const balance = balanceOf();

    const other = await bench.fresh();
    expect(await other.session.get(Wallet, "user:1")).toMatchObject({ owner: "user:1", balance: new Money(300) });
    expect(await wallets().filterBy({ age: null }).get("user:2")).toMatchObject({ owner: "user:2" });
    expect(
      await wallets()
        .filterBy({ balance: new Money(300) })
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filterBy({ balance: [new Money(300), new Money(1)] })
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filterBy({ balance: LessThan(new Money(400)) })
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filter(balance.between(new Money(1), new Money(400)))
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filter(balance.ne(new Money(500)))
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filter(owner.in(["user:1", "user:9"]))
        .one(),
    ).toBe(wallet);
    expect(await wallets().filterBy({ remark: null }).one()).toBe(wallet);
    expect(
      await wallets()
        .filter(note.in(["old", null]))
        .one(),
    ).toBe(wallet);
    expect(
      await wallets()
        .filter(balance.times(any(2)).eq(new Money(600)))
        .one(),
    ).toBe(wallet);
    expect((await thrown(() => balance.eq(any(300)))).message).toContain("Wallet.balance");

    expect(
      await wallets()
        .filterBy({ owner: "user:1" })
        .update({ balance: new Money(7), remark: null }),
    ).toBe(1);
    const stored = await wallets()
      .filterBy({ owner: "user:1" })
      .select(sql`${balance}`.as("cents"), sql`${note}`.as("note"))
      .all();
    expect(stored).toEqual([{ cents: 7, note: "" }]);
    expect(wallet.balance).toEqual(new Money(7));
    const totals = wallets().select(
      balance.max().as("most"),
      func.min(since).as("first"),
      since.max().as("last"),
      seen.max().as("seen"),
    );
    expect(await totals.one()).toEqual({ most: new Money(500), first: "2024-02-29", last: "2024-02-29", seen: null });
    expect(
      await wallets()
        .filter(since.eq(any(wallets().select(since.max()).asScalar())))
        .one(),
    ).toBe(wallet);
  });

  test("distinct values are sorted by the form that was selected", async () => {
    const { db } = bench;
    const days = ["2024-02-29", null, "2023-01-01"];
    db.session.add(
      ...[...days, ...days].map((since, number) =>
        db.create(Wallet, { owner: `user:${number}`, balance: new Money(1), since }),
      ),
    );
    const distinct = wallets().select("since").distinct();
    const sorted = [{ since: "2024-02-29" }, { since: "2023-01-01" }, { since: null }];
    expect(await distinct.orderBy(c().since.desc().nullsLast()).all()).toEqual(sorted);
    expect(await distinct.filter(c().since.isNotNull()).orderBy({ since: "DESC" }).all()).toEqual(sorted.slice(0, 2));
  });

  test("a column named like a method of ours is a column", async () => {
    const { db } = bench;
    db.session.add(db.create(Payment, { wallet: db.create(Wallet, { owner: "user:1", balance: new Money(1) }) }));
    const { payments: paid } = c();
    expect(await wallets().join("payments").filter(paid.model.eq("cash")).count()).toBe(1);
  });
});
