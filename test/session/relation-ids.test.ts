import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  RelationId,
  type ObjectLiteral,
  type Relation,
  type SelectQueryBuilder,
} from "typeorm";
import type { EntityClass } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

@Entity()
class Writer {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToMany(() => Text, (text) => text.writer)
  texts!: Relation<Text>[];

  @RelationId((writer: Writer) => writer.texts)
  textIds!: number[];

  @RelationId<Writer>((writer) => writer.texts, "short", (query: SelectQueryBuilder<ObjectLiteral>) =>
    query.andWhere("short.pages < :most", { most: 10 }),
  )
  shortIds!: number[];

  @OneToOne(() => Pen, (pen) => pen.writer)
  pen!: Relation<Pen> | null;

  @RelationId((writer: Writer) => writer.pen)
  penKey!: unknown;
}

/** A key of two parts. */
@Entity()
class Pen {
  @PrimaryColumn({ type: "varchar", length: 10 })
  make!: string;

  @PrimaryColumn({ type: "int" })
  number!: number;

  @OneToOne(() => Writer, (writer) => writer.pen)
  @JoinColumn()
  writer!: Relation<Writer> | null;
}

@Entity()
class Text {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  pages!: number;

  @ManyToOne(() => Writer, (writer) => writer.texts)
  writer!: Relation<Writer> | null;

  @RelationId((text: Text) => text.writer)
  writerId!: number | null;

  @ManyToOne(() => Pen)
  pen!: Relation<Pen> | null;

  @RelationId((text: Text) => text.pen)
  penKey!: unknown;

  @ManyToMany(() => Topic, (topic) => topic.texts)
  @JoinTable()
  topics!: Relation<Topic>[];

  @RelationId((text: Text) => text.topics)
  topicIds!: number[];

  @DeleteDateColumn()
  gone!: Date | null;
}

@Entity()
class Topic {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToMany(() => Text, (text) => text.topics)
  texts!: Relation<Text>[];

  @RelationId((topic: Topic) => topic.texts)
  textIds!: number[];
}

const shown = ["textIds", "shortIds", "penKey", "writerId", "topicIds"];

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Writer, Pen, Text, Topic] });

  /** Two writers, three texts, two topics, one pen. */
  async function fill() {
    const { db, session } = bench;
    const [ann, bob] = [db.create(Writer, {}), db.create(Writer, {})];
    const pen = db.create(Pen, { make: "ink", number: 7, writer: ann });
    const [art, war] = [db.create(Topic, {}), db.create(Topic, {})];
    const texts = [3, 30, 300].map((pages) => db.create(Text, { pages, writer: ann }));
    const [one, two] = texts as [Text, Text];
    one.topics.push(art, war);
    two.topics.push(war);
    one.pen = pen;
    session.add(ann, bob, pen, ...texts);
    await session.commit();
    return { ann, bob, one, two, art, war, pen };
  }

  test("properties with the keys of related rows hold what TypeORM puts there, in a statement for each relation", async () => {
    await fill();
    const hidden = await bench.session.query(Text).filterBy({ pages: 300 }).one();
    bench.session.softRemove(hidden);
    await bench.session.commit();
    for (const entity of [Writer, Text, Topic] as EntityClass<{ id: number }>[]) {
      const fresh = await bench.fresh();
      let sent = 0;
      fresh.observe((event) => (sent += event.type === "statement" ? 1 : 0));
      const ours = (await fresh.session.query(entity).orderBy("id").all()) as unknown as Record<string, unknown>[];
      const relations = bench.dataSource
        .getMetadata(entity)
        .relationIds.filter(({ relation }) => !relation.isOwning || relation.isManyToMany);
      expect(sent).toBeLessThanOrEqual(1 + relations.length + (entity === Writer ? 1 : 0));
      const theirs = (await bench.dataSource.manager.find(entity, { order: { id: "ASC" } })) as unknown as Record<
        string,
        unknown
      >[];
      const told = (list: Record<string, unknown>[]): unknown[] =>
        list.map((one) =>
          shown.map((property) =>
            Array.isArray(one[property]) ? [...(one[property] as unknown[])].sort() : (one[property] ?? null),
          ),
        );
      expect(told(ours)).toEqual(told(theirs));
    }
  });

  test("they are enumerable where their relation is: where it was set or read", async () => {
    const { ann, one, art } = await fill();
    const visible = (object: object): string[] => Object.keys(object).filter((name) => shown.includes(name));
    expect(visible(ann)).toEqual([]);
    expect(visible(art)).toEqual([]);
    expect(visible(one).sort()).toEqual(["penKey", "topicIds", "writerId"]);
    expect(art.textIds).toEqual([one.id]);
    const fresh = await bench.fresh();
    expect(visible(await fresh.query(Topic).filterBy({ id: art.id }).one())).toEqual(["textIds"]);
    await bench.session.refresh(art);
    expect(visible(art)).toEqual(["textIds"]);
  });

  test("they follow what a flush writes, and a rollback", async () => {
    const { ann, bob, one, two, art, war } = await fill();
    expect([one.writerId, one.topicIds, ann.textIds]).toEqual([
      ann.id,
      [art.id, war.id],
      expect.arrayContaining([one.id, two.id]),
    ]);
    const { session } = bench;
    await bob.texts;
    one.writer = bob;
    (await one.topics).splice(0, 1);
    await session.flush();
    expect([one.writerId, one.topicIds, bob.textIds]).toEqual([bob.id, [war.id], [one.id]]);
    await session.rollback();
    expect([one.writerId, one.topicIds]).toEqual([ann.id, [art.id, war.id]]);
    expect(session.dirty).toEqual([]);
    one.writer = null;
    await session.commit();
    expect(one.writerId).toBeNull();
  });
});
