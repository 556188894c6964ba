import { Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

@Entity()
class Article {
  @PrimaryGeneratedColumn()
  id!: number;
}

/** Needs its article, and goes with the comment that it replies to. */
@Entity()
class Comment {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => Article, { nullable: false })
  article!: Relation<Article>;

  @ManyToOne(() => Comment, { onDelete: "CASCADE" })
  replyTo!: Relation<Comment> | null;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Article, Comment] });

  test("a child that goes with one deleted parent is not in the way of another one", async () => {
    const { db, session } = bench;
    const article = db.create(Article, {});
    const comment = db.create(Comment, { article });
    const reply = db.create(Comment, { article, replyTo: comment });
    session.add(reply);
    await session.commit();
    session.delete(article, comment);
    await session.commit();
    expect(session.state(reply)).toBe("detached");
    expect(await bench.stored("SELECT id FROM comment")).toEqual([]);
    expect(await bench.stored("SELECT id FROM article")).toEqual([]);
  });
});
