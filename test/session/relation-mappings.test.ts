import {
  Column,
  Entity,
  EntitySchema,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type EntitySchemaRelationOptions,
  type Relation,
} from "typeorm";
import { benchOn } from "../helpers/bench";
import { database } from "../helpers/databases";
import { id } from "../helpers/entities/plain-classes";

const make = <T extends object>(type: new () => T, values: Partial<T>): T => Object.assign(new type(), values);
const text = { type: String, nullable: true } as const;

describe("a many-to-many without a join table", () => {
  class Film {
    declare id: number;
    declare title: string;
    declare actors: Actor[];
  }
  class Actor {
    declare id: number;
    declare name: string;
  }
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Film>({
        name: "Film",
        target: Film,
        columns: { id, title: text },
        relations: { actors: { type: "many-to-many", target: () => Actor } },
      }),
      new EntitySchema<Actor>({ name: "Actor", target: Actor, columns: { id, name: text } }),
    ],
  });

  test("is ignored while it is not set, as by TypeORM, and refused by name when it is", async () => {
    const { session } = bench;
    const refused = /Film\.actors cannot be set: neither side of the relation has a join table/;
    expect(() => session.add(make(Film, { title: "f", actors: [make(Actor, { name: "a" })] }))).toThrow(refused);
    const film = make(Film, { title: "f", actors: [] });
    session.add(film);
    await session.commit();
    expect(() => (film.actors = [new Actor()])).toThrow(refused);
    session.expungeAll();
    expect((await session.query(Film).one()).title).toBe("f");
  });
});

describe("two relations with one inverse", () => {
  class Foo {
    declare id: number;
    declare bars: Bar[];
    declare others: Bar[];
  }
  class Bar {
    declare id: number;
    declare name: string;
    declare foos: Foo[];
  }
  const toBar = (table: string) =>
    ({ type: "many-to-many", target: () => Bar, inverseSide: "foos", joinTable: { name: table } }) as const;
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Foo>({
        name: "Foo",
        target: Foo,
        columns: { id },
        relations: { bars: toBar("foo_bar"), others: toBar("foo_other") },
      }),
      new EntitySchema<Bar>({
        name: "Bar",
        target: Bar,
        columns: { id, name: text },
        relations: { foos: { type: "many-to-many", target: () => Foo, inverseSide: "bars" } },
      }),
    ],
  });

  test("writes each to its own table, and the inverse to that of the relation that it names", async () => {
    const { session } = bench;
    const [one, two] = [make(Bar, { name: "one" }), make(Bar, { name: "two" })];
    const foo = make(Foo, { others: [one] });
    session.add(foo);
    await session.commit();
    two.foos = [foo];
    session.add(two);
    await session.commit();
    const tables = async (): Promise<unknown[]> => [
      await bench.stored(`SELECT "barId" FROM foo_bar`),
      await bench.stored(`SELECT "barId" FROM foo_other`),
    ];
    expect(await tables()).toEqual([[{ barId: two.id }], [{ barId: one.id }]]);
    (await foo.bars).length = 0;
    await session.commit();
    expect(await tables()).toEqual([[], [{ barId: one.id }]]);
    expect((await one.foos).length).toBe(0);
  });
});

describe("a foreign key of two columns", () => {
  class Seat {
    declare row: number;
    declare place: number;
  }
  class Ticket {
    declare id: number;
    declare row: number | null;
    declare seat: Seat | null;
  }
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Seat>({
        name: "Seat",
        target: Seat,
        columns: { row: { type: Number, primary: true }, place: { type: Number, primary: true } },
      }),
      new EntitySchema<Ticket>({
        name: "Ticket",
        target: Ticket,
        columns: { id, row: { type: Number, nullable: true } },
        relations: {
          seat: {
            type: "many-to-one",
            target: () => Seat,
            nullable: true,
            joinColumn: [
              { name: "row", referencedColumnName: "row" },
              { name: "place", referencedColumnName: "place" },
            ],
          },
        },
      }),
    ],
  });

  test("takes an object with both, and refuses one value for both", async () => {
    const { session } = bench;
    session.add(make(Seat, { row: 1, place: 2 }));
    await session.commit();
    const ticket = make(Ticket, { seat: { row: 1, place: 2 } });
    session.add(ticket);
    await session.commit();
    expect(await bench.stored(`SELECT "row", place FROM ticket`)).toEqual([{ row: 1, place: 2 }]);
    ticket.seat = null;
    await session.commit();
    expect(await bench.stored(`SELECT "row", place FROM ticket`)).toEqual([{ row: null, place: null }]);
    for (const key of [1, { row: 1 }, { place: 2 }])
      expect(() => (ticket.seat = key as unknown as Seat)).toThrow(
        "Ticket.seat takes a Seat or its key, { row, place }",
      );
  });
});

