import {
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from "typeorm";
import { benchOn } from "../helpers/bench";
import { database } from "../helpers/databases";

@Entity()
class Author {
  @PrimaryGeneratedColumn() id!: number;
  @Column("varchar") name!: string;
  @OneToMany(() => Book, ({ author }) => author, { cascade: true }) books!: Relation<Book>[];
  @ManyToMany(() => Tag, ({ authors }) => authors) @JoinTable() tags!: Relation<Tag>[];
}

class Print {
  /** TypeORM 0.3 cannot read an object whose embedded has nothing but a relation without a value. */
  @Column("varchar", { default: "paper" }) kind!: string;
  @ManyToOne(() => Tag, { nullable: true }) cover!: Relation<Tag> | null;
}

@Entity()
class Book {
  @PrimaryGeneratedColumn() id!: number;
  @Column("varchar") title!: string;
  @ManyToOne(() => Author, ({ books }) => books) author!: Relation<Author> | null;
  @ManyToOne(() => Tag, ({ shelved }) => shelved, { nullable: true, lazy: true }) shelf!: Promise<Relation<Tag> | null>;
  @Column(() => Print) print!: Print;
}

@Entity()
class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column("varchar") name!: string;
  @OneToMany(() => Book, ({ shelf }) => shelf, { lazy: true }) shelved!: Promise<Relation<Book>[]>;
  @ManyToMany(() => Author, ({ tags }) => tags) authors!: Relation<Author>[];
}

@Entity()
class Loan {
  @PrimaryColumn("int") bookId!: number;
  @PrimaryColumn("int") tagId!: number;
  @ManyToOne(() => Book, { lazy: true }) book!: Promise<Relation<Book>>;
  @ManyToOne(() => Tag, { lazy: true }) tag!: Promise<Relation<Tag>>;
}

const make = <T extends object>(type: new () => T, values: Partial<T>): T => Object.assign(new type(), values);

describe("TypeORM's own functions and objects that a session has seen", () => {
  const bench = benchOn(database("sqlite"), { entities: [Author, Book, Tag, Loan] });

  /** An author with two books and a tag, as the session left them. */
  async function written(): Promise<{ author: Author; books: Book[]; tag: Tag }> {
    const { session } = bench;
    const tag = make(Tag, { name: "t" });
    const books = ["one", "two"].map((title) => make(Book, { title }));
    const author = make(Author, { name: "a", books, tags: [tag] });
    session.add(author);
    await session.commit();
    return { author, books, tag };
  }

  test("session 43: save() of TypeORM leaves relations alone that are not loaded", async () => {
    const { author } = await written();
    const other = (await bench.fresh()).session;
    const loaded = (await other.get(Author, author.id))!;
    loaded.name = "changed";
    await other.close();
    await bench.dataSource.manager.save(loaded);
    expect(await bench.stored(`SELECT name FROM author`)).toEqual([{ name: "changed" }]);
    expect(await bench.stored(`SELECT "authorId" FROM book`)).toEqual([
      { authorId: author.id },
      { authorId: author.id },
    ]);
    expect(await bench.stored(`SELECT count(*) AS n FROM author_tags_tag`)).toEqual([{ n: 1 }]);
  });

  test("session 43: save() of TypeORM writes what was set: a list, a lazy relation, one in an embedded", async () => {
    const { author, books, tag } = await written();
    await bench.session.close();
    const { manager } = bench.dataSource;
    author.tags = [];
    books[0]!.shelf = Promise.resolve(tag);
    books[0]!.print = Object.assign(new Print(), { cover: tag });
    await manager.save([author, ...books]);
    expect(await bench.stored(`SELECT count(*) AS n FROM author_tags_tag`)).toEqual([{ n: 0 }]);
    expect(await bench.stored(`SELECT "shelfId", "printCoverid" FROM book ORDER BY id`)).toEqual([
      { shelfId: tag.id, printCoverid: tag.id },
      { shelfId: null, printCoverid: null },
    ]);
  });

  test("create() and merge() copy what JSON shows, and end where both sides are set", async () => {
    const { author, books, tag } = await written();
    const { manager } = bench.dataSource;
    const copy = manager.create(Author, author);
    expect(copy.books.map(({ title }) => title)).toEqual(books.map(({ title }) => title));
    expect(copy.books[0]!.author).toBeUndefined();
    expect(copy.tags.map(({ name }) => name)).toEqual([tag.name]);

    const merged = manager.merge(Author, new Author(), author);
    expect(merged.books).toHaveLength(2);

    const other = (await bench.fresh()).session;
    const loaded = (await other.get(Author, author.id))!;
    expect(manager.create(Author, loaded).books).toBeUndefined();
    manager.merge(Author, loaded, { name: "merged", tags: [{ name: "new" }] });
    await other.commit();
    expect(await bench.stored(`SELECT name FROM author`)).toEqual([{ name: "merged" }]);
    expect(await bench.stored(`SELECT t.name FROM author_tags_tag j JOIN tag t ON t.id = j."tagId"`)).toEqual([
      { name: "new" },
    ]);
    await other.close();
  });

  test("session 44: merge takes what is loaded of the lazy relations of an object that TypeORM has read", async () => {
    const { books, tag } = await written();
    books[0]!.shelf = Promise.resolve(tag);
    books[1]!.shelf = Promise.resolve(tag);
    await bench.session.commit();
    const { manager } = bench.dataSource;
    const other = (await bench.fresh()).session;
    const unread = await manager.findOneByOrFail(Book, { id: books[0]!.id });
    unread.title = "changed";
    await other.merge(unread);
    const read = await manager.findOneByOrFail(Book, { id: books[1]!.id });
    (await read.shelf)!.name = "moved";
    await other.merge(read);
    await other.commit();
    expect(await bench.stored(`SELECT title, "shelfId" FROM book ORDER BY id`)).toEqual([
      { title: "changed", shelfId: tag.id },
      { title: "two", shelfId: tag.id },
    ]);
    expect(await bench.stored(`SELECT name FROM tag`)).toEqual([{ name: "moved" }]);
    await other.close();
  });

  test("getId() knows the key of an object whose key is that of lazy relations", async () => {
    const { books, tag } = await written();
    const { manager } = bench.dataSource;
    const loan = manager.create(Loan, {});
    loan.book = Promise.resolve(books[0]!);
    loan.tag = Promise.resolve(tag);
    bench.session.add(loan);
    await bench.session.commit();
    expect(manager.getId(loan)).toEqual({ bookId: books[0]!.id, tagId: tag.id });
  });
});
