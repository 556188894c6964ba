import {
  AfterInsert,
  AfterLoad,
  AfterRecover,
  AfterRemove,
  AfterSoftRemove,
  AfterUpdate,
  BeforeInsert,
  BeforeRecover,
  BeforeRemove,
  BeforeSoftRemove,
  BeforeUpdate,
  Column,
  DeleteDateColumn,
  Entity,
  EventSubscriber,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  VersionColumn,
  type EntitySubscriberInterface,
  type InsertEvent,
  type RemoveEvent,
  type Relation,
} from "typeorm";
import { joined } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

/** What was heard, in order. */
const heard: unknown[] = [];
const hear = (what: unknown): void => void heard.push(what);
function listened(): unknown[] {
  return heard.splice(0);
}

@Entity()
class Shelf {
  @PrimaryGeneratedColumn()
  id!: number;
}

@Entity()
class Reader {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToMany(() => Shelf, { cascade: true })
  @JoinTable({ name: "reader_shelf" })
  shelves!: Relation<Shelf>[];
}

@Entity()
class Writer {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  name!: string;

  @Column({ type: "varchar", length: 40, nullable: true })
  slug!: string | null;

  @OneToMany(() => Text, (text) => text.writer, { cascade: true })
  texts!: Relation<Text>[];

  /** No column: made when the object is read. */
  greeting?: string;

  @BeforeInsert()
  makeSlug(): void {
    hear(`Writer ${this.name}: BeforeInsert, id ${this.id}`);
    this.slug = this.name.toLowerCase();
  }
  @AfterInsert()
  inserted(): void {
    hear(`Writer ${this.name}: AfterInsert, id ${typeof this.id}`);
  }
  @BeforeUpdate()
  async remakeSlug(): Promise<void> {
    hear(`Writer ${this.name}: BeforeUpdate`);
    await Promise.resolve();
    this.slug = this.name.toLowerCase();
  }
  @AfterUpdate()
  updated(): void {
    hear(`Writer ${this.name}: AfterUpdate, slug ${this.slug}`);
  }
  @BeforeRemove()
  removing(): void {
    hear(`Writer ${this.name}: BeforeRemove`);
  }
  @AfterRemove()
  removed(): void {
    hear(`Writer ${this.name}: AfterRemove`);
  }
  @AfterLoad()
  greet(): void {
    hear(`Writer ${this.name}: AfterLoad`);
    this.greeting = `I am ${this.name}`;
  }
}

@Entity()
class Text {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  @Column({ type: "int", default: 1 })
  pages!: number;

  @VersionColumn()
  version!: number;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @ManyToOne(() => Writer, (writer) => writer.texts)
  writer!: Relation<Writer> | null;

  @BeforeSoftRemove()
  hiding(): void {
    hear(`Text ${this.title}: BeforeSoftRemove`);
  }
  @AfterSoftRemove()
  hidden(): void {
    hear(`Text ${this.title}: AfterSoftRemove`);
  }
  @BeforeRecover()
  recovering(): void {
    hear(`Text ${this.title}: BeforeRecover`);
  }
  @AfterRecover()
  recovered(): void {
    hear(`Text ${this.title}: AfterRecover`);
  }
}

@Entity()
class Audit {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 80 })
  note!: string;
}

