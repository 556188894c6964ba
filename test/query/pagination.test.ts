import { eachDatabase } from "../helpers/databases";
import { Author, Book, libraryOn, names, titles } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);

  test("session 33: paginate gives items, page, pages, total, and the pages beside", async () => {
    const page = await Book.query.orderBy("id").paginate({ page: 2, perPage: 2 });
    expect(titles(page.items)).toEqual(["Mort", "Kindred"]);
    expect(titles(page)).toEqual(["Mort", "Kindred"]);
    expect(page).toMatchObject({
      page: 2,
      perPage: 2,
      pages: 3,
      total: 5,
      hasNext: true,
      hasPrev: true,
      nextNum: 3,
      prevNum: 1,
    });
    const last = await page.next();
    expect(titles(last.items)).toEqual(["Beowulf"]);
    expect(last).toMatchObject({ page: 3, hasNext: false, hasPrev: true, nextNum: null });
    const first = await page.prev();
    expect(titles(first.items)).toEqual(["The Dispossessed", "A Wizard of Earthsea"]);
    expect(first).toMatchObject({ page: 1, hasPrev: false, prevNum: null, hasNext: true });
    expect(titles((await first.prev()).items)).toEqual(titles(first.items));
  });

  test("session 33: twenty a page, at most a hundred, unless one says otherwise", async () => {
    expect(await Book.query.paginate()).toMatchObject({ page: 1, perPage: 20, total: 5, pages: 1 });
    expect(await Book.query.paginate({ perPage: 1000 })).toMatchObject({ perPage: 100 });
    expect(await Book.query.paginate({ perPage: 1000, maxPerPage: 3 })).toMatchObject({ perPage: 3, pages: 2 });
    expect(await Book.query.paginate({ perPage: 1000, maxPerPage: 500 })).toMatchObject({ perPage: 500 });
  });

  test("session 33: behind the last page there is nothing, and the total is right", async () => {
    expect(await Book.query.paginate({ page: 9, perPage: 2 })).toMatchObject({
      items: [],
      page: 9,
      total: 5,
      hasNext: false,
    });
    expect(await Book.query.filterBy({ title: "nothing" }).paginate()).toMatchObject({
      items: [],
      total: 0,
      pages: 0,
      hasNext: false,
      hasPrev: false,
    });
  });

  test("session 33: pages of entities, whatever is joined", async () => {
    const page = await Author.query.join("books").orderBy("id").paginate({ page: 1, perPage: 2 });
    expect(names(page.items)).toEqual(["Ursula", "Terry"]);
    expect(page).toMatchObject({ total: 3, pages: 2 });
    expect(names((await page.next()).items)).toEqual(["Octavia"]);
  });

  test("session 33: a page that is no page is refused", async () => {
    for (const options of [
      { page: 0 },
      { page: -1 },
      { page: 1.5 },
      { perPage: 0 },
      { page: NaN },
      { page: "2" as never },
    ])
      await expect(Book.query.paginate(options)).rejects.toMatchObject({ code: "query/page" });
    expect(library.sent()).toEqual([]);
  });

  test("session 33: a first page that is not full needs no count", async () => {
    await Book.query.paginate();
    expect(library.sent()).toHaveLength(1);
  });
});
