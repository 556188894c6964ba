import { EntitySchema } from "typeorm";
import { Session } from "../../src";
import { benchOn } from "../helpers/bench";
import { database } from "../helpers/databases";
import { id } from "../helpers/entities/plain-classes";

class Cart {
  declare id: number;
  declare name: string;
  declare lines: Line[];
  declare labels: Label[];
  declare receipt: Receipt | null;
}
class Line {
  declare id: number;
  declare sku: string;
  declare cart: Cart | null;
}
class Label {
  declare id: number;
  declare word: string;
  declare carts: Cart[];
}
class Receipt {
  declare id: number;
  declare number: string;
  declare cart: Cart | null;
}

const text = { type: String, nullable: true } as const;

const shop = [
  new EntitySchema<Cart>({
    name: "Cart",
    target: Cart,
    columns: { id, name: text },
    relations: {
      lines: { type: "one-to-many", target: () => Line, inverseSide: "cart" },
      labels: { type: "many-to-many", target: () => Label, inverseSide: "carts", joinTable: { name: "cart_label" } },
      receipt: { type: "one-to-one", target: () => Receipt, inverseSide: "cart" },
    },
  }),
  new EntitySchema<Line>({
    name: "Line",
    target: Line,
    columns: { id, sku: text },
    relations: { cart: { type: "many-to-one", target: () => Cart, inverseSide: "lines", nullable: true } },
  }),
  new EntitySchema<Label>({
    name: "Label",
    target: Label,
    columns: { id, word: text },
    relations: { carts: { type: "many-to-many", target: () => Cart, inverseSide: "labels" } },
  }),
  new EntitySchema<Receipt>({
    name: "Receipt",
    target: Receipt,
    columns: { id, number: text },
    relations: {
      cart: { type: "one-to-one", target: () => Cart, inverseSide: "receipt", joinColumn: true, nullable: true },
    },
  }),
];

const make = <T extends object>(type: new () => T, values: Partial<T>): T => Object.assign(new type(), values);

