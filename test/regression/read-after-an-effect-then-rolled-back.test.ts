import { Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";

@Entity()
class Editor {
  @PrimaryGeneratedColumn()
  id!: number;
}

/** Loses its editor by the database's own doing. */
@Entity()
class Article {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => Editor, { onDelete: "SET NULL" })
  editor!: Relation<Editor> | null;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Editor, Article] });

  test.each(["transaction", "savepoint"])(
    "what was read after a row had followed a deletion or a key is read anew after the rollback of the %s",
    async (kind) => {
      const { db } = bench;
      const editors = [db.create(Editor, {}), db.create(Editor, {})];
      db.session.add(...editors.map((editor) => db.create(Article, { editor })));
      await db.session.commit();
      const { session } = await bench.fresh();
      const [deleted, rekeyed] = (await session.query(Editor).orderBy("id").all()) as [Editor, Editor];
      const savepoint = kind === "savepoint" ? await session.beginNested() : session;
      session.delete(deleted);
      rekeyed.id += 1_000;
      const [one, two] = (await session.query(Article).orderBy("id").all()) as [Article, Article];
      expectSame([one.editor, two.editor], [null, rekeyed]);
      await savepoint.rollback();
      expect(session.dirty).toEqual([]);
      expect(await session.query(Article).filterBy({ editor: deleted }).one()).toBe(one);
      expectSame([await session.get(Article, two.id)], [two]);
      expectSame([await one.editor, await two.editor], [deleted, rekeyed]);
    },
  );
});
