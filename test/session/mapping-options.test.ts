import {
  Column,
  DataSource,
  Entity,
  EntitySchema,
  EventSubscriber,
  Generated,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeLevelColumn,
  TreeParent,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
  type DataSourceOptions,
  type EntityMetadata,
  type EntitySchemaOptions,
  type EntitySubscriberInterface,
  type Relation,
} from "typeorm";
import { connect, joined, sql, type RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

const failure = async (run: () => unknown): Promise<RetortError> => {
  try {
    await run();
  } catch (error) {
    return error as RetortError;
  }
  throw new Error("nothing was refused");
};

@Entity({ orderBy: { rank: { order: "DESC", nulls: "NULLS LAST" }, name: 1 } as never })
class Song {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @Column({ type: "int", nullable: true })
  rank!: number | null;

  @ManyToOne(() => Album, (album) => album.songs)
  album!: Relation<Album> | null;

  /** Not written: a program of the project's own keeps it. */
  @ManyToOne(() => Album, { persistence: false })
  origin!: Relation<Album> | null;

  @ManyToOne(() => Album, { eager: true })
  single!: Relation<Album> | null;
}

@Entity({ orderBy: { title: "DESC" } })
class Album {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  title!: string;

  @Column()
  @Generated("uuid")
  code!: string;

  @OneToMany(() => Song, (song) => song.album)
  songs!: Relation<Song>[];

  @ManyToMany(() => Song)
  @JoinTable()
  covers!: Relation<Song>[];

  @VirtualColumn({
    type: "int",
    select: false,
    query: (alias) => `SELECT 5 + ${alias}.id - ${alias}.id`,
    transformer: { to: (value: string) => value, from: (stored: number) => `#${stored}` },
  })
  badge!: string;
}

@ViewEntity({ expression: "SELECT title, 7 AS seven FROM album" })
class Title {
  @ViewColumn({ transformer: { to: (value: string) => value, from: (stored: string) => stored.toUpperCase() } })
  title!: string;

  @ViewColumn({ name: "seven" })
  number!: number;
}

@ViewEntity({ expression: "SELECT id, title FROM album" })
class KeyedTitle {
  @PrimaryColumn({ type: "int" })
  id!: number;

  @ViewColumn()
  title!: string;
}

const heard: string[] = [];

@EventSubscriber()
class Queries implements EntitySubscriberInterface {
  beforeQuery({ query }: { query: string }): void {
    if (/COUNT/.test(query)) heard.push("before");
  }
  afterQuery({ query, success }: { query: string; success: boolean }): void {
    if (/COUNT/.test(query)) heard.push(`after, ${success ? "done" : "failed"}`);
  }
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Song, Album, Title, KeyedTitle], subscribers: [Queries] });

  beforeEach(async () => {
    const { db, session } = bench;
    const [first, second] = ["first", "second"].map((title) => db.create(Album, { title }));
    const songs = ["a", "b", "c", "d"].map((name, place) =>
      db.create(Song, { name, rank: [1, 2, null, 2][place] ?? null, album: second!, single: first! }),
    );
    second!.covers = [songs[0]!, songs[3]!, songs[1]!] as Relation<Song>[];
    session.add(first!, ...songs);
    await session.commit();
    session.expungeAll();
    bench.quiet();
  });
  const names = (songs: Iterable<Song>) => [...songs].map(({ name }) => name).join("");

  test("the order that an entity declares is that of queries and relations that ask for none", async () => {
    const { db, session } = bench;
    expect(names(await db.query(Song).all())).toBe("bdac");
    expect((await db.query(Song).first())!.name).toBe("b");
    expect(names((await db.query(Song).paginate({ page: 2, perPage: 2 })).items)).toBe("ac");
    expect(names(await db.query(Song).orderBy({ name: "DESC" }).all())).toBe("dcba");
    const streamed: Song[] = [];
    for await (const song of db.query(Song)) streamed.push(song);
    expect(names(streamed)).toBe("bdac");
    const [second, first] = await db.query(Album).all();
    expect([second!.title, first!.title]).toEqual(["second", "first"]);
    expect(names(await second!.songs)).toBe("bdac");
    expect(names(await second!.covers)).toBe("bda");
    expect(await db.query(Song).select("name").orderBy("name").all()).toHaveLength(4);
    expect(await db.query(Song).count()).toBe(4);
    session.expungeAll();
  });

  test("eager relations are loaded with their owners", async () => {
    const [song] = await bench.db.query(Song).limit(1).all();
    bench.quiet();
    expect(song!.single!.title).toBe("first");
    expect(bench.sent()).toEqual([]);
  });

  test("persistence: false leaves the foreign key to the project, as TypeORM does", async () => {
    const { db, session } = bench;
    const song = (await db.query(Song).filterBy({ name: "a" }).one()) as Song;
    song.origin = (await db.query(Album).filterBy({ title: "first" }).one()) as Relation<Album>;
    await session.commit();
    expect(await bench.stored(`SELECT "originId" FROM "song" WHERE "name" = 'a'`)).toEqual([{ originId: null }]);
  });

  test("a uuid that is no key is generated", async () => {
    const [album] = await bench.db.query(Album).limit(1).all();
    expect(album!.code).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a virtual column that is not selected by default is selected by name, and decoded", async () => {
    const { db } = bench;
    const [album] = await db.query(Album).limit(1).all();
    expect(album!.badge).toBeUndefined();
    expect(await db.query(Album).select("badge").limit(1).all()).toEqual([{ badge: "#5" }]);
  });

  test("rows of a view are objects of their own, and no object of the session", async () => {
    const { db, session } = bench;
    const titles = await db.query(Title).orderBy("title").all();
    expect(titles.map(({ title, number }) => [title, Number(number)])).toEqual([
      ["FIRST", 7],
      ["SECOND", 7],
    ]);
    expect(titles[0]).toBeInstanceOf(Title);
    expect(await db.query(Title).filterBy({ title: "first" }).count()).toBe(1);
    expect(await db.query(Title).scalar()).toBeDefined();
    expect(session.state(titles[0]!)).toBe("detached");
    titles[0]!.title = "changed";
    expect(session.dirty).toEqual([]);
    for (const write of [
      () => session.add(titles[0]!),
      () => session.delete(titles[0]!),
      () => session.add(new Title()),
    ])
      expect(await failure(write)).toMatchObject({
        code: "session/no-key",
        message: expect.stringContaining("Title has no primary key"),
      });
  });

  test("a view with a key is an entity: one object for a row, and the database decides about writes", async () => {
    const { db, session } = bench;
    const title = await db.query(KeyedTitle).filterBy({ title: "first" }).one();
    expect(await session.get(KeyedTitle, title.id)).toBe(title);
    title.title = "changed";
    if (bench.kind === "sqlite") {
      expect((await failure(() => session.commit())).message).toMatch(/view/);
      await session.rollback();
    } else {
      await session.commit();
      expect(await db.query(Album).filterBy({ title: "changed" }).count()).toBe(1);
    }
  });

  test("subscribers are notified of statements", async () => {
    heard.length = 0;
    await bench.db.query(Song).count();
    await failure(() =>
      bench.db
        .query(Song)
        .filter(sql`nothing`)
        .count(),
    );
    expect(heard).toEqual(["before", "after, done", "before", "after, failed"]);
  });

  test("a join of an option is the same relation", async () => {
    const [album] = await bench.db.query(Album).options(joined("songs")).filterBy({ title: "second" }).all();
    expect(await album!.songs).toHaveLength(4);
  });
});

