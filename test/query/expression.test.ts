import { and, exists, func, not, or, sql, when, type Condition, type Scalar } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, Tag, titles } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);
  const authors = async (...conditions: Condition[]) =>
    names(
      await Author.query
        .filter(...conditions)
        .orderBy("id")
        .all(),
    );
  const books = async (...conditions: Condition[]) =>
    titles(
      await Book.query
        .filter(...conditions)
        .orderBy("id")
        .all(),
    );
  const value = async (scalar: Scalar<never> | Scalar) => Book.query.filterBy({ id: 1 }).select(scalar).scalar();

  test("comparisons", async () => {
    const { born, name } = Author.c;
    expect(await authors(born.eq(1947))).toEqual(["Octavia"]);
    expect(await authors(born.ne(1947))).toEqual(["Ursula", "Terry"]);
    expect(await authors(born.gt(1947))).toEqual(["Terry"]);
    expect(await authors(born.gte(1947))).toEqual(["Terry", "Octavia"]);
    expect(await authors(born.lt(1947))).toEqual(["Ursula"]);
    expect(await authors(born.lte(1947))).toEqual(["Ursula", "Octavia"]);
    expect(await authors(born.between(1940, 1947))).toEqual(["Octavia"]);
    expect(await authors(born.in([1929, 1948]))).toEqual(["Ursula", "Terry"]);
    expect(await authors(born.in(new Set([1929])))).toEqual(["Ursula"]);
    expect(await authors(born.notIn([1929, 1948]))).toEqual(["Octavia"]);
    expect(await authors(born.in([]))).toEqual([]);
    expect(await authors(born.notIn([]))).toHaveLength(4);
    expect(await authors(born.in([1929, null]))).toEqual(["Ursula", "Nobody 100%"]);
    expect(await authors(born.isNull())).toEqual(["Nobody 100%"]);
    expect(await authors(born.eq(null))).toEqual(["Nobody 100%"]);
    expect(await authors(born.isNotNull(), name.ne("Terry"))).toEqual(["Ursula", "Octavia"]);
    expect(await authors(born.ne(null))).toHaveLength(3);
    expect(await authors(Author.c.active.eq(false))).toEqual(["Nobody 100%"]);
    expect(await books(Book.c.published.lt(new Date("1970-01-01T00:00:00Z")))).toEqual(["A Wizard of Earthsea"]);
  });

  test("texts: patterns, and words in which signs mean nothing", async () => {
    const { name } = Author.c;
    expect(await authors(name.like("%r%y"))).toEqual(["Terry"]);
    expect(await authors(name.notLike("%r%"))).toEqual(["Octavia", "Nobody 100%"]);
    expect(await authors(name.ilike("%URS%"))).toEqual(["Ursula"]);
    expect(await authors(name.startsWith("Oct"))).toEqual(["Octavia"]);
    expect(await authors(name.endsWith("0%"))).toEqual(["Nobody 100%"]);
    expect(await authors(name.contains("%"))).toEqual(["Nobody 100%"]);
    expect(await authors(name.contains("_"))).toEqual([]);
    expect(await authors(name.contains("!"))).toEqual([]);
    expect(await authors(name.lower().eq("terry"))).toEqual(["Terry"]);
    expect(await authors(name.upper().eq("TERRY"))).toEqual(["Terry"]);
    expect(await authors(name.length().gt(7))).toEqual(["Nobody 100%"]);
    expect(await authors(Author.c.address.city.eq("Portland"))).toEqual(["Ursula", "Octavia"]);
  });

  test("letters are counted, not bytes", async () => {
    expect(await value(sql`'ééé'`)).toBe("ééé");
    const { session } = library;
    const author = session.create(Author, { name: "Éé", active: true });
    session.add(author);
    expect(await session.query(Author).filter(Author.c.name.length().eq(2)).count()).toBe(1);
    await session.rollback();
  });

  test("arithmetic, functions and coalesce", async () => {
    const { pages, price } = Book.c;
    expect(await books(pages.plus(1).gt(341))).toEqual(["The Dispossessed"]);
    expect(await books(pages.minus(price).gt(-400))).toEqual(["Mort"]);
    expect(await books(pages.times(2).plus(pages).lt(301))).toEqual(["Beowulf"]);
    expect(await books(pages.modulo(2).eq(1))).toEqual(["The Dispossessed", "A Wizard of Earthsea"]);
    expect(await value(price.dividedBy(10))).toBe(95);
    expect(await value(pages.dividedBy(2))).toBe(170.5);
    expect(await value(pages.dividedBy(price.minus(900)).times(2))).toBeCloseTo(13.64);
    expect(await books(pages.gt(340.5))).toEqual(["The Dispossessed"]);
    expect(await books(pages.times(1.5).gt(410.5))).toEqual(["The Dispossessed"]);
    expect(await books(pages.minus(0.5).eq(340.5))).toEqual(["The Dispossessed"]);
    expect(await books(price.coalesce(0).eq(0))).toEqual(["Kindred", "Beowulf"]);
    expect(await value(func.upper(Book.c.title))).toBe("THE DISPOSSESSED");
    expect(Number(await value(func.abs(-3)))).toBe(3);
    expect(await value(func.count())).toBe(1);
    expect(await value(func.round(pages.dividedBy(3)))).toBe(114);
    expect(await value(func["nullif"](pages, 341))).toBeNull();
    expect(await value(pages.gt(300))).toBe(true);
    expect(await value(pages.gt(400))).toBe(false);
  });

  test("and, or, not, in any depth", async () => {
    const { name, born } = Author.c;
    expect(await authors(or(name.eq("Terry"), born.isNull()))).toEqual(["Terry", "Nobody 100%"]);
    expect(await authors(and(born.gt(1940), name.like("T%")))).toEqual(["Terry"]);
    expect(await authors(not(or(name.eq("Terry"), born.isNull())))).toEqual(["Ursula", "Octavia"]);
    expect(await authors(name.eq("Terry").or(born.lt(1930)).and(born.gt(1900)))).toEqual(["Ursula", "Terry"]);
    expect(await authors(name.eq("Terry").or(name.eq("Ursula").and(born.gt(1940))))).toEqual(["Terry"]);
    expect(await authors(name.eq("Terry").not().not())).toEqual(["Terry"]);
    expect(await authors(or())).toEqual([]);
    expect(await authors(and())).toHaveLength(4);
    expect(await authors()).toHaveLength(4);
  });

  test("sql of one's own: expressions, values and queries in it; its OR stays inside", async () => {
    const { name, born } = Author.c;
    expect(await authors(sql`${born} > ${1940} AND ${born} < ${1948}`)).toEqual(["Octavia"]);
    expect(await authors(sql`${name} = ${"Terry"} OR 1 = 1`, born.eq(1929))).toEqual(["Ursula"]);
    expect(await authors(and(sql`${name} = ${"Terry"} OR 1 = 1`, born.eq(1929)))).toEqual(["Ursula"]);
    expect(await authors(sql`1 = 0 OR ${name} = ${"Terry"}`.not(), born.isNotNull())).toEqual(["Ursula", "Octavia"]);
    expect(await authors(sql`${born} = ${Author.query.select(Author.c.born.max())}`)).toEqual(["Terry"]);
    expect(await authors(sql`${name} = ${"x'; DROP TABLE author; --"}`)).toEqual([]);
    expect(
      names(
        await Author.query
          .filter(born.isNotNull())
          .orderBy(sql`${born} % 10`.desc())
          .all(),
      ),
    ).toEqual(["Ursula", "Terry", "Octavia"]);
  });

  test("exists: any, has, none, with conditions, in any depth", async () => {
    expect(await authors(Author.c.books.any())).toEqual(["Ursula", "Terry", "Octavia"]);
    expect(await authors(Author.c.books.none())).toEqual(["Nobody 100%"]);
    expect(await authors(Author.c.books.any({ title: "Mort" }))).toEqual(["Terry"]);
    expect(await authors(Author.c.books.any(Book.c.pages.gt(300)))).toEqual(["Ursula"]);
    expect(await authors(Author.c.books.any(Book.c.tags.any(Tag.c.name.eq("sf"))))).toEqual(["Ursula", "Octavia"]);
    expect(await books(Book.c.author.has(Author.c.mentor.has({ name: "Ursula" })))).toEqual(["Mort", "Kindred"]);
    // A condition inside may speak of what is outside.
    expect(await authors(Author.c.books.any(Book.c.published.isNotNull().and(Author.c.born.gt(1947))))).toEqual([
      "Terry",
    ]);
    expect(await authors(Author.c.books.any(Book.c.author.name.eq("Terry")))).toEqual(["Terry"]);
    expect(await authors(Author.c.pupils.any({ name: "Octavia" }))).toEqual(["Ursula"]);
    expect(await authors(Author.c.pupils.any(Author.c.name.eq("Octavia")))).toEqual(["Ursula"]);
    expect(await books(Book.c.author.books.any({ title: "Mort" }))).toEqual(["Mort"]);
  });

  test("columns of related entities by their path", async () => {
    expect(await books(Book.c.author.name.eq("Ursula"))).toEqual(["The Dispossessed", "A Wizard of Earthsea"]);
    expect(await books(Book.c.author.mentor.name.eq("Ursula"))).toEqual(["Mort", "Kindred"]);
    expect(await books(Book.c.author.name.isNull())).toEqual(["Beowulf"]);
    expect(await books(Book.c.author.name.eq(Book.c.editor.mentor.name))).toEqual([]);
    expect(await books(Book.c.editor.name.eq("Ursula"), Book.c.author.name.eq("Terry"))).toEqual(["Mort"]);
    expect(await authors(Author.c.mentor.name.eq("Ursula"))).toEqual(["Terry", "Octavia"]);
    expect(await authors(Author.c.mentor.address.city.eq("Portland"))).toEqual(["Terry", "Octavia"]);
    expect(titles(await Book.query.orderBy(Book.c.author.name.desc().nullsLast(), "id").all())).toEqual([
      "The Dispossessed",
      "A Wizard of Earthsea",
      "Mort",
      "Kindred",
      "Beowulf",
    ]);
  });

  test("subqueries, beside each other and of the same table", async () => {
    const ofPortland = Author.query.filterBy({ address: { city: "Portland" } });
    expect(await books(Book.c.author.id.in(ofPortland.select("id")))).toEqual([
      "The Dispossessed",
      "A Wizard of Earthsea",
      "Kindred",
    ]);
    expect(await books(Book.c.author.id.notIn(ofPortland))).toEqual(["Mort"]);
    expect(
      await authors(Author.c.id.in(Author.query.filterBy({ name: "Terry" }).select("mentor.id" as never))),
    ).toEqual(["Ursula"]);
    expect(await authors(Author.c.born.eq(Author.query.select(Author.c.born.min())))).toEqual(["Ursula"]);
    const longest = Book.query.filter(Book.c.author.id.eq(Author.c.id)).select(Book.c.pages.max());
    const rows = await Author.query
      .select("name", sql`${longest}`.as("longest"))
      .orderBy("id")
      .all();
    expect(rows.map(({ name, longest: pages }) => [name, pages])).toEqual([
      ["Ursula", 341],
      ["Terry", 272],
      ["Octavia", 264],
      ["Nobody 100%", null],
    ]);
  });

  test("when: the first that holds counts, and what is left is otherwise, or NULL", async () => {
    const { born, name } = Author.c;
    const age = when(born.lt(1940), "old").when(born.isNotNull(), "young");
    const rows = await Author.query
      .select("name", age.as("age"), age.otherwise("nobody").as("kind"))
      .orderBy("id")
      .all();
    expect(rows.map((row) => [row.age, row.kind])).toEqual([
      ["old", "old"],
      ["young", "young"],
      ["young", "young"],
      [null, "nobody"],
    ]);
    const sum = func.sum(when(born.isNull(), 0).otherwise(1));
    expect(await Author.query.select(sum.as("known")).all()).toEqual([{ known: 3 }]);
    expect(await Author.query.select(when(born.isNull(), 1.5).otherwise(2).as("n")).orderBy("id").first()).toEqual({
      n: 2,
    });
    expect(
      await Author.query.select(when(born.isNull(), true).otherwise(false).as("is")).orderBy("id").first(),
    ).toEqual({
      is: false,
    });
    expect(await authors(when(born.isNull(), name).otherwise("x").eq("Nobody 100%"))).toEqual(["Nobody 100%"]);
    expect(names(await Author.query.orderBy(when(name.eq("Terry"), 0).otherwise(1), "id").all())[0]).toBe("Terry");
    const first = Book.query.select(when(Book.c.published.isNull(), null).otherwise(Book.c.published).as("day"));
    expect(await first.orderBy("id").first()).toEqual({ day: new Date("1974-05-01T12:00:00.000Z") });
  });

  test("a second name for an entity: beside itself, in itself, joined to itself", async () => {
    const { session } = library;
    const other = session.aliased(Author, "other");
    const { city } = Author.c.address;
    // A subquery of the same entity that speaks of the one outside.
    const neighbours = other.query.filter(other.c.address.city.eq(city), other.c.id.ne(Author.c.id));
    expect(await authors(exists(neighbours))).toEqual(["Ursula", "Octavia"]);
    expect(await authors(not(exists(neighbours)), city.isNotNull())).toEqual(["Terry"]);
    expect(await authors(Author.c.born.lt(other.query.select(other.c.born.avg())))).toEqual(["Ursula"]);
    const younger = other.query.filter(other.c.born.gt(Author.c.born)).select(func.count());
    expect(await Author.query.select("name", younger.asScalar().as("younger")).orderBy("id").all()).toEqual([
      { name: "Ursula", younger: 2 },
      { name: "Terry", younger: 0 },
      { name: "Octavia", younger: 1 },
      { name: "Nobody 100%", younger: 0 },
    ]);

    const pupil = library.db.aliased(Author);
    const taught = Author.query.join("pupils", pupil).filter(pupil.c.born.gt(1947));
    expect(names(await taught.all())).toEqual(["Ursula"]);
    expect(
      await taught.select(Author.c.name, pupil.c.name.as("pupil"), pupil.c.books.any().as("writes")).all(),
    ).toEqual([{ name: "Ursula", pupil: "Terry", writes: true }]);
    // One relation twice, and on from an alias.
    const two = [library.db.aliased(Author, "one"), library.db.aliased(Author, "two")] as const;
    const pairs = Author.query
      .join("pupils", two[0])
      .join("pupils", two[1])
      .join(two[0].c.books)
      .filter(two[0].c.id.lt(two[1].c.id))
      .select(two[0].c.name.as("one"), two[1].c.name.as("two"), Book.c.title);
    expect(await pairs.all()).toEqual([{ one: "Terry", two: "Octavia", title: "Mort" }]);
    // A query under another name is one like any other.
    const named = other.query.filterBy({ name: "Terry", mentor: { name: "Ursula" }, address: { city: "Salisbury" } });
    expect(names(await named.orderBy("name", { born: "DESC" }).all())).toEqual(["Terry"]);
    expect(await named.filter(other.c.mentor.name.eq("Ursula")).count()).toBe(1);
    expect((await other.query.filterBy({ active: true }).get(1))?.name).toBe("Ursula");
    expect(await other.query.filterBy({ name: "Terry" }).select(other.c.name, "born").all()).toEqual([
      { name: "Terry", born: 1948 },
    ]);
    expect(names(await other.query.leftJoin("books").orderBy("id").limit(2).all())).toEqual(["Ursula", "Terry"]);
    await expect(Author.query.filter(other.c.name.eq("x")).all()).rejects.toThrow(
      "other is not part of this query of Author",
    );
    expect(() => Author.query.join("books", pupil)).toThrow(
      "Author.books leads to Book, and the alias is one of Author",
    );
  });

  test("a query finds something: exists, with what is outside, and not", async () => {
    const written = Book.query.filter(Book.c.author.id.eq(Author.c.id));
    expect(await authors(exists(written.filterBy({ title: "Mort" })))).toEqual(["Terry"]);
    expect(await authors(not(exists(written)))).toEqual(["Nobody 100%"]);
    expect(await Author.query.select(exists(written).as("writes")).orderBy({ id: "DESC" }).first()).toEqual({
      writes: false,
    });
    // The same by the query itself, in criteria.
    expect(await books(Book.c.id.in(Book.query.join("tags").filter(Tag.c.name.eq("sf"))))).toEqual([
      "The Dispossessed",
      "Kindred",
    ]);
    const ofPortland = Author.query.filterBy({ address: { city: "Portland" } });
    expect(titles(await Book.query.filterBy({ author: ofPortland }).orderBy("id").all())).toHaveLength(3);
    expect(names(await Author.query.filterBy({ books: Book.query.filterBy({ title: "Mort" }) }).all())).toEqual([
      "Terry",
    ]);
  });
});