/** Tells everything that a subscriber is told, without what differs from run to run. */
@EventSubscriber()
class Everything implements EntitySubscriberInterface {
  static paused = false;
  #tell(what: string, event: Record<string, any>): void {
    if (Everything.paused || event["metadata"]?.name === "Audit") return;
    const shown = (object: Record<string, unknown> | undefined) =>
      object &&
      Object.fromEntries(
        ["name", "slug", "title", "pages"].flatMap((key) => (key in object ? [[key, object[key]]] : [])),
      );
    hear({
      event: what,
      ...("metadata" in event && { metadata: event["metadata"].name }),
      ...("entity" in event && { entity: shown(event["entity"]) }),
      ...("databaseEntity" in event && { databaseEntity: shown(event["databaseEntity"]) }),
      ...("updatedColumns" in event && { columns: event["updatedColumns"].map((one: any) => one.propertyName) }),
      ...("updatedRelations" in event && {
        relations: [...new Set(event["updatedRelations"].map((one: any) => one.propertyName))],
      }),
      ...("entityId" in event && { entityId: typeof event["entityId"] }),
      runner: event["queryRunner"].isTransactionActive,
      manager: event["manager"] !== undefined && event["manager"] === event["queryRunner"].manager,
    });
  }
  afterLoad(entity: any, event: any): void {
    this.#tell("afterLoad", { ...event, entity });
  }
  beforeInsert(event: any): void {
    this.#tell("beforeInsert", event);
  }
  afterInsert(event: any): void {
    this.#tell("afterInsert", event);
  }
  beforeUpdate(event: any): void {
    this.#tell("beforeUpdate", event);
  }
  afterUpdate(event: any): void {
    this.#tell("afterUpdate", event);
  }
  beforeRemove(event: any): void {
    this.#tell("beforeRemove", event);
  }
  afterRemove(event: any): void {
    this.#tell("afterRemove", event);
  }
  beforeSoftRemove(event: any): void {
    this.#tell("beforeSoftRemove", event);
  }
  afterSoftRemove(event: any): void {
    this.#tell("afterSoftRemove", event);
  }
  beforeRecover(event: any): void {
    this.#tell("beforeRecover", event);
  }
  afterRecover(event: any): void {
    this.#tell("afterRecover", event);
  }
  beforeTransactionStart(event: any): void {
    this.#tell("beforeTransactionStart", {
      manager: event.manager,
      queryRunner: { manager: event.queryRunner.manager },
    });
  }
  afterTransactionStart(event: any): void {
    this.#tell("afterTransactionStart", event);
  }
  beforeTransactionCommit(event: any): void {
    this.#tell("beforeTransactionCommit", event);
  }
  afterTransactionCommit(event: any): void {
    this.#tell("afterTransactionCommit", event);
  }
  beforeTransactionRollback(event: any): void {
    this.#tell("beforeTransactionRollback", event);
  }
  afterTransactionRollback(event: any): void {
    this.#tell("afterTransactionRollback", event);
  }
}

/** Writes what it hears into the database, through the manager it is given. */
@EventSubscriber()
class Auditor implements EntitySubscriberInterface<Text> {
  listenTo(): typeof Text {
    return Text;
  }
  async afterInsert(event: any): Promise<void> {
    await event.manager.save(event.manager.create(Audit, { note: `new: ${event.entity.title}` }));
    await event.manager.transaction((inner: any) => inner.insert(Audit, { note: `id: ${typeof event.entityId}` }));
  }
}