/** Its closure table has names of its own. */
@Entity()
@Tree("closure-table", {
  closureTableName: "above_and_below",
  ancestorColumnName: ({ propertyName }) => `above_${propertyName}`,
  descendantColumnName: ({ propertyName }) => `below_${propertyName}`,
})
class Region {
  @PrimaryGeneratedColumn()
  id!: number;

  @TreeParent()
  parent!: Region | null;

  @TreeChildren()
  children!: Region[];
}

@Entity()
@Tree("materialized-path")
class Branch {
  @PrimaryGeneratedColumn()
  id!: number;

  @TreeLevelColumn()
  level!: number;

  @TreeParent()
  parent!: Branch | null;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Region, Branch] });

  test("a closure table has the names that the tree declares", async () => {
    const { db, session } = bench;
    session.add(db.create(Region, { parent: db.create(Region) }));
    await session.commit();
    expect(await bench.stored('SELECT "above_id", "below_id" FROM "above_and_below_closure"')).toHaveLength(3);
  });

  test("a tree's level is a column that the project sets", async () => {
    const { db, session } = bench;
    session.add(db.create(Branch));
    expect(await failure(() => session.commit())).toMatchObject({ code: "value/missing", property: "level" });
    await session.rollback();
    const root = db.create(Branch, { level: 1 });
    session.add(root, db.create(Branch, { level: 2, parent: root }));
    await session.commit();
    expect((await db.query(Branch).orderBy("id").all()).map(({ level }) => level)).toEqual([1, 2]);
  });
});

