import path from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import { selectin, joined } from "../../src";
import { runNode } from "../helpers/command";
import { eachDatabase } from "../helpers/databases";
import { repository } from "../helpers/repository";
import { Author, Book, libraryOn, names, titles } from "../helpers/entities/library";

/** As many rows as would not fit into the memory that the reader is given. */
const MANY = 120_000;
const MEMORY = 40;

/** Fills a table without sending its rows. */
const FILLED = {
  sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
    INSERT INTO tag SELECT 'tag ' || i || '…' FROM n`,
  postgres: `INSERT INTO tag SELECT 'tag ' || i || '…' FROM generate_series(1, ${MANY}) AS i`,
  mariadb: `INSERT INTO tag SELECT CONCAT('tag ', seq, '…') FROM seq_1_to_${MANY}`,
};

/** Reads them in a process of its own, and says how many it has seen and how many its session held at most. */
const READER = `
require("reflect-metadata");
const { EntitySchema } = require("typeorm");
const { connect } = require(process.argv[1]);
const Tag = new EntitySchema({ name: "Tag", columns: { name: { type: "varchar", length: 20, primary: true } } });
(async () => {
  const db = await connect({ ...JSON.parse(process.argv[2]), entities: [Tag] });
  let seen = 0, held = 0;
  const last = [];
  for await (const tag of db.query(Tag)) {
    seen++;
    last.push(tag);
    if (last.length > 3_000) last.shift();
    if (seen % 10_000 === 0) held = Math.max(held, last.filter((one) => db.session.state(one) === "persistent").length);
  }
  console.log(JSON.stringify({ seen, held }));
  await db.close();
})();`;

eachDatabase((database) => {
  const library = libraryOn(database);

  test("session 35: stream reads more rows than fit into memory", async () => {
    const scratch = await database.create();
    const dataSource = await new DataSource({
      ...scratch.options,
      entities: library.dataSource.options.entities,
      synchronize: true,
    } as DataSourceOptions).initialize();
    await dataSource.query(FILLED[library.kind]);
    await dataSource.destroy();
    const { stdout, stderr, exitCode } = await runNode([
      `--max-old-space-size=${MEMORY}`,
      "-e",
      READER,
      path.join(repository, "dist"),
      JSON.stringify(scratch.options),
    ]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const { seen, held } = JSON.parse(stdout) as { seen: number; held: number };
    expect(seen).toBe(MANY);
    expect(held).toBeLessThanOrEqual(1_000);
  });

  test("session 35: entities in their order, loaded ones among them; those loaded for it are let go of", async () => {
    const { session } = library;
    const terry = await Author.query.getOrFail(2);
    const seen: Author[] = [];
    for await (const author of Author.query.orderBy("id")) {
      expect(session.state(author)).toBe("persistent");
      seen.push(author);
    }
    expect(names(seen)).toEqual(["Ursula", "Terry", "Octavia", "Nobody 100%"]);
    expect(seen[1]).toBe(terry);
    expect(seen.map((author) => session.state(author))).toEqual(["detached", "persistent", "detached", "detached"]);
  });

  test("session 35: what was changed on the way is kept, and written", async () => {
    const { session } = library;
    for await (const author of Author.query.orderBy("id").stream()) if (author.born === 1929) author.born = 1930;
    expect(names(session.dirty as Author[])).toEqual(["Ursula"]);
    await session.flush();
    expect(await Author.query.filterBy({ id: 1 }).select("born").scalar()).toBe(1930);
    await session.rollback();
  });

  test("session 35: rows of values, relations, joins to many: each entity once, whole", async () => {
    const rows: unknown[] = [];
    for await (const row of Book.query.select("title").orderBy("id").limit(2)) rows.push(row);
    expect(rows).toEqual([{ title: "The Dispossessed" }, { title: "A Wizard of Earthsea" }]);
    const shelves: string[][] = [];
    for await (const author of Author.query.orderBy("id").options(selectin("books")))
      shelves.push(titles(author.books));
    expect(shelves).toEqual([["The Dispossessed", "A Wizard of Earthsea"], ["Mort"], ["Kindred"], []]);
    const joins: string[][] = [];
    for await (const author of Author.query.orderBy("id").options(joined("books"), joined("mentor")))
      joins.push([...titles(author.books), author.mentor?.name ?? "-"]);
    expect(joins[0]).toEqual(["The Dispossessed", "A Wizard of Earthsea", "-"]);
    expect(joins[1]).toEqual(["Mort", "Ursula"]);
    const found: Author[] = [];
    for await (const author of Author.query.join("books.tags").orderBy("id")) found.push(author);
    expect(names(found)).toEqual(["Ursula", "Terry", "Octavia"]);
  });

  test("session 35: a stream that is left early lets go of everything, and the session goes on", async () => {
    const { session } = library;
    const seen: Author[] = [];
    for await (const author of Author.query.orderBy("id")) {
      seen.push(author);
      if (seen.length === 2) break;
    }
    expect(seen.map((author) => session.state(author))).toEqual(["detached", "detached"]);
    expect(await Author.query.count()).toBe(4);
    const inside: number[] = [];
    for await (const author of Author.query.orderBy("id")) {
      // Asked in the middle of it, and written.
      inside.push(await Book.query.filterBy({ author }).count());
      if (author.id === 1) await Book.query.filterBy({ author }).update({ price: 1 });
    }
    expect(inside).toEqual([2, 1, 1, 0]);
    await session.rollback();
  });
});
