import { EntitySchema } from "typeorm";
import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

class Shelf {
  declare code: string;
  declare books: Book[];
  declare bookIds: number[];
}

class Book {
  declare id: number;
  declare shelf: Shelf | null;
  declare shelfCode: string | null;
  declare topics: Topic[];
  declare topicIds: number[];
}

class Topic {
  declare id: number;
}

const id = { type: Number, primary: true } as const;
const entities = [
  new EntitySchema<Shelf>({
    name: "Shelf",
    target: Shelf,
    columns: { code: { type: String, primary: true } },
    relations: { books: { type: "one-to-many", target: () => Book, inverseSide: "shelf" } },
    relationIds: { bookIds: { relationName: "books" } },
  }),
  new EntitySchema<Book>({
    name: "Book",
    target: Book,
    columns: { id },
    relations: {
      shelf: { type: "many-to-one", target: () => Shelf, inverseSide: "books", nullable: true },
      topics: { type: "many-to-many", target: () => Topic, joinTable: true },
    },
    relationIds: { shelfCode: { relationName: "shelf" }, topicIds: { relationName: "topics" } },
  }),
  new EntitySchema<Topic>({ name: "Topic", target: Topic, columns: { id } }),
];

/** They showed keys of rows that were gone, or that nobody had. */
describe("properties that show the keys of related rows", () => {
  const bench = benchOn(database("sqlite"), { entities });

  async function stored(): Promise<Shelf> {
    const { db, session } = bench;
    const topics = [1, 2].map((number) => db.create(Topic, { id: number }));
    const books = [1, 2].map((number) => db.create(Book, { id: number, topics }));
    session.add(db.create(Shelf, { code: "a", books }), ...books, ...topics);
    await session.commit();
    session.expungeAll();
    return (await session.query(Shelf).first())!;
  }

  test("follow a deletion and its rollback", async () => {
    const { session } = bench;
    const shelf = await stored();
    const [first, second] = await shelf.books;
    const topics = await second!.topics;
    session.delete(first!, topics[0]!);
    await session.flush();
    expect([shelf.bookIds, second!.topicIds]).toEqual([[2], [2]]);
    await session.rollback();
    expect([shelf.bookIds, second!.topicIds]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("follow the rollback of a relation that was read after the transaction began", async () => {
    const { db, session } = bench;
    const shelf = await stored();
    session.add(db.create(Shelf, { code: "z" }));
    await session.flush();
    const books = await shelf.books;
    const book = db.create(Book, { id: 3 });
    session.add(book);
    books.push(book);
    await session.flush();
    expect(shelf.bookIds).toEqual([1, 2, 3]);
    await session.rollback();
    expect(shelf.bookIds).toEqual([1, 2]);
  });

  test("follow a key that changes", async () => {
    const { session } = bench;
    const shelf = await stored();
    const book = (await session.query(Book).first())!;
    shelf.code = "b";
    await session.flush();
    expect(book.shelfCode).toBe("b");
    await session.rollback();
    expect(book.shelfCode).toBe("a");
  });
});
