import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Shelf, Book } from "../helpers/entities/cycles";

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Shelf, Book] });

  test("what the database refuses at COMMIT is not taken for saved, and is mended after the rollback", async () => {
    const { db, session } = bench;
    const book = db.create(Book, { shelfId: 77_777 });
    session.add(book);
    await expect(session.commit()).rejects.toMatchObject({ code: "database/foreign-key" });
    await expect(session.query(Book).all()).rejects.toMatchObject({ code: "session/needs-rollback" });
    await session.rollback();
    expect(session.state(book)).toBe("transient");
    book.shelf = db.create(Shelf, {});
    session.add(book);
    await session.commit();
    expect(await bench.stored('SELECT "shelfId" FROM book')).toEqual([{ shelfId: book.shelf.id }]);
  });
});
