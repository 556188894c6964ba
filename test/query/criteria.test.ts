import {
  And,
  Any,
  Between,
  Equal,
  ILike,
  In,
  IsNull,
  LessThan,
  LessThanOrEqual,
  Like,
  MoreThan,
  MoreThanOrEqual,
  Not,
  Or,
  Raw,
  type FindOperator,
} from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, Review, Tag, titles } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);
  const authors = async (criteria: Parameters<typeof Author.query.filterBy>[0]) =>
    names(await Author.query.filterBy(criteria).orderBy("id").all());
  const books = async (criteria: Parameters<typeof Book.query.filterBy>[0]) =>
    titles(await Book.query.filterBy(criteria).orderBy("id").all());

  test.each<[string, FindOperator<number>, string[]]>([
    ["Equal", Equal(1947), ["Octavia"]],
    ["Not", Not(1947), ["Ursula", "Terry"]],
    ["Not(Equal)", Not(Equal(1947)), ["Ursula", "Terry"]],
    ["LessThan", LessThan(1947), ["Ursula"]],
    ["LessThanOrEqual", LessThanOrEqual(1947), ["Ursula", "Octavia"]],
    ["MoreThan", MoreThan(1947), ["Terry"]],
    ["MoreThanOrEqual", MoreThanOrEqual(1947), ["Terry", "Octavia"]],
    ["Between", Between(1930, 1947), ["Octavia"]],
    ["In", In([1929, 1948, 1]), ["Ursula", "Terry"]],
    ["Not(In)", Not(In([1929, 1948])), ["Octavia"]],
    ["In of nothing", In([]), []],
    ["IsNull", IsNull() as FindOperator<number>, ["Nobody 100%"]],
    ["Not(IsNull)", Not(IsNull()) as FindOperator<number>, ["Ursula", "Terry", "Octavia"]],
    ["And", And(MoreThan(1929), LessThan(1948)), ["Octavia"]],
    ["Or", Or(Equal(1929), MoreThan(1947)), ["Ursula", "Terry"]],
    ["Not(Or)", Not(Or(Equal(1929), MoreThan(1947))), ["Octavia"]],
    ["Any", Any([1929]) as unknown as FindOperator<number>, ["Ursula"]],
    ["Raw", Raw((column) => `${column} > 1940 OR ${column} < 1`), ["Terry", "Octavia"]],
    [
      "Raw with parameters",
      Raw((column) => `${column} > :least AND ${column} IN (:...years)`, { least: 1940, years: [1929, 1948] }),
      ["Terry"],
    ],
  ])("TypeORM's %s", async (_, operator, expected) => {
    expect(await authors({ born: operator })).toEqual(expected);
    // An operator with OR in it stays one condition beside others.
    expect(await authors({ born: operator, name: Like("%a%") })).toEqual(expected.filter((name) => name.includes("a")));
  });

  test.each<[string, FindOperator<string>, string[]]>([
    ["Like", Like("%Earth%"), ["A Wizard of Earthsea"]],
    ["ILike", ILike("%EARTH%"), ["A Wizard of Earthsea"]],
    ["Not(Like)", Not(Like("%e%")), ["Mort"]],
  ])("TypeORM's %s", async (_, operator, expected) => {
    expect(await books({ title: operator })).toEqual(expected);
  });

  test("a value, null, and a list", async () => {
    expect(await authors({ name: "Terry" })).toEqual(["Terry"]);
    expect(await authors({ born: null })).toEqual(["Nobody 100%"]);
    expect(await authors({ born: [1929, 1948] })).toEqual(["Ursula", "Terry"]);
    expect(await authors({ born: [1929, null as never] })).toEqual(["Ursula", "Nobody 100%"]);
    expect(await authors({ active: false })).toEqual(["Nobody 100%"]);
    expect(await books({ published: new Date("1979-06-01T12:00:00.000Z") })).toEqual(["Kindred"]);
    expect(await books({ published: MoreThan(new Date("1975-01-01T00:00:00Z")) })).toEqual(["Mort", "Kindred"]);
  });

  test("a field of an embedded, as an object and by its path", async () => {
    expect(await authors({ address: { city: "Portland" } })).toEqual(["Ursula", "Octavia"]);
    expect(await authors({ address: { city: null, zip: IsNull() } })).toEqual(["Nobody 100%"]);
    expect(await authors({ "address.city": "Portland" } as never)).toEqual(["Ursula", "Octavia"]);
  });

  test("an expression, and a query, as a value", async () => {
    expect(await books({ pages: Book.c.price.minus(609) })).toEqual(["The Dispossessed"]);
    expect(await books({ pages: Book.query.select(Book.c.pages.max()) })).toEqual(["The Dispossessed"]);
  });

  test("a relation to one: an entity, its key, null, a list, conditions on it", async () => {
    const ursula = await Author.query.getOrFail(1);
    expect(await books({ author: ursula })).toEqual(["The Dispossessed", "A Wizard of Earthsea"]);
    expect(await books({ author: 2 })).toEqual(["Mort"]);
    expect(await books({ author: null })).toEqual(["Beowulf"]);
    expect(await books({ author: Not(IsNull()) })).not.toContain("Beowulf");
    expect(await books({ author: [ursula, 2] as never })).toEqual(["The Dispossessed", "A Wizard of Earthsea", "Mort"]);
    expect(await books({ author: In([2, 3]) })).toEqual(["Mort", "Kindred"]);
    expect(await books({ author: MoreThan(2) })).toEqual(["Kindred"]);
    expect(await books({ author: { born: MoreThan(1940) } })).toEqual(["Mort", "Kindred"]);
    expect(await books({ author: { mentor: { name: "Ursula" } } })).toEqual(["Mort", "Kindred"]);
    expect(await books({ "author.mentor.name": "Ursula" } as never)).toEqual(["Mort", "Kindred"]);
    expect(await books({ author: true })).toHaveLength(4);
    expect(await authors({ portrait: { painter: "Charles" } })).toEqual(["Ursula"]);
    expect(await authors({ portrait: null })).toEqual(["Terry", "Octavia", "Nobody 100%"]);
    expect(await authors({ mentor: { name: "Ursula" } })).toEqual(["Terry", "Octavia"]);
    expect(await authors({ mentor: ursula, name: "Terry" })).toEqual(["Terry"]);
  });

  test("a relation to many: rows that have such members, or any, or none", async () => {
    expect(await authors({ books: { pages: MoreThan(300) } })).toEqual(["Ursula"]);
    expect(await authors({ books: true })).toEqual(["Ursula", "Terry", "Octavia"]);
    expect(await authors({ books: false })).toEqual(["Nobody 100%"]);
    expect(await authors({ books: { tags: { name: "humour" } } })).toEqual(["Terry"]);
    expect(await authors({ pupils: { name: "Terry" } })).toEqual(["Ursula"]);
    expect(await books({ tags: { name: In(["sf", "humour"]) } })).toEqual(["The Dispossessed", "Mort", "Kindred"]);
    const fantasy = await Tag.query.getOrFail("fantasy");
    expect(await books({ tags: fantasy })).toEqual(["A Wizard of Earthsea", "Mort"]);
    expect(await books({ tags: "sf" })).toEqual(["The Dispossessed", "Kindred"]);
    expect(await books({ tags: false })).toEqual(["Beowulf"]);
  });

  test("what is soft-deleted is not there for a condition either", async () => {
    expect(await books({ reviews: { stars: 1 } })).toEqual([]);
    expect(
      titles(
        await Book.query
          .withDeleted()
          .filterBy({ reviews: { stars: 1 } })
          .all(),
      ),
    ).toEqual(["Mort"]);
    expect(await Review.query.count()).toBe(4);
    expect(await Review.query.withDeleted().count()).toBe(5);
  });

  test("session 34: an unknown property is an error that suggests the right one", async () => {
    const wrong = { nmae: "x" } as never;
    expect(() => Author.query.filterBy(wrong)).toThrow(`Author has no property "nmae"; did you mean "name"?`);
    expect(() => Author.query.filterBy({ books: { titel: "x" } } as never)).toThrow(
      `Book has no property "titel"; did you mean "title"?`,
    );
    expect(() => Author.query.filterBy({ address: { ciyt: "x" } } as never)).toThrow(
      /"address.ciyt"; did you mean "address.city"/,
    );
    // A name in orderBy and groupBy may be that of a value that is selected later.
    expect(() => Author.query.orderBy("bron" as never).toSQL()).toThrow(`did you mean "born"?`);
    expect(() => Book.query.orderBy("author.nam").toSQL()).toThrow(
      `Author has no property "nam"; did you mean "name"?`,
    );
    await expect(Author.query.orderBy("bron" as never).count()).rejects.toThrow(`did you mean "born"?`);
    expect(() => Author.query.groupBy("bron" as never).toSQL()).toThrow(`did you mean "born"?`);
    expect(() => Author.query.select("bron" as never)).toThrow(`did you mean "born"?`);
    expect(() => Author.query.join("bokos" as never)).toThrow(`did you mean "books"?`);
    expect(() => (Author.c as unknown as Record<string, unknown>)["nmae"]).toThrow(`did you mean "name"?`);
    expect(() => (Book.c.author as unknown as Record<string, unknown>)["nmae"]).toThrow(`did you mean "name"?`);
    await expect(Author.query.update({ nmae: "x" } as never)).rejects.toThrow(`did you mean "name"?`);
    expect(library.sent()).toEqual([]);
  });

  test.each([5, "susan", null, undefined, ["susan"], true])(
    "%p is refused: it would filter nothing, or anything",
    (given) => {
      expect(() => Author.query.filterBy(given as never)).toThrow(/^a query of Author cannot be filtered by /);
    },
  );

  test("undefined is refused: it asks for everything by mistake", () => {
    expect(() => Author.query.filterBy({ name: undefined as never })).toThrow(
      "Author.name was compared with undefined",
    );
  });

  test("an object without a key cannot be compared with", () => {
    expect(() => Book.query.filterBy({ author: new Author() })).toThrow(
      "Book.author was compared with an object that has no Author.id yet",
    );
  });
});