@Entity()
class Place {
  @PrimaryColumn({ type: "int" })
  id!: number;

  @Column({ type: "point", nullable: true })
  spot!: string | null;

  @Column({ type: "int", default: 0 })
  visits!: number;

  @Column({ type: "datetime", precision: 0, nullable: true, onUpdate: "CURRENT_TIMESTAMP" })
  touched!: Date | null;
}

eachDatabase(
  (database) => {
    const bench = benchOn(database, { entities: [Place] });

    test("a column that the database sets on UPDATE is read after it", async () => {
      const { db, session } = bench;
      const place = db.create(Place, { id: 1 });
      session.add(place);
      await session.commit();
      expect(place.touched).toBeNull();
      place.visits = 1;
      await session.flush();
      expect(place.touched).toBeInstanceOf(Date);
      await session.commit();
      expect(session.dirty).toEqual([]);
    });

    test("a spatial column is read as by TypeORM, written by update(), and refused by a flush", async () => {
      const { db, session } = bench;
      session.add(db.create(Place, { id: 1 }), db.create(Place, { id: 2, spot: "POINT(1 2)" }));
      expect(await failure(() => session.commit())).toMatchObject({
        code: "value/wrong-type",
        entity: "Place",
        property: "spot",
        hint: expect.stringContaining("ST_GeomFromText"),
      });
      await session.rollback();
      session.add(db.create(Place, { id: 1 }));
      await session.flush();
      await db.query(Place).update({ spot: sql`ST_GeomFromText(${"POINT(1 2)"})` });
      await session.commit();
      const place = await session.get(Place, 1);
      await session.refresh(place!);
      const [typeorms] = await bench.dataSource.getRepository(Place).find();
      expect(place!.spot).toBe("POINT(1 2)");
      expect(typeorms!.spot).toBe(place!.spot);
      place!.visits = 3;
      await session.commit();
    });
  },
  ["mariadb"],
);

@Entity()
class Labels {
  @PrimaryColumn({ type: "int" })
  id!: number;

  @Column({ type: "hstore", hstoreType: "object", nullable: true })
  values!: Record<string, string | null> | null;

  @Column({ type: "hstore", hstoreType: "string", nullable: true })
  text!: string | null;
}

eachDatabase(
  (database) => {
    const bench = benchOn(database, { entities: [Labels] });

    test("hstore is read as an object or as a text, as the column says", async () => {
      const { db, session } = bench;
      session.add(db.create(Labels, { id: 1, values: { a: "1", "b c": null }, text: '"x"=>"y"' }));
      await session.commit();
      const other = (await bench.fresh()).session;
      expect(await other.get(Labels, 1)).toMatchObject({ values: { a: "1", "b c": null }, text: '"x"=>"y"' });
      expect(other.dirty).toEqual([]);
      const labels = (await other.get(Labels, 1))!;
      labels.values!["a"] = "2";
      await other.commit();
      expect(await bench.stored("SELECT values->'a' AS a FROM labels")).toEqual([{ a: "2" }]);
    });
  },
  ["postgres"],
);

@Entity()
class Driver {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20, unique: true })
  licence!: string;

  @OneToOne(() => Car, (car) => car.driver)
  car!: Relation<Car> | null;
}

@Entity()
class Car {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToOne(() => Driver, (driver) => driver.car)
  @JoinColumn({ name: "licence", referencedColumnName: "licence" })
  driver!: Relation<Driver> | null;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Driver, Car] });

  test("a one-to-one may refer to a column that is no key, under a name of its own", async () => {
    const { db, session } = bench;
    const driver = db.create(Driver, { licence: "L" });
    session.add(db.create(Car, { driver }));
    await session.commit();
    expect(await bench.stored(`SELECT "licence" FROM "car"`)).toEqual([{ licence: "L" }]);
    const other = await bench.fresh();
    const [loaded] = await other.query(Driver).all();
    const car = (await loaded!.car)!;
    expect(await car.driver).toBe(loaded);
  });
});