describe("changes of relations", () => {
  const bench = benchOn(database("sqlite"), { entities: shop });
  const cart = (name: string, values: Partial<Cart> = {}): Cart => make(Cart, { name, ...values });
  const line = (sku: string, values: Partial<Line> = {}): Line => make(Line, { sku, ...values });
  const label = (word: string): Label => make(Label, { word });

  /** Cart a with the lines x and y and the label l, cart b with nothing; their lists are loaded. */
  async function carts(): Promise<{ a: Cart; b: Cart; x: Line; y: Line; l: Label }> {
    const { session } = bench;
    session.add(cart("a", { lines: [line("x"), line("y")], labels: [label("l")] }), cart("b"));
    await session.commit();
    session.expungeAll();
    const [a, b] = (await session.query(Cart).orderBy("id").all()) as [Cart, Cart];
    for (const one of [a, b]) {
      await one.lines;
      await one.labels;
    }
    const [x, y] = a.lines as [Line, Line];
    return { a, b, x, y, l: a.labels[0]! };
  }
  async function stored(): Promise<string> {
    const rows = await bench.stored(
      `SELECT sku, name FROM line LEFT JOIN cart ON cart.id = line."cartId" ORDER BY line.id`,
    );
    return rows.map(({ sku, name }) => `${String(sku)}>${String(name)}`).join(" ");
  }
  async function labels(): Promise<string> {
    const rows = await bench.stored(
      `SELECT name, word FROM cart_label JOIN cart ON "cartId" = cart.id JOIN label ON "labelId" = label.id ORDER BY cart.id, label.id`,
    );
    return rows.map(({ name, word }) => `${String(name)}:${String(word)}`).join(" ");
  }

  describe("of a list that is loaded", () => {
    test.each<[string, (list: Line[], z: Line) => void, string]>([
      ["length = 0", (list) => void (list.length = 0), "x>null y>null"],
      ["[0] = z", (list, z) => void (list[0] = z), "x>null y>a z>a"],
      ["[length] = z", (list, z) => void (list[list.length] = z), "x>a y>a z>a"],
      ["[1] = [0]", (list) => void (list[1] = list[0]!), "x>a y>null"],
      ["fill", (list, z) => void list.fill(z), "x>null y>null z>a"],
      ["copyWithin", (list) => void list.copyWithin(0, 1), "x>null y>a"],
      ["splice", (list, z) => void list.splice(0, 1, z), "x>null y>a z>a"],
      ["sort and reverse", (list) => void list.sort(() => -1).reverse(), "x>a y>a"],
      ["Array.prototype.push.call", (list, z) => void Array.prototype.push.call(list, z), "x>a y>a z>a"],
      ["Array.prototype.pop.call", (list) => void Array.prototype.pop.call(list), "x>a y>null"],
      ["Reflect.set", (list, z) => void Reflect.set(list, "0", z), "x>null y>a z>a"],
      ["Object.assign", (list, z) => void Object.assign(list, [z]), "x>null y>a z>a"],
    ])("session 43: %s is written, though nothing else changed", async (_, change, expected) => {
      const { a } = await carts();
      change(a.lines, line("z"));
      await bench.session.commit();
      expect(await stored()).toBe(expected);
      expect([...new Set(a.lines)].map(({ sku, cart: owner }) => `${sku}>${owner!.name}`).sort()).toEqual(
        expected.split(" ").filter((one) => one.endsWith(">a")),
      );
      await bench.session.commit();
      expect(await stored()).toBe(expected);
    });

    test("session 43: a change by index is seen by the next query", async () => {
      const { a } = await carts();
      a.labels[0] = label("m");
      expect(await bench.session.query(Label).count()).toBe(2);
      await bench.session.commit();
      expect(await labels()).toBe("a:m");
    });

    test.each<[string, (list: unknown[]) => void]>([
      ["delete", (list) => void Reflect.deleteProperty(list, 0)],
      ["length beyond the end", (list) => void (list.length = 5)],
      ["null", (list) => void (list[0] = null)],
      ["another entity", (list) => void (list[0] = label("m"))],
      ["a number", (list) => void (list[2] = 7)],
    ])("session 43: a hole or something else than a member is refused by name: %s", async (_, change) => {
      const { a } = await carts();
      change(a.lines);
      await expect(bench.session.commit()).rejects.toThrow(/Cart\.lines takes a Line, not/);
      await bench.session.rollback();
      expect(a.lines.map(({ sku }) => sku)).toEqual(["x", "y"]);
      expect(await stored()).toBe("x>a y>a");
    });

    test("session 12: a rollback takes back what was changed by index", async () => {
      const { a, x, y } = await carts();
      a.lines[0] = line("z");
      await bench.session.rollback();
      expect([...a.lines]).toEqual([x, y]);
      expect(x.cart).toBe(a);
    });

    test("session 43: a variable that holds the list from before a commit still changes the relation", async () => {
      const { session } = bench;
      const { a } = await carts();
      const { lines, labels: words } = a;
      await session.commit();
      await session.query(Cart).all();
      lines[lines.length] = line("z");
      words.push(label("m"));
      await session.commit();
      expect(await stored()).toBe("x>a y>a z>a");
      expect(await labels()).toBe("a:l a:m");
      expect((await a.lines).map(({ sku }) => sku)).toEqual(["x", "y", "z"]);
      expect(await a.lines).toBe(lines);
    });

    test("session 43: so does one from before a rollback and before a refresh", async () => {
      const { session } = bench;
      const { a } = await carts();
      const words = a.labels;
      a.name = "c";
      await session.flush();
      await session.rollback();
      words.push(label("m"));
      await session.commit();
      expect(await labels()).toBe("a:l a:m");
      await session.refresh(a);
      words.length = 0;
      await session.commit();
      expect(await labels()).toBe("");
    });
  });

  describe("by assignment", () => {
    test("session 43: what is put into an array after it was assigned belongs to the relation", async () => {
      const { session } = bench;
      const { b } = await carts();
      const lines = [line("p")];
      b.lines = lines;
      lines.push(line("q"));
      expect(b.lines.map(({ sku }) => sku)).toEqual(["p", "q"]);
      const given: Label[] = [];
      const c = cart("c", { labels: given });
      session.add(c);
      given.push(label("m"));
      await session.commit();
      expect(await stored()).toBe("x>a y>a p>b q>b");
      expect(await labels()).toBe("a:l c:m");
      lines.shift();
      given[1] = label("n");
      await session.commit();
      expect(await stored()).toBe("x>a y>a p>null q>b");
      expect(await labels()).toBe("a:l c:m c:n");
    });

    test("session 43: one array for two owners: labels belong to both, a line to the last", async () => {
      const { session } = bench;
      const { a, b } = await carts();
      const words = [label("m")];
      const lines = [line("z")];
      a.labels = words;
      b.labels = words;
      a.lines = lines;
      b.lines = lines;
      lines.push(line("w"));
      await session.commit();
      expect(await labels()).toBe("a:m b:m");
      expect(await stored()).toBe("x>null y>null z>b w>b");
      expect([...a.lines]).toEqual([]);
    });

    test("session 43: the list of one owner assigned to another", async () => {
      const { a, b } = await carts();
      b.lines = a.lines;
      b.labels = a.labels;
      await bench.session.commit();
      expect(await stored()).toBe("x>b y>b");
      expect(await labels()).toBe("a:l b:l");
      expect([...a.lines]).toEqual([]);
    });

    test("session 43: a Set, a generator, null and undefined", async () => {
      const { session } = bench;
      const { a, b, x, l } = await carts();
      b.lines = new Set([x]) as unknown as Line[];
      b.labels = (function* () {
        yield l;
      })() as unknown as Label[];
      a.labels = null as unknown as Label[];
      await session.commit();
      expect(await stored()).toBe("x>b y>a");
      expect(await labels()).toBe("b:l");
      b.labels = undefined as unknown as Label[];
      await session.commit();
      expect(await labels()).toBe("b:l");
    });

    test.each([5, "xy", {}, [undefined], [{}]])("session 43: %j is refused by name", async (value) => {
      const { a } = await carts();
      expect(() => (a.lines = value as unknown as Line[])).toThrow(/Cart\.lines takes a (list of )?Line, not/);
    });

    test("session 43: one side of a one-to-one releases what the other refers to, loaded or not, in few statements", async () => {
      const { session } = bench;
      const all = Array.from({ length: 50 }, (_, number) => cart(`cart ${number}`));
      session.addAll(all.map((one) => make(Receipt, { number: "old", cart: one })));
      await session.commit();
      session.expungeAll();
      const found = await session.query(Cart).all();
      session.addAll(found.map((one) => make(Receipt, { number: "new", cart: one })));
      bench.quiet();
      await session.commit();
      expect(bench.sent(/^SELECT/)).toHaveLength(1);
      const rows = await bench.stored(
        `SELECT number, COUNT("cartId") AS carts FROM receipt GROUP BY number ORDER BY number`,
      );
      expect(rows).toEqual([
        { number: "new", carts: 50 },
        { number: "old", carts: 0 },
      ]);
    });

    test("session 43: a key instead of an object, and no more than a key", async () => {
      const { session } = bench;
      const { a, b, x } = await carts();
      const plain = (values: object): Cart => values as Cart;
      x.cart = plain({ id: b.id });
      await session.commit();
      expect(await stored()).toBe("x>b y>a");
      x.cart = plain({ id: a.id, name: "a" });
      expect(x.cart).toBe(a);
      for (const values of [{ id: a.id, name: "other" }, { name: "a" }, { id: null }, {}])
        expect(() => (x.cart = plain(values))).toThrow("Line.cart takes a Cart or its key, { id }, not a plain object");
      await session.commit();
      expect(await stored()).toBe("x>a y>a");
    });

    test("session 43: the other side of a one-to-one that is not loaded", async () => {
      const { session } = bench;
      const receipt = make(Receipt, { number: "1", cart: cart("a") });
      session.add(receipt, cart("b"));
      await session.commit();
      session.expungeAll();
      const a = (await session.query(Cart).filterBy({ name: "a" }).one()) as Cart;
      a.receipt = null;
      await session.commit();
      expect(await bench.stored(`SELECT "cartId" FROM receipt`)).toEqual([{ cartId: null }]);
      a.receipt = await session.query(Receipt).one();
      await session.commit();
      session.expungeAll();
      const again = await session.query(Cart).filterBy({ name: "a" }).one();
      again.receipt = make(Receipt, { number: "2" });
      await session.commit();
      expect(await bench.stored(`SELECT "number", "cartId" FROM receipt ORDER BY id`)).toEqual([
        { number: "1", cartId: null },
        { number: "2", cartId: again.id },
      ]);
    });
  });

  describe("of both sides", () => {
    test.each<[string, (c: Cart, n: Line) => void]>([
      ["child first", (c, n) => void ((n.cart = c), (c.lines = [n]))],
      ["parent first", (c, n) => void ((c.lines = [n]), (n.cart = c))],
      ["only the parent", (c, n) => void (c.lines = [n])],
    ])("session 43: a parent that is added brings the child: %s", async (_, relate) => {
      for (const known of [false, true]) {
        const { session } = bench;
        const [c, n] = [cart("c"), line("n")];
        if (known) bench.db.create(Cart, {});
        relate(c, n);
        session.add(c);
        await session.commit();
        expect(await stored()).toBe(known ? "n>c n>c" : "n>c");
      }
    });

    test("session 43: objects of db.create, a stored parent, a list that is not loaded", async () => {
      const { session, db } = bench;
      const created = db.create(Cart, { name: "c" });
      const n = db.create(Line, { sku: "n", cart: created });
      created.lines.push(n);
      session.add(created);
      await session.commit();
      session.expungeAll();
      const c = await session.query(Cart).one();
      const [o, p] = [line("o", { cart: c }), line("p")];
      c.lines.push(o, p);
      p.cart = c;
      await session.commit();
      expect(await stored()).toBe("n>c o>c p>c");
    });

    test("session 43: what the sides say is united", async () => {
      const { session } = bench;
      const c = cart("c");
      const [one, two] = [line("1", { cart: c }), line("2")];
      c.lines = [two];
      session.add(one);
      await session.commit();
      expect(await stored()).toBe("1>c 2>c");
      expect(c.lines.map(({ sku }) => sku).sort()).toEqual(["1", "2"]);
    });

    test("session 43: two parents, set in an order that nothing saw, are refused with both named", async () => {
      const { session } = bench;
      const [c, d] = [cart("c"), cart("d")];
      Cart.prototype.toString = function (this: Cart) {
        return `<Cart ${this.name}>`;
      };
      const n = line("n", { cart: c });
      d.lines = [n];
      session.add(d);
      await expect(session.commit()).rejects.toThrow("has two values for Line.cart: <Cart c> and <Cart d>");
      await session.rollback();
      session.add(d);
      n.cart = d;
      await session.commit();
      expect(await stored()).toBe("n>d");
      const [e, f] = [cart("e"), cart("f")];
      e.lines = f.lines = [line("o")];
      session.add(e, f);
      await expect(session.commit()).rejects.toThrow("<Cart e> and <Cart f>");
      await session.rollback();
      delete (Cart.prototype as { toString?: unknown }).toString;
    });

    test("session 43: where accessors saw the order, the last assignment wins", async () => {
      const { session } = bench;
      const { a, b, x, y } = await carts();
      x.cart = b;
      a.lines = [x, y];
      await session.commit();
      expect(await stored()).toBe("x>a y>a");
      b.lines.push(x);
      y.cart = b;
      y.cart = a;
      await session.commit();
      expect(await stored()).toBe("x>b y>a");
    });
  });

  describe("of an object that no session holds", () => {
    test.each(["close", "expunge"])("session 44: relations are written when it is added again: %s", async (how) => {
      const { l } = await carts();
      const first = (await bench.fresh()).session;
      const a = (await first.query(Cart).filterBy({ name: "a" }).one()) as Cart;
      if (how === "close") await first.close();
      else first.expunge(a);
      a.lines.push(line("z"));
      a.receipt = make(Receipt, { number: "1" });
      a.labels = [label("m")];
      bench.session.expunge(l);
      bench.session.expungeAll();
      bench.session.add(a);
      await bench.session.commit();
      expect(await stored()).toBe("x>a y>a z>a");
      expect(await labels()).toBe("a:m");
      expect(await bench.stored(`SELECT "cartId" FROM receipt`)).toEqual([{ cartId: a.id }]);
      expect((await a.lines).map(({ sku }) => sku)).toEqual(["x", "y", "z"]);
    });

    test("session 44: it brings what was changed in the objects that it refers to", async () => {
      const { a, x } = await carts();
      await bench.session.close();
      x.sku = "changed";
      const { session } = await bench.fresh();
      session.add(a);
      await session.commit();
      expect(await stored()).toBe("changed>a y>a");
    });

    test.each([
      ["assigned", (a: Cart, x: Line) => (a.lines = a.lines.filter((one) => one !== x))],
      ["removed from the list", (a: Cart, x: Line) => void a.lines.splice(a.lines.indexOf(x), 1)],
    ])("session 44: so are the objects that were removed from its relations: %s", async (_, change) => {
      const { a, x } = await carts();
      await a.lines;
      await bench.session.close();
      change(a, x);
      const { session } = await bench.fresh();
      session.add(a);
      await session.commit();
      expect(await stored()).toBe("x>null y>a");
    });

    test("session 7: a second object of a row that the session holds is refused, with both named", async () => {
      const { a } = await carts();
      await bench.session.close();
      const { session } = await bench.fresh();
      await session.query(Cart).all();
      expect(() => session.add(a)).toThrow(/has the key \d+ of .*loaded already/);
    });

    test("session 44: it leaves the list of the one that it referred to, which is loaded", async () => {
      const { a, x } = await carts();
      await a.lines;
      await bench.session.close();
      x.cart = null;
      const { session } = await bench.fresh();
      session.add(x, a);
      await session.commit();
      expect(a.lines.map(({ sku }) => sku)).toEqual(["y"]);
      expect(await stored()).toBe("x>null y>a");
    });

    test("session 7: in a relation, the session's object takes the place of an unchanged one of the same row", async () => {
      await carts();
      const read = async (): Promise<[Cart, Label]> => {
        const { session } = await bench.fresh();
        const found: [Cart, Label] = [
          (await session.query(Cart).orderBy("id").first())!,
          (await session.query(Label).first())!,
        ];
        await session.close();
        return found;
      };
      const [[cart1, label1], [cart2, label2], [cart3]] = [await read(), await read(), await read()];
      const { session } = await bench.fresh();
      const held = (await session.query(Cart).orderBy("id").first())!;
      const lines = [line("m", { cart: cart1 }), line("n", { cart: cart2 })];
      const added = [cart("c", { labels: [label1] }), cart("d", { labels: [label2] })];
      session.add(...lines, ...added);
      await session.commit();
      expect(lines.map((one) => one.cart === held)).toEqual([true, true]);
      expect(added[0]!.labels[0]).toBe(added[1]!.labels[0]);
      expect(await stored()).toBe("x>a y>a m>a n>a");
      expect(await labels()).toBe("a:l c:l d:l");
      cart3.name = "changed";
      session.add(line("o", { cart: cart3 }));
      await expect(session.commit()).rejects.toThrow(/has the key \d+ of .*loaded already/);
    });

    test("session 43: what is done on the other side later decides over a promise, which may be resolved late", async () => {
      const { session } = bench;
      const [a, b, n] = [cart("a", { lines: [] }), cart("b", { lines: [] }), line("n")];
      session.add(a, b, n);
      await session.commit();
      let resolve!: (value: Cart) => void;
      const promise = new Promise<Cart>((done) => (resolve = done));
      n.cart = promise as unknown as Cart;
      b.lines.push(n);
      resolve(a);
      await promise;
      await session.commit();
      expect(await stored()).toBe("n>b");
    });

    test("session 44: a promise that is assigned is awaited, in objects that it brings too", async () => {
      const { session } = bench;
      const c = cart("c");
      const n = line("n", { cart: Promise.resolve(c) as unknown as Cart });
      const receipt = make(Receipt, {
        number: "1",
        cart: cart("d", { lines: Promise.resolve([n]) as unknown as Line[] }),
      });
      n.cart = null;
      session.add(receipt);
      await session.commit();
      expect(await stored()).toBe("n>d");
    });
  });

  test("session 43: accessors of the class get what the relation is set to, and give what was set before", async () => {
    class Note {
      declare id: number;
      #about: Cart | null = null;
      get about(): Cart | null {
        return this.#about;
      }
      set about(value: Cart | null) {
        this.#about = value;
      }
      get title(): string {
        return `about ${this.#about?.name ?? "nothing"}`;
      }
    }
    const note = new EntitySchema<Note>({
      name: "Note",
      target: Note,
      columns: { id },
      relations: { about: { type: "many-to-one", target: () => Cart, nullable: true } },
    });
    const { DataSource } = await import("typeorm");
    const dataSource = new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entities: [...shop, note],
      synchronize: true,
    });
    await dataSource.initialize();
    const session = new Session(dataSource);
    const one = new Note();
    one.about = cart("a");
    session.add(one);
    await session.commit();
    expect(await dataSource.query(`SELECT aboutId FROM note`)).toEqual([{ aboutId: 1 }]);
    session.expungeAll();
    const read = await session.query(Note).one();
    await read.about;
    expect(read.title).toBe("about a");
    read.about = null;
    expect(read.title).toBe("about nothing");
    await session.commit();
    expect(await dataSource.query(`SELECT aboutId FROM note`)).toEqual([{ aboutId: null }]);
    await session.close();
    await dataSource.destroy();
  });
});
