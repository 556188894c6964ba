import { Collection, joined, LazyCollection, LazyReference, raise, selectin, Session } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, titles, type Review, type Tag } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);

  test("joined: to one, in the same statement", async () => {
    const books = await Book.query.options(joined("author"), joined(Book.c.editor)).orderBy("id").all();
    expect(library.sent()).toHaveLength(1);
    expect(books.map(({ author }) => author?.name ?? null)).toEqual(["Ursula", "Ursula", "Terry", "Octavia", null]);
    expect(books.map(({ editor }) => editor?.name ?? null)).toEqual([null, null, "Ursula", "Terry", null]);
    expect(books[0]!.author).toBe(books[1]!.author);
    expect(books[2]!.editor).toBe(books[0]!.author);
    expect(library.sent()).toEqual([]);
  });

  test("joined: to many, each entity once, all of its members", async () => {
    const authors = await Author.query.options(joined("books")).orderBy("id").all();
    expect(library.sent()).toHaveLength(1);
    expect(names(authors)).toEqual(["Ursula", "Terry", "Octavia", "Nobody 100%"]);
    expect(authors.map(({ books }) => titles(books).sort())).toEqual([
      ["A Wizard of Earthsea", "The Dispossessed"],
      ["Mort"],
      ["Kindred"],
      [],
    ]);
    expect(authors[0]!.books).toBeInstanceOf(Collection);
    // What a condition leaves out is a member all the same.
    const { session } = library;
    session.expungeAll();
    const [ursula] = await Author.query.join("books").filter(Book.c.pages.gt(300)).options(joined("books")).all();
    expect(titles(ursula!.books).sort()).toEqual(["A Wizard of Earthsea", "The Dispossessed"]);
  });

  test("joined: many to many, and relations behind relations", async () => {
    const [mort] = await Book.query
      .filterBy({ title: "Mort" })
      .options(joined("tags"), joined("author.mentor.portrait"), joined("reviews"))
      .all();
    expect(library.sent()).toHaveLength(1);
    expect(names(mort!.tags).sort()).toEqual(["fantasy", "humour"]);
    expect(mort!.author!.mentor!.name).toBe("Ursula");
    expect(mort!.author!.mentor!.portrait!.painter).toBe("Charles");
    // A hidden review is no member.
    expect([...mort!.reviews].map(({ stars }) => stars)).toEqual([5]);
    expect(library.sent()).toEqual([]);
  });

  test("joined with a page: a page of entities, each with all of its members", async () => {
    const query = Author.query.options(joined("books"), joined("books.tags"));
    const first = await query.orderBy("id").limit(2).all();
    expect(library.sent()).toHaveLength(1);
    expect(names(first)).toEqual(["Ursula", "Terry"]);
    expect(first[0]!.books).toHaveLength(2);
    expect(names(first[1]!.books[0]!.tags).sort()).toEqual(["fantasy", "humour"]);
    expect(names(await query.orderBy(Author.c.born.desc().nullsLast()).limit(2).offset(1).all())).toEqual([
      "Octavia",
      "Ursula",
    ]);
    expect(names(await query.orderBy("address.city", "name").filter(Author.c.born.isNotNull()).limit(2).all())).toEqual(
      ["Octavia", "Ursula"],
    );
    expect(names(await query.join("books").orderBy(Book.c.pages.asc()).limit(1).all())).toEqual(["Ursula"]);
    expect((await query.filterBy({ name: "Ursula" }).one()).books).toHaveLength(2);
    expect((await query.filterBy({ name: "Ursula" }).first())!.books).toHaveLength(2);
  });

  test("selectin: one more statement for each relation, however many entities", async () => {
    const authors = await Author.query
      .options(selectin("books"), selectin("books.tags"), selectin("mentor"))
      .orderBy("id")
      .all();
    expect(library.sent()).toHaveLength(3); // The mentors are among the authors.
    expect(authors.map(({ books }) => titles(books))).toEqual([
      ["The Dispossessed", "A Wizard of Earthsea"],
      ["Mort"],
      ["Kindred"],
      [],
    ]);
    expect(names(authors[1]!.books[0]!.tags)).toEqual(["fantasy", "humour"]);
    expect(authors[1]!.mentor).toBe(authors[0]);
    expect(library.sent()).toEqual([]);
  });

  test("selectin with a page, behind a joined one, and in front of a joined one", async () => {
    const [first] = await Author.query.orderBy("id").limit(1).options(selectin("books")).all();
    expect(titles(first!.books)).toEqual(["The Dispossessed", "A Wizard of Earthsea"]);
    library.session.expungeAll();
    library.sent();
    const books = await Book.query.options(joined("author"), selectin("author.pupils")).orderBy("id").limit(2).all();
    expect(library.sent()).toHaveLength(2);
    expect(names(books[0]!.author!.pupils)).toEqual(["Terry", "Octavia"]);
    library.session.expungeAll();
    library.sent();
    const authors = await Author.query.options(selectin("books"), joined("books.editor")).orderBy("id").all();
    expect(library.sent()).toHaveLength(2 + 0); // Editors are authors, who are all loaded.
    expect(authors[1]!.books[0]!.editor).toBe(authors[0]);
  });

  test("raise: to touch the relation is an error, and only this relation", async () => {
    const [ursula] = await Author.query.orderBy("id").options(raise("books")).all();
    expect(() => ursula!.books).toThrow("Author.books was touched, and loading it is forbidden here");
    expect(names(await ursula!.pupils)).toEqual(["Terry", "Octavia"]);
    const [book] = await Book.query
      .orderBy("id")
      .options(raise("reviews"), selectin("author"), raise("author.pupils"))
      .all();
    expect(() => book!.reviews).toThrow("Book.reviews was touched");
    library.session.expungeAll();
    const [other] = await Book.query.orderBy("id").options(selectin("author"), raise("author.pupils")).all();
    expect(() => other!.author!.pupils).toThrow("Author.pupils was touched");
    library.session.expungeAll();
    const [free] = await Author.query.orderBy("id").all();
    expect(titles(await free!.books)).toHaveLength(2);
  });

  test("an option for what is no relation is an error that suggests one", () => {
    expect(() => Author.query.options(joined("bokos"))).toThrow(`did you mean "books"?`);
    expect(() => Author.query.options(selectin("books.tgas"))).toThrow(
      `Book has no property "tgas"; did you mean "tags"?`,
    );
    expect(() => Author.query.options(selectin("name"))).toThrow(/Author has no property "name"/);
  });

  test("session 23: a relation that is touched is loaded for all that the query found, in one statement: to many", async () => {
    const authors = await Author.query.orderBy("id").all();
    library.sent();
    for (const author of authors) await author.books;
    expect(library.sent()).toHaveLength(1);
    for (const author of authors) for (const book of author.books) await (book as Book).tags;
    expect(library.sent()).toHaveLength(1);
    for (const author of authors) for (const book of author.books) await (book as Book).reviews;
    expect(library.sent()).toHaveLength(1);
  });

  test("session 23: the same for to one, from either side", async () => {
    const books = await Book.query.orderBy("id").all();
    library.sent();
    const found: (string | undefined)[] = [];
    for (const book of books) found.push((await book.author)?.name);
    expect(found).toEqual(["Ursula", "Ursula", "Terry", "Octavia", undefined]);
    expect(library.sent()).toHaveLength(1);
    const authors = await Author.query.orderBy("id").all();
    library.sent();
    const painters: (string | undefined)[] = [];
    for (const author of authors) painters.push((await author.portrait)?.painter);
    expect(painters).toEqual(["Charles", undefined, undefined, undefined]);
    expect(library.sent()).toHaveLength(1);
  });

  test("session 23: the same for many to many, from either side", async () => {
    const books = await Book.query.orderBy("id").all();
    library.sent();
    for (const book of books) await book.tags;
    expect(library.sent()).toHaveLength(1);
    const tags = books.flatMap((book) => [...(book.tags as unknown as Tag[])]);
    for (const tag of tags) await tag.books;
    // Tags that one statement read are a query's too.
    expect(library.sent()).toHaveLength(1);
  });

  test("session 23: the same for what a join brought along", async () => {
    const books = await Book.query.options(joined("author")).orderBy("id").all();
    library.sent();
    for (const { author } of books) if (author) await author.pupils;
    expect(library.sent()).toHaveLength(1);
  });

  test("session 23: a setting makes it one by one, or an error", async () => {
    const one = new Session(library.dataSource, { lazyLoading: "one" });
    const [first, second] = await one.query(Author).orderBy("id").all();
    expect(titles(await first!.books)).toHaveLength(2);
    expect(second!.books).toBeInstanceOf(LazyCollection);
    await one.close();
    const strict = new Session(library.dataSource, { lazyLoading: "raise" });
    const author = (await strict.get(Author, 1))!;
    expect(() => author.books).toThrow("Author.books was touched");
    const book = (await strict.get(Book, 3))!;
    expect(() => book.author).toThrow("Book.author was touched");
    await strict.close();
  });

  test("a relation that is not loaded answers questions without being loaded", async () => {
    const author = (await Author.query.get(1))!;
    const books = author.books as unknown as LazyCollection<Book>;
    expect(books).toBeInstanceOf(LazyCollection);
    expect(await books.count()).toBe(2);
    expect(titles(await books.filterBy({ title: "The Dispossessed" }).all())).toEqual(["The Dispossessed"]);
    expect(titles(await books.orderBy({ pages: "ASC" }).all())).toEqual(["A Wizard of Earthsea", "The Dispossessed"]);
    expect((await books.first())?.author).toBe(author);
    expect(author.books).toBe(books);
    expect(titles(await books.all())).toHaveLength(2);
    expect(author.books).toBeInstanceOf(Collection);
    const mort = (await Book.query.get(3))!;
    expect((mort.author as unknown) instanceof LazyReference).toBe(true);
    const tags = mort.tags as unknown as LazyCollection<Tag>;
    expect(await tags.count()).toBe(2);
    expect(names(await tags.filterBy({ name: "humour" }).all())).toEqual(["humour"]);
    const reviews = mort.reviews as unknown as LazyCollection<Review>;
    expect(await reviews.count()).toBe(1);
    expect(await reviews.query.withDeleted().count()).toBe(2);
  });

  test("a loaded relation answers the same questions", async () => {
    const author = await Author.query.options(selectin("books")).getOrFail(1);
    const books = author.books as unknown as Collection<Book>;
    expect(await books.count()).toBe(2);
    expect(await books.filterBy({ title: "The Dispossessed" }).count()).toBe(1);
    expect(titles(await books.all())).toHaveLength(2);
    expect((await books.first())?.title).toBe("The Dispossessed");
  });
});
