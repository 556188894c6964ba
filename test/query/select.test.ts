import { joined, selectin, sql } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, Review, Tag, titles } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);

  test("order: by names, paths, expressions, objects; NULLs where one wants them", async () => {
    const ordered = async (...orders: Parameters<typeof Author.query.orderBy>) =>
      names(await Author.query.orderBy(...orders).all());
    expect(await ordered("name")).toEqual(["Nobody 100%", "Octavia", "Terry", "Ursula"]);
    expect(await ordered(Author.c.name.desc())).toEqual(["Ursula", "Terry", "Octavia", "Nobody 100%"]);
    expect(await ordered({ name: "DESC" })).toEqual(["Ursula", "Terry", "Octavia", "Nobody 100%"]);
    expect(await ordered({ active: "asc", name: "desc" })).toEqual(["Nobody 100%", "Ursula", "Terry", "Octavia"]);
    expect(await ordered(Author.c.born.desc().nullsLast())).toEqual(["Terry", "Octavia", "Ursula", "Nobody 100%"]);
    expect(await ordered(Author.c.born.asc().nullsFirst())).toEqual(["Nobody 100%", "Ursula", "Octavia", "Terry"]);
    expect(await ordered(Author.c.name.length(), "id")).toEqual(["Terry", "Ursula", "Octavia", "Nobody 100%"]);
    expect(
      titles(await Book.query.filter(Book.c.author.has()).orderBy("author.name", { title: "DESC" }).all()),
    ).toEqual(["Kindred", "Mort", "The Dispossessed", "A Wizard of Earthsea"]);
    expect(await ordered("address.city", "name").then((all) => all.filter((name) => name !== "Nobody 100%"))).toEqual([
      "Octavia",
      "Ursula",
      "Terry",
    ]);
  });

  test("limit and offset, alone and together", async () => {
    const query = Author.query.orderBy("id");
    expect(names(await query.limit(2).all())).toEqual(["Ursula", "Terry"]);
    expect(names(await query.offset(2).all())).toEqual(["Octavia", "Nobody 100%"]);
    expect(names(await query.limit(1).offset(1).all())).toEqual(["Terry"]);
    expect(await query.limit(0).all()).toEqual([]);
    expect(() => query.limit(-1)).toThrow("limit(-1): a whole number from 0 up is needed");
    expect(() => query.offset(1.5)).toThrow("offset(1.5)");
    expect(await query.limit(3).count()).toBe(3);
    expect(await query.offset(3).count()).toBe(1);
    expect(await query.offset(9).exists()).toBe(false);
    expect(await query.offset(3).exists()).toBe(true);
  });

  test("join: rows that have the relation, each entity once; conditions on what is joined", async () => {
    expect(names(await Author.query.join("books").orderBy("id").all())).toEqual(["Ursula", "Terry", "Octavia"]);
    expect(await Author.query.join("books").count()).toBe(3);
    expect(await Author.query.leftJoin("books").count()).toBe(4);
    expect(names(await Author.query.join("books").filter(Book.c.pages.gt(300)).all())).toEqual(["Ursula"]);
    expect(
      names(await Author.query.join(Author.c.books).filter(Book.c.title.like("%r%")).orderBy("name").all()),
    ).toEqual(["Octavia", "Terry", "Ursula"]);
    expect(names(await Author.query.leftJoin("books").filter(Book.c.id.isNull()).all())).toEqual(["Nobody 100%"]);
    expect(names(await Author.query.join("books.tags").filter(Tag.c.name.eq("humour")).all())).toEqual(["Terry"]);
    expect(titles(await Book.query.join("author").filter(Author.c.born.gt(1947)).all())).toEqual(["Mort"]);
    expect(
      titles(
        await Tag.query
          .join("books")
          .filter(Tag.c.name.eq("sf"))
          .select(Book.c.title)
          .all()
          .then((rows) => rows as never),
      ).sort(),
    ).toEqual(["Kindred", "The Dispossessed"]);
  });

  test("a page is one of entities, whatever a join makes of their rows", async () => {
    const query = Author.query.join("books");
    expect(names(await query.orderBy("id").limit(2).all())).toEqual(["Ursula", "Terry"]);
    expect(names(await query.orderBy("id").limit(2).offset(1).all())).toEqual(["Terry", "Octavia"]);
    expect(await query.limit(2).count()).toBe(2);
    expect(await query.offset(1).count()).toBe(2);
    expect(names(await query.orderBy(Book.c.pages.desc()).limit(2).all())).toEqual(["Ursula", "Terry"]);
    expect(names(await query.orderBy(Book.c.pages.asc()).limit(2).all())).toEqual(["Ursula", "Octavia"]);
    expect(names(await query.orderBy(Author.c.born.desc().nullsLast()).limit(1).all())).toEqual(["Terry"]);
    expect((await query.filterBy({ name: "Ursula" }).one()).name).toBe("Ursula");
  });

  test("a condition on what a query joins to itself means the root; the path means the other", async () => {
    expect(names(await Author.query.join("mentor").filterBy({ name: "Terry" }).all())).toEqual(["Terry"]);
    expect(names(await Author.query.join("mentor").filter(Author.c.name.eq("Ursula")).all())).toEqual([]);
    expect(
      names(await Author.query.join("mentor").filter(Author.c.mentor.name.eq("Ursula")).orderBy("id").all()),
    ).toEqual(["Terry", "Octavia"]);
    expect(names(await Author.query.join("pupils").filterBy({ name: "Ursula" }).all())).toEqual(["Ursula"]);
  });

  test("an entity that is joined twice is ambiguous; one that is not joined is an error", async () => {
    const twice = Book.query.leftJoin("author").leftJoin("editor");
    await expect(twice.filter(Author.c.name.eq("Ursula")).all()).rejects.toThrow(
      "Author is joined 2 times (author, editor), so its columns could be of any",
    );
    expect(titles(await twice.filter(Book.c.editor.name.eq("Ursula")).all())).toEqual(["Mort"]);
    await expect(Book.query.filter(Author.c.name.eq("Ursula")).all()).rejects.toThrow(
      "Author is not part of this query of Book",
    );
  });

  test("values: names, expressions, names of one's own; decoded as columns are", async () => {
    const rows = await Book.query
      .select("title", Book.c.pages.plus(1).as("more"), Book.c.published)
      .orderBy("id")
      .limit(2)
      .all();
    expect(rows).toEqual([
      { title: "The Dispossessed", more: 342, published: new Date("1974-05-01T12:00:00.000Z") },
      { title: "A Wizard of Earthsea", more: 184, published: new Date("1968-11-01T12:00:00.000Z") },
    ]);
    expect(
      await Book.query.select(Book.c.title, Book.c.author.name, Book.c.author.id).filterBy({ id: 3 }).all(),
    ).toEqual([{ title: "Mort", name: "Terry", id: 2 }]);
    expect(await Book.query.join("author").select(Book.c.id, Author.c.id).filterBy({ id: 3 }).all()).toEqual([
      { id: 3, "Author.id": 2 },
    ]);
    expect(await Author.query.select(Author.c.address.city).filterBy({ id: 1 }).all()).toEqual([{ city: "Portland" }]);
    expect(await Author.query.select("active", Author.c.born.gt(1940).as("young")).filterBy({ id: 1 }).all()).toEqual([
      { active: true, young: false },
    ]);
    expect(await Author.query.select("name").orderBy("id").first()).toEqual({ name: "Ursula" });
    expect(await Author.query.select("name").filterBy({ id: 99 }).first()).toBeNull();
    expect(library.session.dirty).toEqual([]);
  });

  test("values, each once", async () => {
    const cities = Author.query.select(Author.c.address.city).filter(Author.c.address.city.isNotNull());
    expect(await cities.count()).toBe(3);
    expect(await cities.distinct().count()).toBe(2);
    expect((await cities.distinct().orderBy("address.city").all()).map(({ city }) => city)).toEqual([
      "Portland",
      "Salisbury",
    ]);
  });

  test("scalar: the first value of the first row", async () => {
    expect(await Author.query.select(Author.c.born.max()).scalar()).toBe(1948);
    expect(await Author.query.orderBy("name").select("name").scalar()).toBe("Nobody 100%");
    expect(await Author.query.filterBy({ id: 99 }).select("name").scalar()).toBeNull();
    expect(await Author.query.orderBy({ id: "DESC" }).scalar()).toBe(4);
  });

  test("aggregates, with groups and conditions on them", async () => {
    const { pages, price, published } = Book.c;
    const [all] = await Book.query
      .select(
        pages.count().as("count"),
        pages.sum().as("sum"),
        pages.avg().as("avg"),
        pages.min().as("min"),
        pages.max().as("max"),
        price.count().as("priced"),
        published.min().as("first"),
        Book.c.author.id.countDistinct().as("authors"),
      )
      .all();
    expect(all).toEqual({
      count: 5,
      sum: 1160,
      avg: 232,
      min: 100,
      max: 341,
      priced: 3,
      first: new Date("1968-11-01T12:00:00.000Z"),
      authors: 3,
    });
    const grouped = Book.query
      .join("author")
      .groupBy(Author.c.name)
      .select(Author.c.name, pages.sum().as("pages"))
      .orderBy(Author.c.name);
    expect(await grouped.all()).toEqual([
      { name: "Octavia", pages: 264 },
      { name: "Terry", pages: 272 },
      { name: "Ursula", pages: 524 },
    ]);
    expect(await grouped.having(pages.sum().gt(270)).all()).toHaveLength(2);
    expect(await grouped.having(pages.count().gt(1)).all()).toEqual([{ name: "Ursula", pages: 524 }]);
    expect(await grouped.count()).toBe(3);
    expect(await grouped.having(sql`COUNT(*) > ${1} OR 1 = 0`).count()).toBe(1);
    expect(await grouped.filterBy({ title: "nothing" }).all()).toEqual([]);
    expect(await Book.query.filterBy({ id: 99 }).select(pages.sum()).scalar()).toBeNull();
    expect(
      await Book.query.groupBy("pages").select("pages", Book.c.id.count().as("n")).orderBy("pages").first(),
    ).toEqual({ pages: 100, n: 1 });
  });

  test("a query is immutable: each method gives a new one", async () => {
    const query = Author.query.orderBy("id");
    const before = query.toSQL();
    query
      .filterBy({ name: "Terry" })
      .limit(1)
      .offset(1)
      .join("books")
      .options(joined("books"), selectin("pupils"))
      .distinct()
      .withDeleted();
    expect(query.toSQL()).toEqual(before);
    expect(await query.count()).toBe(4);
  });

  test("a query is no promise: to await it is to have it", async () => {
    const query = Author.query;
    expect("then" in query).toBe(false);
    expect(await (query as unknown as Promise<unknown>)).toBe(query);
    expect(library.sent()).toEqual([]);
  });

  test("session 36: toSQL gives the statement and its parameters, and sends nothing", () => {
    const { sql: text, parameters } = Author.query
      .filterBy({ name: "Terry", born: [1948, 1949] })
      .orderBy("id")
      .limit(3)
      .toSQL();
    const quote = library.kind === "mariadb" ? "`" : '"';
    const [one, two, three] = library.kind === "postgres" ? ["$1", "$2", "$3"] : ["?", "?", "?"];
    const column = (name: string) => `${quote}author${quote}.${quote}${name}${quote}`;
    expect(text).toContain(
      ` WHERE ${column("name")} = ${one} AND ${column("born")} IN (${two}, ${three}) ORDER BY ${column("id")} ASC LIMIT 3`,
    );
    expect(parameters).toEqual(["Terry", 1948, 1949]);
    expect(library.sent()).toEqual([]);
  });

  test("session 36: explain gives the database's plan, a line a step", async () => {
    const plan = (await Author.query.filterBy({ id: 1 }).explain()).join("\n");
    expect(plan).toMatch(
      {
        sqlite: /SEARCH author USING INTEGER PRIMARY KEY/,
        postgres: /on author/,
        mariadb: /SIMPLE author: const, by PRIMARY, 1 rows/,
      }[library.kind],
    );
    expect(await Review.query.filterBy({ stars: 5 }).select("id").explain()).not.toHaveLength(0);
  });

  test("session 34: one fails on none and on many, each with its own error", async () => {
    expect((await Author.query.filterBy({ name: "Terry" }).one()).name).toBe("Terry");
    await expect(Author.query.filterBy({ name: "Joe" }).one()).rejects.toMatchObject({ code: "query/no-result" });
    await expect(Author.query.one()).rejects.toMatchObject({ code: "query/many-results" });
    expect(await Author.query.filterBy({ name: "Joe" }).oneOrNull()).toBeNull();
    await expect(Author.query.oneOrNull()).rejects.toMatchObject({ code: "query/many-results" });
    expect((await Author.query.orderBy("id").limit(1).one()).name).toBe("Ursula");
    await expect(Author.query.filterBy({ name: "Joe" }).firstOrFail()).rejects.toMatchObject({
      code: "query/no-result",
    });
    expect((await Author.query.orderBy("id").firstOrFail()).name).toBe("Ursula");
    await expect(Author.query.getOrFail(99)).rejects.toThrow("no Author found");
  });

  test("get keeps to the conditions of its query", async () => {
    const { query } = Author;
    expect((await query.get(2))?.name).toBe("Terry");
    expect(await query.filterBy({ name: "Ursula" }).get(2)).toBeNull();
    expect((await query.filterBy({ name: "Terry" }).get({ id: 2 }))?.name).toBe("Terry");
    expect(await query.get(99)).toBeNull();
    expect(await Review.query.get(4)).toBeNull();
    expect((await Review.query.withDeleted().get(4))?.stars).toBe(1);
    await expect(query.get("two")).rejects.toMatchObject({ code: "query/key" });
    await expect(query.get(NaN)).rejects.toMatchObject({ code: "query/key" });
    await expect(query.get(undefined as never)).rejects.toMatchObject({ code: "query/key" });
  });
});