describe("places of their own", () => {
  const entry = (more: Partial<EntitySchemaOptions<{ id: number; text: string }>>) =>
    new EntitySchema<{ id: number; text: string }>({
      name: "Entry",
      columns: { id: { type: "int", primary: true }, text: { type: "varchar", length: 20 } },
      ...more,
    });
  const opened = async (options: DataSourceOptions, entities: EntitySchema[], prepare: string[] = []) => {
    const dataSource = await new DataSource({ ...options, entities } as DataSourceOptions).initialize();
    for (const statement of prepare) await dataSource.query(statement);
    await dataSource.synchronize();
    return { dataSource, db: await connect(dataSource) };
  };

  eachDatabase(
    (kind) => {
      test("an entity of another database is written and read there", async () => {
        const [main, other] = [await kind.create(), await kind.create()];
        const Entry = entry({ database: other.name });
        const { dataSource, db } = await opened(main.options, [Entry]);
        db.session.add(db.create(Entry, { id: 1, text: "there" }));
        await db.session.commit();
        expect(await db.query(Entry).filterBy({ text: "there" }).count()).toBe(1);
        await db.close();
        await dataSource.destroy();
        const there = await new DataSource(other.options).initialize();
        expect(await there.query("SELECT text FROM entry")).toEqual([{ text: "there" }]);
        await there.destroy();
      });
    },
    ["sqlite", "mariadb"],
  );

  eachDatabase(
    (kind) => {
      test("a closure table may be in another schema than its entity", async () => {
        const Entry = entry({
          relations: {
            parent: { type: "many-to-one", target: "Entry", treeParent: true, nullable: true },
            children: { type: "one-to-many", target: "Entry", inverseSide: "parent", treeChildren: true },
          } as never,
          trees: [{ type: "closure-table", options: { closureTableSchema: "beside" } }],
        });
        const scratch = await kind.create();
        const { dataSource, db } = await opened(scratch.options, [Entry], ['CREATE SCHEMA "beside"']);
        db.session.add(db.create(Entry, { id: 1, text: "root" }));
        await db.session.commit();
        const closure = dataSource.getMetadata(Entry).closureJunctionTable as EntityMetadata | undefined;
        // Early releases of TypeORM 0.3 do not read the trees of an EntitySchema.
        const rows = closure ? await dataSource.query<object[]>(`SELECT * FROM ${closure.tablePath}`) : [{}];
        expect(rows).toHaveLength(1);
        await db.close();
        await dataSource.destroy();
      });
    },
    ["postgres"],
  );
});

test("a database that is not supported is refused by name", async () => {
  const dataSource = { createQueryRunner: () => undefined, isInitialized: true, options: { type: "mongodb" } };
  expect(await failure(() => connect(dataSource as never))).toMatchObject({
    code: "dialect/unsupported",
    message: 'type "mongodb" is not supported',
  });
});

eachDatabase((database) => {
  interface Day {
    id: number;
    local: string;
    universal: string;
    other: Day | null;
  }
  const Day = new EntitySchema<Day>({
    name: "Day",
    columns: {
      id: { type: "int", primary: true },
      local: { type: "date" },
      universal: { type: "date", utc: true } as never,
      // Words that no version of TypeORM reads.
      ...({ odd: { type: "int", default: 3, columnDefinition: "rubbish", treeChildrenCount: true } } as object),
    },
    relations: { other: { type: "many-to-one", target: "Day", nullable: true, default: 5 } as never },
  });
  const bench = benchOn(database, { entities: [Day] });

  test("the day of a date is the local one, or that in UTC where the column says so", async () => {
    const { db, session } = bench;
    const [late, early] = [new Date("2024-03-01T23:30:00Z"), new Date("2024-03-01T00:30:00Z")];
    const days = [late, early].map((date, id) =>
      db.create(Day, { id, local: date as never, universal: date as never }),
    );
    session.add(...days);
    await session.commit();
    const localDay = (date: Date) =>
      [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
    expect(days.map(({ local, universal }) => [local, universal])).toEqual([
      [localDay(late), "2024-03-01"],
      [localDay(early), "2024-03-01"],
    ]);
  });

  test("options that TypeORM does not read change nothing", async () => {
    const { db, session } = bench;
    session.add(db.create(Day, { id: 1, local: "2024-01-01", universal: "2024-01-01" }));
    await session.commit();
    expect(await bench.stored('SELECT "odd", "otherId" FROM "day"')).toEqual([{ odd: 3, otherId: null }]);
    const day = (await db.query(Day).one()) as Day & { odd: number };
    day.odd = 4;
    await session.commit();
    expect(await bench.stored('SELECT "odd" FROM "day"')).toEqual([{ odd: 4 }]);
  });
});
