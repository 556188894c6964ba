import { Post, User } from "../../examples/microblog";
import { eachDatabase } from "../helpers/databases";
import { type Columns, entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

const author: Columns = { name: { type: "varchar", length: 50 } };
const book: Columns = { title: { type: "varchar", length: 100 } };
const toAuthor = {
  relations: {
    author: { type: "many-to-one", target: "Author", joinColumn: { name: "author_id" }, onDelete: "CASCADE" },
  },
} as const;

eachDatabase((database) => {
  let shop: Workshop;
  const quote = (name: string) => (database.name === "mariadb" ? `\`${name}\`` : `"${name}"`);
  const q = (strings: TemplateStringsArray, ...values: unknown[]) =>
    String.raw(strings, ...values).replace(/"(\w+)"/g, (_, name: string) => quote(name));

  beforeEach(async () => {
    shop = await Workshop.open(database);
  });
  afterEach(() => shop.close());

  test("the demo's entities: up, nothing left, down, up", async () => {
    const written = await shop.migrate([User, Post], {});
    expect(written.steps.slice(0, 2)).toEqual(['Create table "user"', 'Create table "post"']);
    expect(await shop.generate([User, Post])).toEqual({ status: "unchanged" });
    await shop.down();
    await shop.up(written);
    expect((await shop.check([User, Post])).agrees).toBe(true);
  });

  test("migrate promise 2: all that the rows do not allow is named, with counts and the statements that show them", async () => {
    const one = [
      entity("Author", author),
      entity("Book", { ...book, authorId: { type: "int" }, pages: { type: "int" }, year: { type: "int" } }),
    ];
    await shop.migrate(one);
    await shop.query(q`INSERT INTO "author" ("name") VALUES ('Ann')`);
    await shop.query(
      q`INSERT INTO "book" ("title", "authorId", "pages", "year") VALUES ('A', 1, 10, 1), ('A', 1, 10, 2), ('B', 7, -1, 3), ('C', 8, -2, 4)`,
    );
    const two = [
      entity("Author", author),
      entity(
        "Book",
        {
          title: { type: "varchar", length: 100, unique: true },
          pages: { type: "int" },
          published: { type: "int" },
        },
        {
          relations: {
            author: { type: "many-to-one", target: "Author", joinColumn: { name: "authorId" }, nullable: false },
          },
          checks: [{ expression: q`"pages" > 0` }],
        },
      ),
    ];
    const failure = (await shop
      .generate(two, { resolutions: { renames: ["Book.year:published"] } })
      .catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: "migrate/rows" });
    const said = failure.message.split("\n").slice(1);
    const texts = said.filter((line) => !/^ {4}SELECT/.test(line)).map((line) => line.trim());
    expect(texts.sort()).toEqual([
      `"title" of "book" becomes unique, and 1 value is there more than once`,
      expect.stringMatching(/^2 rows of "book" do not meet CHECK/),
      `2 rows of "book" point at no row of "author"`,
    ]);
    const shown = [];
    for (const query of said.filter((line) => /^ {4}SELECT/.test(line))) shown.push(await shop.query(query));
    expect(shown.map(({ length }) => length).sort()).toEqual([1, 2, 2]);
    expect(shown.flat()).toContainEqual(expect.objectContaining({ title: "B", pages: -1, year: 3 }));
  });

  test("what is not said loses nothing, and what is said keeps the rows", async () => {
    const one = [entity("Author", author), entity("Book", book, toAuthor as never)];
    await shop.migrate(one);
    await shop.query(q`INSERT INTO "author" ("name") VALUES ('Ann'), ('Bob')`);
    await shop.query(q`INSERT INTO "book" ("title", "author_id") VALUES ('A', 1), ('B', 1), ('C', 2)`);

    const two = [
      entity("Author", {
        fullName: { type: "varchar", length: 80 },
        age: { type: "int" },
        note: { type: "varchar", nullable: true, default: "it's" },
      }),
      entity(
        "Book",
        { title: { type: "varchar", length: 100, unique: true }, pages: { type: "int", nullable: true } },
        toAuthor as never,
      ),
    ];
    await expect(shop.generate(two)).rejects.toMatchObject({ code: "migrate/unanswered" });
    await shop.migrate(two, { renames: ["Author.name:fullName"], backfills: ["Author.age=40"] });
    expect(await shop.query(q`SELECT "fullName", "age" FROM "author" ORDER BY "id"`)).toEqual([
      { fullName: "Ann", age: 40 },
      { fullName: "Bob", age: 40 },
    ]);
    expect(await shop.query(q`SELECT "title", "author_id" FROM "book" ORDER BY "id"`)).toHaveLength(3);

    await shop.down();
    expect((await shop.check(one)).differences.map(({ text }) => text)).toEqual([]);
    expect(await shop.query(q`SELECT "name" FROM "author" ORDER BY "id"`)).toEqual([{ name: "Ann" }, { name: "Bob" }]);
    expect(await shop.query(q`SELECT "author_id" FROM "book" ORDER BY "id"`)).toEqual([
      { author_id: 1 },
      { author_id: 1 },
      { author_id: 2 },
    ]);
  });

  test("a table renamed, a column dropped, a foreign key dropped", async () => {
    await shop.migrate([
      entity("Author", author),
      entity("Book", { ...book, legacy: { type: "int", nullable: true } }, toAuthor as never),
    ]);
    await shop.query(q`INSERT INTO "author" ("name") VALUES ('Ann')`);
    await shop.query(q`INSERT INTO "book" ("title", "author_id", "legacy") VALUES ('A', 1, 5)`);
    const two = [entity("Author", author), entity("Novel", book)];
    await shop.migrate(two, { renames: ["Book:Novel"], drops: ["Novel.legacy", "Novel.author_id"] });
    expect(await shop.query(q`SELECT "title" FROM "novel"`)).toEqual([{ title: "A" }]);
    await shop.down();
    expect(await shop.query(q`SELECT "title", "legacy" FROM "book"`)).toEqual([{ title: "A", legacy: null }]);
  });

  test("an enum: a value more as the default, a value renamed, a value less", async () => {
    const role = (values: string[], value: string) => [
      entity("Member", {
        role: { type: database.name === "sqlite" ? "simple-enum" : "enum", enum: values, default: value },
      }),
    ];
    await shop.migrate(role(["admin", "it's"], "it's"));
    await shop.query(q`INSERT INTO "member" ("role") VALUES ('admin'), ('it''s')`);
    await shop.migrate(role(["admin", "it's", "guest"], "guest"));
    await shop.query(q`INSERT INTO "member" ("role") VALUES ('guest')`);
    await expect(shop.generate(role(["owner", "it's"], "it's"))).rejects.toMatchObject({ code: "migrate/unanswered" });
    await shop.migrate(role(["owner", "it's"], "it's"), {
      renames: ["Member.role.admin:owner"],
      backfills: ["Member.role=it's"],
    });
    expect(await shop.query(q`SELECT "role" FROM "member" ORDER BY "id"`)).toEqual([
      { role: "owner" },
      { role: "it's" },
      { role: "it's" },
    ]);
    await shop.down();
    expect(await shop.query(q`SELECT "role" FROM "member" ORDER BY "id"`)).toEqual([
      { role: "admin" },
      expect.anything(),
      expect.anything(),
    ]);
    await shop.down();
    await shop.down();
  });

  test("tables that refer to each other, created and dropped", async () => {
    const ring = [
      entity("Egg", {}, { relations: { hen: { type: "many-to-one", target: "Hen" } } } as never),
      entity("Hen", {}, { relations: { egg: { type: "many-to-one", target: "Egg" } } } as never),
    ];
    await shop.migrate(ring);
    await shop.down();
    await shop.migrate(ring);
    await shop.migrate([entity("Other", {})], { drops: ["egg", "hen"] });
    await shop.down();
    expect((await shop.check(ring)).agrees).toBe(true);
  });
});
