import {
  BaseEntity,
  Column,
  DataSource,
  DefaultNamingStrategy,
  Entity,
  EntitySchema,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type DataSourceOptions,
  type Relation,
} from "typeorm";
import { connect, type Database } from "../../src";
import { eachDatabase, type TestDatabase } from "../helpers/databases";

/** Names as databases like them: `snake_case`. */
class Snakes extends DefaultNamingStrategy {
  #snake(text: string): string {
    return text.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  }
  override tableName(target: string, given: string | undefined): string {
    return given ?? `${this.#snake(target)}s`;
  }
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return this.#snake([...prefixes, given ?? property].join("_"));
  }
  override joinColumnName(relation: string, referenced: string): string {
    return this.#snake(`${relation}_${referenced}`);
  }
  override joinTableName(first: string, second: string, property: string): string {
    return this.#snake(`${first}_${property}_of_${second}`);
  }
  override joinTableColumnName(table: string, property: string): string {
    return this.#snake(`${table}_${property}`);
  }
}

@Entity()
class BookShelf {
  @PrimaryGeneratedColumn()
  shelfId!: number;

  @Column({ type: "varchar", length: 20 })
  roomName!: string;

  @OneToMany(() => OldBook, (book) => book.bookShelf, { cascade: true })
  oldBooks!: Relation<OldBook>[];
}

@Entity()
class OldBook {
  @PrimaryGeneratedColumn()
  bookId!: number;

  @Column({ type: "varchar", length: 20 })
  fullTitle!: string;

  @ManyToOne(() => BookShelf, (shelf) => shelf.oldBooks)
  bookShelf!: Relation<BookShelf> | null;

  @ManyToMany(() => OldBook)
  @JoinTable()
  seeAlso!: Relation<OldBook>[];
}

interface Planet {
  id: number;
  name: string;
  moons: Moon[];
}
interface Moon {
  id: number;
  name: string;
  planet: Planet | null;
}
const PlanetSchema = new EntitySchema<Planet>({
  name: "Planet",
  columns: {
    id: { type: "int", primary: true, generated: true },
    name: { type: "varchar", length: 20 },
  },
  relations: { moons: { type: "one-to-many", target: "Moon", inverseSide: "planet", cascade: true } },
});
const MoonSchema = new EntitySchema<Moon>({
  name: "Moon",
  columns: {
    id: { type: "int", primary: true, generated: true },
    name: { type: "varchar", length: 20 },
  },
  relations: { planet: { type: "many-to-one", target: "Planet", inverseSide: "moons" } },
});

class Comet {
  id!: number;
  name!: string;
  get shout(): string {
    return `${this.name}!`;
  }
}
const CometSchema = new EntitySchema<Comet>({
  name: "Comet",
  target: Comet,
  columns: { id: { type: "int", primary: true, generated: true }, name: { type: "varchar", length: 20 } },
});

@Entity()
class Member extends BaseEntity {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @ManyToOne(() => Member, (member) => member.guests)
  host!: Relation<Member> | null;

  @OneToMany(() => Member, (member) => member.host)
  guests!: Relation<Member>[];
}

@Entity({ schema: "depot" })
class Crate {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  label!: string;

  @ManyToMany(() => Crate)
  @JoinTable()
  beside!: Relation<Crate>[];

  @OneToMany(() => Item, (item) => item.crate, { cascade: true })
  items!: Relation<Item>[];
}

@Entity()
class Item {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => Crate, (crate) => crate.items)
  crate!: Relation<Crate>;
}

async function open(
  test: TestDatabase,
  options: Partial<Omit<DataSourceOptions, "type">>,
  prepare?: (dataSource: DataSource) => Promise<unknown>,
): Promise<{ dataSource: DataSource; db: Database; fresh: () => Promise<Database>; close: () => Promise<void> }> {
  const scratch = await test.create();
  const dataSource = new DataSource({ ...scratch.options, ...options } as DataSourceOptions);
  await dataSource.initialize();
  await prepare?.(dataSource);
  await dataSource.synchronize();
  const opened: Database[] = [];
  const fresh = async (): Promise<Database> => {
    const db = await connect(dataSource);
    opened.push(db);
    return db;
  };
  return {
    dataSource,
    db: await fresh(),
    fresh,
    close: async () => {
      for (const db of opened) await db.close();
      await dataSource.destroy();
    },
  };
}