describe("a foreign key that shares a column with others", () => {
  class Category {
    declare tenant: number;
    declare id: number;
  }
  class Article {
    declare id: number;
    declare tenant: number;
    declare category: Category | null;
    declare second: Category | null;
  }
  const tenant = { type: Number } as const;
  const toCategory = (column: string): EntitySchemaRelationOptions => ({
    type: "many-to-one",
    target: () => Category,
    nullable: true,
    joinColumn: [
      { name: "tenant", referencedColumnName: "tenant" },
      { name: column, referencedColumnName: "id" },
    ],
  });
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Category>({
        name: "Category",
        target: Category,
        columns: { tenant: { ...tenant, primary: true }, id: { type: Number, primary: true } },
      }),
      new EntitySchema<Article>({
        name: "Article",
        target: Article,
        columns: { id, tenant },
        relations: { category: toCategory("categoryId"), second: toCategory("secondId") },
      }),
    ],
  });

  test("keeps it where it must not be NULL, when the relation is set to null", async () => {
    const { session } = bench;
    const category = make(Category, { tenant: 7, id: 1 });
    const article = make(Article, { tenant: 7, category, second: category });
    session.add(category, article, make(Article, { tenant: 7, category: null }));
    await session.commit();
    article.category = null;
    await session.commit();
    expect(article.tenant).toBe(7);
    const rows = await bench.stored(`SELECT tenant, "categoryId", "secondId" FROM article ORDER BY id`);
    expect(rows).toEqual([
      { tenant: 7, categoryId: null, secondId: 1 },
      { tenant: 7, categoryId: null, secondId: null },
    ]);
    expect(session.isModified(article)).toBe(false);
  });
});

describe("objects with eager relations that a flush reads", () => {
  class Room {
    declare id: number;
    declare guests: Guest[];
  }
  class Guest {
    declare id: number;
    declare room: Room | null;
    declare bags: Bag[];
  }
  class Bag {
    declare id: number;
    declare guest: Guest | null;
  }
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Room>({
        name: "Room",
        target: Room,
        columns: { id },
        relations: { guests: { type: "one-to-many", target: () => Guest, inverseSide: "room" } },
      }),
      new EntitySchema<Guest>({
        name: "Guest",
        target: Guest,
        columns: { id },
        relations: {
          room: { type: "many-to-one", target: () => Room, inverseSide: "guests", nullable: true },
          bags: { type: "one-to-many", target: () => Bag, inverseSide: "guest", eager: true },
        },
      }),
      new EntitySchema<Bag>({
        name: "Bag",
        target: Bag,
        columns: { id },
        relations: { guest: { type: "many-to-one", target: () => Guest, inverseSide: "bags", nullable: true } },
      }),
    ],
  });

  test("are read with them, and the flush ends", async () => {
    const { session } = bench;
    session.add(make(Room, { guests: [make(Guest, { bags: [new Bag()] })] }));
    await session.commit();
    session.expungeAll();
    const room = await session.query(Room).one();
    room.guests = [];
    await session.commit();
    expect(await bench.stored(`SELECT "roomId" FROM guest`)).toEqual([{ roomId: null }]);
  }, 5_000);
});

describe("two lists with one inverse", () => {
  class Shop {
    declare id: number;
    declare orders: Order[];
    declare urgent: Order[];
  }
  class Order {
    declare id: number;
    declare shop: Shop | null;
  }
  const toOrder = { type: "one-to-many", target: () => Order, inverseSide: "shop" } as const;
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Shop>({
        name: "Shop",
        target: Shop,
        columns: { id },
        relations: { orders: toOrder, urgent: toOrder },
      }),
      new EntitySchema<Order>({
        name: "Order",
        target: Order,
        columns: { id },
        relations: { shop: { type: "many-to-one", target: () => Shop, inverseSide: "orders", nullable: true } },
      }),
    ],
  });

  test("are written through its foreign key, whichever they are added to and removed from", async () => {
    const { session } = bench;
    const shop = make(Shop, { orders: [new Order()], urgent: [new Order()] });
    session.add(shop);
    await session.commit();
    const keys = (): Promise<unknown> => bench.stored(`SELECT "shopId" FROM "order" ORDER BY id`);
    expect(await keys()).toEqual([{ shopId: shop.id }, { shopId: shop.id }]);
    expect(shop.urgent[0]!.shop).toBe(shop);
    shop.urgent = [];
    await session.commit();
    expect(await keys()).toEqual([{ shopId: shop.id }, { shopId: null }]);
  });
});