eachDatabase((database) => {
  const entities = [Writer, Text, Audit];

  describe("listeners and subscribers", () => {
    const bench = benchOn(database, { entities, subscribers: [Everything] });
    beforeEach(() => void listened());

    /** Does the same with TypeORM's manager and with a session, and gives what was heard of each. */
    async function compare(
      byTypeorm: (writer: Writer) => Promise<unknown>,
      bySession: (writer: Writer) => unknown,
    ): Promise<void> {
      const { manager } = bench.dataSource;
      Everything.paused = true;
      const [first, second] = await manager.save([
        manager.create(Writer, { name: "Ann", texts: [manager.create(Text, { title: "one" })] }),
        manager.create(Writer, { name: "Ann", texts: [manager.create(Text, { title: "one" })] }),
      ]);
      const theirs = await manager.findOneOrFail(Writer, { where: { id: first!.id }, relations: { texts: true } });
      const ours = (await bench.session.get(Writer, second!.id))!;
      await ours.texts;
      Everything.paused = false;
      listened();
      await byTypeorm(theirs);
      const wanted = listened().filter(
        (one) => !/"(afterLoad)"/.test(JSON.stringify(one)) && !/AfterLoad/.test(String(one)),
      );
      expect(wanted.length).toBeGreaterThan(2);
      await bySession(ours);
      await bench.session.commit();
      const got = listened();
      expect(got).toEqual(wanted);
    }
    const manager = {
      save: (entity: object) => bench.dataSource.manager.save(entity),
      remove: (entity: object) => bench.dataSource.manager.remove(entity),
      softRemove: (entity: object) => bench.dataSource.manager.softRemove(entity),
      recover: (entity: object) => bench.dataSource.manager.recover(entity),
    };

    test("an insert is told as TypeORM tells it", async () => {
      await compare(
        () => manager.save(bench.dataSource.manager.create(Writer, { name: "Bob" })),
        () => bench.session.add(bench.db.create(Writer, { name: "Bob" })),
      );
    });

    test("an insert with children is told as TypeORM tells it", async () => {
      await compare(
        () =>
          manager.save(
            bench.dataSource.manager.create(Writer, {
              name: "Bob",
              texts: [bench.dataSource.manager.create(Text, { title: "two" })],
            }),
          ),
        () =>
          bench.session.add(bench.db.create(Writer, { name: "Bob", texts: [bench.db.create(Text, { title: "two" })] })),
      );
    });

    test("an update is told as TypeORM tells it, with the columns that changed", async () => {
      const change = (writer: Writer): Writer => Object.assign(writer, { name: "Anna" });
      await compare((writer) => manager.save(change(writer)), change);
    });

    test("several changes in one flush are told in TypeORM's order", async () => {
      await compare(
        (writer) => {
          writer.name = "Anna";
          writer.texts[0]!.pages = 5;
          writer.texts.push(bench.dataSource.manager.create(Text, { title: "two" }));
          return manager.save(writer);
        },
        (writer) => {
          writer.name = "Anna";
          writer.texts[0]!.pages = 5;
          writer.texts.push(bench.db.create(Text, { title: "two" }));
        },
      );
    });

    test("a relation that changed is told as TypeORM tells it", async () => {
      const change = (writer: Writer): Text => Object.assign(writer.texts[0]!, { writer: null });
      await compare((writer) => manager.save(change(writer)), change);
    });

    test("a removal is told as TypeORM tells it", async () => {
      await compare(
        (writer) => manager.remove(writer.texts[0]!),
        (writer) => bench.session.delete(writer.texts[0]!),
      );
    });

    test("a soft removal and its recovery are told as TypeORM tells them", async () => {
      await compare(
        (writer) => manager.softRemove(writer.texts[0]!),
        (writer) => bench.session.softRemove(writer.texts[0]!),
      );
      await compare(
        async (writer) => {
          await manager.softRemove(writer.texts[0]!);
          listened();
          return manager.recover(writer.texts[0]!);
        },
        async (writer) => {
          const [text] = writer.texts;
          bench.session.softRemove(text!);
          await bench.session.commit();
          listened();
          bench.session.recover(text!);
        },
      );
    });

    test("a rollback is told", async () => {
      const { session, db } = bench;
      session.add(db.create(Audit, { note: "never" }));
      await session.flush();
      listened();
      await session.rollback();
      expect(listened()).toEqual([
        { event: "beforeTransactionRollback", runner: true, manager: true },
        { event: "afterTransactionRollback", runner: false, manager: true },
      ]);
    });

    test("loading is told as TypeORM tells it, and what a listener makes is no change", async () => {
      const { session, dataSource, db } = bench;
      session.add(db.create(Writer, { name: "Bob", texts: [db.create(Text, { title: "two" })] }));
      await session.commit();
      listened();
      const [theirs] = await dataSource.manager.find(Writer);
      const wanted = listened();
      const fresh = await bench.fresh();
      const [ours] = await fresh.query(Writer).all();
      expect(listened()).toEqual(wanted);
      expect(ours!.greeting).toBe(theirs!.greeting);
      expect(fresh.session.dirty).toEqual([]);
      await dataSource.manager.find(Writer, { relations: { texts: true } });
      const joinedWanted = listened();
      await (await bench.fresh()).query(Writer).options(joined("texts")).all();
      expect(listened()).toEqual(joinedWanted);
    });
  });

  describe("rows of a join table", () => {
    const rows: unknown[] = [];
    @EventSubscriber()
    class Pairs implements EntitySubscriberInterface<Record<string, unknown>> {
      listenTo(): string {
        return "reader_shelf";
      }
      beforeInsert({ entity, metadata }: InsertEvent<Record<string, unknown>>): void {
        rows.push(["beforeInsert", metadata.tableName, { ...entity }]);
      }
      afterInsert(event: InsertEvent<Record<string, unknown>>): void {
        rows.push(["afterInsert", { ...event.entity }, (event as { entityId?: unknown }).entityId ?? event.entity]);
      }
      beforeRemove({ databaseEntity }: RemoveEvent<Record<string, unknown>>): void {
        rows.push(["beforeRemove", { ...databaseEntity }]);
      }
      afterRemove({ entity }: RemoveEvent<Record<string, unknown>>): void {
        rows.push(["afterRemove", { ...entity }]);
      }
    }
    const bench = benchOn(database, { entities: [Reader, Shelf], subscribers: [Pairs] });

    test("are told as those of an entity, to subscribers of the table's name", async () => {
      const { session, db } = bench;
      const reader = db.create(Reader, { shelves: [db.create(Shelf)] });
      session.add(reader);
      await session.commit();
      const [shelf] = reader.shelves;
      const pair = { readerId: reader.id, shelfId: shelf!.id };
      expect(rows.splice(0)).toEqual([
        ["beforeInsert", "reader_shelf", { readerId: undefined, shelfId: undefined }],
        ["afterInsert", pair, pair],
      ]);
      reader.shelves = [];
      await session.commit();
      expect(rows.splice(0)).toEqual([
        ["beforeRemove", pair],
        ["afterRemove", pair],
      ]);
    });
  });

  describe("a subscriber that writes", () => {
    const bench = benchOn(database, { entities, subscribers: [Auditor] });

    test("what a listener saves through its manager belongs to the transaction", async () => {
      const { session, db } = bench;
      session.add(db.create(Text, { title: "gone" }));
      await session.flush();
      await session.rollback();
      expect(await bench.stored(`SELECT "note" FROM "audit"`)).toEqual([]);
      session.add(db.create(Text, { title: "kept" }));
      await session.commit();
      expect(await bench.stored(`SELECT "note" FROM "audit" ORDER BY "id"`)).toEqual([
        { note: "new: kept" },
        { note: "id: number" },
      ]);
    });
  });

  describe("a subscriber that refuses a transaction when it has begun", () => {
    let refuses = false;
    @EventSubscriber()
    class Refusing implements EntitySubscriberInterface {
      afterTransactionStart(): void {
        if (refuses) throw new Error("not today");
      }
    }
    const bench = benchOn(database, {
      entities,
      subscribers: [Refusing],
      extra: database.name === "mariadb" ? { connectionLimit: 1 } : { max: 1 },
    });

    test("the transaction is rolled back, and the connection comes back without it", async () => {
      const { session, db } = bench;
      session.add(db.create(Text, { title: "refused" }));
      refuses = true;
      await expect(session.commit()).rejects.toThrow("not today");
      refuses = false;
      await session.close();
      const open = {
        sqlite: "SELECT 0 AS open",
        postgres: "SELECT (now() < statement_timestamp())::int AS open",
        mariadb: "SELECT @@in_transaction AS open",
      };
      expect(Number((await bench.dataSource.query<{ open: number }[]>(open[database.name]))[0]!.open)).toBe(0);
      const other = (await bench.fresh()).session;
      other.add(db.create(Text, { title: "kept" }));
      await other.commit();
      expect((await bench.stored(`SELECT "title" FROM "text"`)).map(({ title }) => title)).toEqual(["kept"]);
    });
  });

  describe("listeners alone", () => {
    const bench = benchOn(database, { entities });
    beforeEach(() => void listened());

    test("what a listener changes before an insert or update is written with it, and only that", async () => {
      const { session, db } = bench;
      const writer = db.create(Writer, { name: "Bob" });
      session.add(writer);
      await session.commit();
      expect(await bench.stored(`SELECT "name", "slug" FROM "writer"`)).toEqual([{ name: "Bob", slug: "bob" }]);
      writer.name = "Rob";
      await session.commit();
      expect(await bench.stored(`SELECT "name", "slug" FROM "writer"`)).toEqual([{ name: "Rob", slug: "rob" }]);
      bench.quiet();
      await session.commit();
      expect(bench.sent()).toEqual([]);
      expect(listened()).toEqual([
        "Writer Bob: BeforeInsert, id undefined",
        "Writer Bob: AfterInsert, id number",
        "Writer Rob: BeforeUpdate",
        "Writer Rob: AfterUpdate, slug rob",
      ]);
    });
  });
});