eachDatabase((test_) => {
  test("a naming strategy and an entity prefix decide the names", async () => {
    const { dataSource, db, fresh, close } = await open(test_, {
      entities: [BookShelf, OldBook],
      namingStrategy: new Snakes(),
      entityPrefix: "lib_",
    });
    const shelf = db.create(BookShelf, { roomName: "hall" });
    const [one, two] = ["one", "two"].map((fullTitle) => db.create(OldBook, { fullTitle })) as [OldBook, OldBook];
    shelf.oldBooks.push(one, two);
    one.seeAlso.push(two);
    db.session.add(shelf);
    await db.session.commit();
    expect(
      await dataSource.query("SELECT full_title, book_shelf_shelf_id FROM lib_old_books ORDER BY book_id"),
    ).toEqual([
      { full_title: "one", book_shelf_shelf_id: shelf.shelfId },
      { full_title: "two", book_shelf_shelf_id: shelf.shelfId },
    ]);
    const other = await fresh();
    const read = await other
      .query(OldBook)
      .filterBy({ bookShelf: { roomName: "hall" }, fullTitle: "one" })
      .one();
    expect((await read.seeAlso).map(({ fullTitle }) => fullTitle)).toEqual(["two"]);
    expect((await read.bookShelf)!.roomName).toBe("hall");
    read.seeAlso = [];
    read.bookShelf = null;
    await other.session.commit();
    expect((await (await fresh()).query(BookShelf).one()).oldBooks).toBeDefined();
    expect(await (await fresh()).query(OldBook).filterBy({ bookShelf: null }).count()).toBe(1);
    await close();
  });

  test("an EntitySchema with and without a class", async () => {
    const { db, fresh, close } = await open(test_, { entities: [PlanetSchema, MoonSchema, CometSchema] });
    const mars = db.create(PlanetSchema, { name: "Mars" });
    const phobos = db.create(MoonSchema, { name: "Phobos", planet: mars });
    const deimos = db.create(MoonSchema, { name: "Deimos" });
    mars.moons.push(deimos);
    const comet = Object.assign(new Comet(), { name: "Halley" });
    db.session.add(phobos, mars, comet);
    await db.session.commit();
    expect([mars.id, phobos.id, deimos.id, comet.id].map((id) => typeof id)).toEqual(Array(4).fill("number"));
    expect(await db.session.get(PlanetSchema, mars.id)).toBe(mars);
    const other = await fresh();
    const read = await other.query(PlanetSchema).one();
    expect((await read.moons).map(({ name }) => name).sort()).toEqual(["Deimos", "Phobos"]);
    const halley = await other.query(Comet).one();
    expect(halley.shout).toBe("Halley!");
    const moon = await other.query(MoonSchema).filterBy({ name: "Phobos" }).one();
    expect(await moon.planet).toBe(read);
    moon.planet = null;
    halley.name = "Hale";
    read.moons.push(other.create(MoonSchema, { name: "Third" }));
    other.session.delete((await read.moons).find(({ name }) => name === "Deimos")!);
    await other.session.commit();
    const last = await fresh();
    expect((await (await last.query(PlanetSchema).one()).moons).map(({ name }) => name)).toEqual(["Third"]);
    expect(await last.query("Comet").count()).toBe(1);
    await close();
  });

  test("subclasses of BaseEntity work both ways", async () => {
    const { dataSource, db, close } = await open(test_, { entities: [Member] });
    Member.useDataSource(dataSource);
    const ann = db.create(Member, { name: "Ann" });
    ann.guests.push(Object.assign(new Member(), { name: "Bob" }));
    db.session.add(ann);
    await db.session.commit();
    expect(ann.hasId()).toBe(true);
    const theirs = await Member.findOneByOrFail({ name: "Bob" });
    theirs.name = "Rob";
    await theirs.save();
    const rob = await db.query(Member).filterBy({ name: "Rob" }).one();
    expect(await rob.host).toBe(ann);
    expect(rob).toBeInstanceOf(BaseEntity);
    db.session.delete(rob);
    await db.session.commit();
    expect(await Member.count()).toBe(1);
    // An object of TypeORM's own goes on in a session.
    const own = await Member.findOneByOrFail({ name: "Ann" });
    const merged = await db.session.merge(Object.assign(own, { name: "Anna" }));
    expect(merged).toBe(ann);
    await db.session.commit();
    expect((await Member.findOneByOrFail({ id: ann.id })).name).toBe("Anna");
    await close();
  });
});

eachDatabase(
  (kind) => {
    test("a schema of its own", async () => {
      const { dataSource, db, fresh, close } = await open(kind, { entities: [Crate, Item] }, (source) =>
        source.query('CREATE SCHEMA "depot"'),
      );
      const [one, two] = ["one", "two"].map((label) => db.create(Crate, { label })) as [Crate, Crate];
      one.beside.push(two);
      one.items.push(db.create(Item));
      db.session.add(one);
      await db.session.commit();
      expect(await dataSource.query('SELECT "label" FROM "depot"."crate" ORDER BY "id"')).toEqual([
        { label: "one" },
        { label: "two" },
      ]);
      const other = await fresh();
      const read = await other.query(Crate).filterBy({ label: "one" }).one();
      expect((await read.beside).map(({ label }) => label)).toEqual(["two"]);
      expect(
        await other
          .query(Item)
          .filterBy({ crate: { label: "one" } })
          .count(),
      ).toBe(1);
      read.beside = [];
      await other.session.commit();
      expect(await dataSource.query('SELECT * FROM "depot"."crate_beside_crate"')).toEqual([]);
      await close();
    });
  },
  ["postgres"],
);
