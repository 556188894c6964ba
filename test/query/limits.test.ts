import { In } from "typeorm";
import { or } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, titles } from "../helpers/entities/library";

/** More than any database takes parameters in one statement. */
const MANY = 70_000;

eachDatabase((database) => {
  const library = libraryOn(database);
  const numbers = Array.from({ length: MANY }, (_, index) => index + 2);

  test("session 32: a list of any length: numbers, texts, dates, with NULL and negated", async () => {
    expect(titles(await Book.query.filterBy({ id: numbers }).orderBy("id").all())).toHaveLength(4);
    expect(await Book.query.filterBy({ id: In(numbers), pages: numbers }).count()).toBe(4);
    expect(titles(await Book.query.filter(Book.c.id.notIn(numbers)).all())).toEqual(["The Dispossessed"]);
    const words = numbers.map((number) => `word's "${number}" \\ %`);
    expect(names(await Author.query.filterBy({ name: [...words, "Terry"] }).all())).toEqual(["Terry"]);
    expect(
      names(
        await Author.query
          .filterBy({ born: [...numbers, null] })
          .orderBy("id")
          .all(),
      ),
    ).toHaveLength(4);
    const days = numbers.slice(0, 1_000).map((number) => new Date(number * 86_400_000));
    expect(await Book.query.filterBy({ published: [...days, new Date("1979-06-01T12:00:00.000Z")] }).count()).toBe(1);
  });

  test("session 32: conditions of any number and depth", async () => {
    const { id } = Book.c;
    expect(await Book.query.filter(or(...numbers.slice(0, 3_000).map((number) => id.eq(number)))).count()).toBe(4);
    let chain = id.eq(1);
    for (const number of numbers.slice(0, 3_000)) chain = chain.or(id.eq(number));
    expect(await Book.query.filter(chain).count()).toBe(5);
    let query = Book.query;
    for (const number of numbers.slice(100, 2_100)) query = query.filter(id.ne(number));
    expect(await query.count()).toBe(5);
  });

  test("session 32: more values than a statement takes, in an update, a subquery and beside others", async () => {
    const wanted = Author.query.filterBy({ id: numbers });
    expect(titles(await Book.query.filterBy({ author: wanted, pages: numbers }).orderBy("id").all())).toEqual([
      "Mort",
      "Kindred",
    ]);
    expect(await Book.query.filterBy({ id: numbers, title: "Mort" }).update({ pages: 1 })).toBe(1);
    expect(await Book.query.filterBy({ pages: 1 }).count()).toBe(1);
    await library.session.rollback();
  });
});
