import { Collection, type Session } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, Review, titles } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);
  let session: Session;
  beforeEach(() => ({ session } = library));

  /** What the database itself holds, past all objects. */
  const stored = () => Book.query.select("title", "pages", "price").orderBy("id").all();

  test("update: values and expressions over the row; the number of rows", async () => {
    expect(await Book.query.filterBy({ title: "Mort" }).update({ pages: 300, price: null })).toBe(1);
    expect(await Book.query.filter(Book.c.pages.gt(200)).update({ pages: Book.c.pages.plus(1) })).toBe(3);
    expect(await Book.query.filterBy({ id: 99 }).update({ pages: 1 })).toBe(0);
    expect((await stored()).map(({ pages }) => pages)).toEqual([342, 183, 301, 265, 100]);
    expect(await Author.query.filterBy({ id: 2 }).update({ address: { city: "Bath" } as never })).toBe(1);
    expect(await Author.query.select(Author.c.address.city).filterBy({ id: 2 }).scalar()).toBe("Bath");
    expect(await Book.query.update({ price: Book.query.select(Book.c.pages.max()) as never })).toBe(5);
    expect((await stored()).map(({ price }) => price)).toEqual([342, 342, 342, 342, 342]);
    expect(session.inTransaction).toBe(true);
  });

  test("update of a relation: by an entity, a key, null, a query", async () => {
    const terry = await Author.query.getOrFail(2);
    await Book.query.filterBy({ title: "Beowulf" }).update({ author: terry });
    await Book.query.filterBy({ title: "Kindred" }).update({ author: 1 as never });
    await Book.query.filterBy({ title: "Mort" }).update({ author: null });
    const youngest = Author.query.orderBy(Author.c.born.desc().nullsLast()).limit(1).select("id");
    await Book.query.filterBy({ id: 2 }).update({ author: youngest });
    const authors = await Book.query.select(Book.c.author.id.as("author")).orderBy("id").all();
    expect(authors.map(({ author }) => author)).toEqual([1, 2, null, 1, 2]);
  });

  test("update and delete of a page, and along a join", async () => {
    expect(await Book.query.orderBy({ pages: "DESC" }).limit(2).update({ price: 1 })).toBe(2);
    expect((await stored()).filter(({ price }) => price === 1).map(({ title }) => title)).toEqual([
      "The Dispossessed",
      "Mort",
    ]);
    expect(await Book.query.join("author").filter(Author.c.name.eq("Ursula")).update({ price: 2 })).toBe(2);
    expect(await Book.query.filter(Book.c.author.name.eq("Terry")).update({ price: 3 })).toBe(1);
    expect(await Author.query.join("books").orderBy("id").limit(2).update({ born: 1 })).toBe(2);
    expect(await Author.query.filterBy({ born: 1 }).count()).toBe(2);
    expect(await Review.query.join("book").filter(Book.c.title.eq("The Dispossessed")).delete()).toBe(2);
    expect(await Review.query.orderBy("id").limit(1).delete()).toBe(1);
    expect(await Review.query.withDeleted().count()).toBe(2);
  });

  test("loaded objects hold what was written, at once", async () => {
    const [dispossessed, earthsea, mort] = (await Book.query.orderBy("id").all()) as [Book, Book, Book];
    await Book.query.filter(Book.c.pages.lt(300)).update({ pages: Book.c.pages.plus(10) });
    expect([dispossessed, earthsea, mort].map(({ pages }) => pages)).toEqual([341, 193, 282]);
    // Also those that are no longer what the query asks for.
    await Book.query.filterBy({ title: "Mort" }).update({ title: "Sourcery" });
    expect(mort.title).toBe("Sourcery");
    expect(session.dirty).toEqual([]);
    await session.rollback();
    expect([dispossessed, earthsea, mort].map(({ title, pages }) => [title, pages])).toEqual([
      ["The Dispossessed", 341],
      ["A Wizard of Earthsea", 183],
      ["Mort", 272],
    ]);
    expect((await stored())[2]).toMatchObject({ title: "Mort", pages: 272 });
    expect(session.dirty).toEqual([]);
  });

  test("what was changed and not flushed stays, beside what was written", async () => {
    const mort = await Book.query.getOrFail(3);
    mort.title = "Sourcery";
    await session.noAutoflush(() => Book.query.filterBy({ id: 3 }).update({ pages: 1, title: "Eric" }));
    expect(mort).toMatchObject({ title: "Sourcery", pages: 1 });
    expect(session.changes(mort)).toEqual({ title: { before: "Eric", after: "Sourcery" } });
    await session.flush();
    expect((await stored())[2]).toMatchObject({ title: "Sourcery", pages: 1 });
  });

  test("nothing is asked where nothing is loaded, and only what is reached is read again", async () => {
    await Book.query.filterBy({ id: 1 }).update({ pages: 5 });
    expect(library.sent(/SELECT/)).toEqual([]);
    const [first, second] = await Book.query.orderBy("id").all();
    library.sent();
    await Book.query.filterBy({ id: 1 }).update({ pages: 6 });
    expect(library.sent(/^SELECT/)).toHaveLength(2);
    expect([first!.pages, second!.pages]).toEqual([6, 183]);
  });

  test("members move with their foreign key, in memory too", async () => {
    const [ursula, terry] = (await Author.query.orderBy("id").limit(2).all()) as [Author, Author];
    expect(titles(await ursula.books)).toHaveLength(2);
    expect(titles(await terry.books)).toEqual(["Mort"]);
    const mort = await Book.query.getOrFail(3);
    expect(mort.author).toBe(terry);
    await Book.query.filterBy({ author: terry }).update({ author: ursula });
    expect(await mort.author).toBe(ursula);
    expect(titles(await ursula.books)).toEqual(["The Dispossessed", "A Wizard of Earthsea", "Mort"]);
    expect(titles(await terry.books)).toEqual([]);
    // What is about another column leaves the members loaded.
    await Book.query.update({ price: 1 });
    expect(ursula.books).toBeInstanceOf(Collection);
    expect([...ursula.books].map(({ price }) => price)).toEqual([1, 1, 1]);
    await session.rollback();
    expect(titles(await terry.books)).toEqual(["Mort"]);
    expect(await mort.author).toBe(terry);
  });

  test("loaded objects whose rows are deleted are deleted, and come back with a rollback", async () => {
    const reviews = await Review.query.orderBy("id").all();
    const dispossessed = await Book.query.getOrFail(1);
    expect(await dispossessed.reviews).toHaveLength(2);
    expect(await Review.query.filterBy({ book: 1 }).delete()).toBe(2);
    expect(reviews.map((one) => session.state(one))).toEqual(["deleted", "deleted", "persistent", "persistent"]);
    expect(await Review.query.get(1)).toBeNull();
    expect(await dispossessed.reviews).toHaveLength(0);
    expect(session.dirty).toEqual([]);
    await session.rollback();
    expect(reviews.map((one) => session.state(one))).toEqual(Array(4).fill("persistent"));
    expect(await Review.query.get(1)).toBe(reviews[0]);
    expect(await dispossessed.reviews).toHaveLength(2);
  });

  test("what is refused: nothing to set, an unknown property, a value of a related row", async () => {
    await expect(Book.query.update({})).rejects.toMatchObject({ code: "query/nothing-to-set" });
    await expect(Book.query.update({ titel: "x" } as never)).rejects.toThrow(`did you mean "title"?`);
    await expect(Book.query.update({ title: Book.c.author.name })).rejects.toMatchObject({
      code: "query/assigned-from-join",
    });
    expect(library.sent()).toEqual([]);
  });
});