describe("a many-to-many whose other side names no inverse", () => {
  class Song {
    declare id: number;
    declare singers: Singer[];
  }
  class Singer {
    declare id: number;
    declare songs: Song[];
  }
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Song>({
        name: "Song",
        target: Song,
        columns: { id },
        relations: {
          singers: {
            type: "many-to-many",
            target: () => Singer,
            inverseSide: "songs",
            joinTable: { name: "song_singer" },
          },
        },
      }),
      new EntitySchema<Singer>({
        name: "Singer",
        target: Singer,
        columns: { id },
        relations: { songs: { type: "many-to-many", target: () => Song } },
      }),
    ],
  });

  test("is written and read from both sides", async () => {
    const { session } = bench;
    const [song, singer] = [new Song(), new Singer()];
    singer.songs = [song];
    session.add(singer);
    await session.commit();
    expect(song.singers).toEqual([singer]);
    const { session: other } = await bench.fresh();
    const read = await other.query(Singer).one();
    expect(await read.songs).toHaveLength(1);
    read.songs = [];
    await other.commit();
    expect(await bench.stored("SELECT * FROM song_singer")).toEqual([]);
  });
});

describe("an integer key of SQLite that is not given", () => {
  class Tally {
    declare id: number;
    declare name: string;
  }
  const bench = benchOn(database("sqlite"), {
    entities: [
      new EntitySchema<Tally>({
        name: "Tally",
        target: Tally,
        columns: { id: { type: "integer", primary: true }, name: text },
      }),
    ],
  });

  test("is the number of the row", async () => {
    const { session } = bench;
    const tallies = ["a", "b", "c"].map((name) => make(Tally, { name }));
    session.add(...tallies, make(Tally, { id: 9, name: "given" }));
    await session.commit();
    expect(tallies.map((one) => one.id)).toEqual([10, 11, 12].map((_, place) => tallies[0]!.id + place));
    expect(await session.get(Tally, tallies[1]!.id)).toBe(tallies[1]);
    await session.commit();
    tallies[0]!.name = "changed";
    await session.commit();
    expect(await bench.stored(`SELECT name FROM tally WHERE id = ${tallies[0]!.id}`)).toEqual([{ name: "changed" }]);
    session.add(make(Tally, { id: null as never, name: "null" }));
    await session.commit();
    expect(await session.query(Tally).count()).toBe(5);
  });
});

@Entity()
@Tree("closure-table")
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column("varchar") name!: string;
  @TreeParent() declare parent: Folder | null;
  @TreeChildren({ cascade: true }) declare children: Folder[];
}

/** The same with fields that are defined: an object of TypeORM has the properties, and they are undefined. */
@Entity()
@Tree("closure-table")
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @Column("varchar") name!: string;
  @TreeParent() parent!: Relation<Branch> | null;
  @TreeChildren({ cascade: true }) children!: Relation<Branch>[];
}

describe.each([
  ["declared fields", Folder],
  ["defined fields", Branch],
])("a tree that a repository of TypeORM reads into an object of the session, %s", (_, type) => {
  const Node = type as typeof Folder;
  const bench = benchOn(database("sqlite"), { entities: [Node] });

  async function written(): Promise<[root: Folder, branch: Folder, leaf: Folder]> {
    const leaf = make(Node, { name: "c" });
    const branch = make(Node, { name: "b", children: [leaf] });
    const root = make(Node, { name: "a", children: [branch] });
    bench.session.add(root);
    await bench.session.commit();
    return [root, branch, leaf];
  }

  test("refers to the session's objects of the same rows", async () => {
    const { session } = bench;
    const [root, branch, leaf] = await written();
    const tree = await bench.dataSource.getTreeRepository(Node).findDescendantsTree(root);
    expect(tree.children[0]).toBe(branch);
    expect(tree.children[0]!.children[0]).toBe(leaf);
    bench.quiet();
    await session.commit();
    expect(bench.sent(/^(INSERT|UPDATE|DELETE)/)).toEqual([]);
    root.children = [make(Node, { id: branch.id, name: "other values" })];
    await expect(session.commit()).rejects.toThrow(/has the key (\d+) of \w+ \1, which is loaded already/);
    await session.rollback();
  });

  test.each(["in a session", "in none"])(
    "is read %s where the session has loaded the rows, and not the relations",
    async (where) => {
      const [{ id }] = await written();
      const { session } = await bench.fresh();
      const [root] = await session.query(Node).orderBy("id").all();
      if (where === "in none") await session.close();
      const tree = await bench.dataSource.getTreeRepository(Node).findDescendantsTree(root!);
      expect(tree.id).toBe(id);
      expect(tree.children.map(({ name }) => name)).toEqual(["b"]);
      expect(tree.children[0]!.children.map(({ name }) => name)).toEqual(["c"]);
      await session.close();
    },
  );
});
