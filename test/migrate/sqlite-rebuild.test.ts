import { database } from "../helpers/databases";
import { type Columns, entity, toOne } from "../helpers/entities/schemas";
import { typeormGenerate, typeormRevert, typeormRun } from "./typeorm-tool";
import { Workshop, load } from "../helpers/workshop";

const sqlite = database("sqlite");
let shop: Workshop;

beforeEach(async () => {
  shop = await Workshop.open(sqlite);
});
afterEach(() => shop.close());

const author = (more: Columns = {}) => entity("Author", { name: { type: "varchar" }, ...more });
const book = (onDelete: string) =>
  entity("Book", { title: { type: "varchar" } }, { relations: { author: toOne("Author", { onDelete }) } });

async function fillBooks(): Promise<void> {
  await shop.query(`INSERT INTO "author" ("name") VALUES ('Ann')`);
  await shop.query(`INSERT INTO "book" ("title", "authorId") VALUES ('A', 1), ('B', 1), ('C', 1)`);
}

const books = () => shop.query(`SELECT "title", "authorId" FROM "book" ORDER BY "title"`);
const three = ["A", "B", "C"].map((title) => ({ title, authorId: 1 }));

/** A change that no ADD COLUMN can make. */
const rebuilt = { age: { type: "int", default: 7 }, nick: { type: "varchar", unique: true, nullable: true } };

test("migrate 1: TypeORM's way back empties the child table", async () => {
  await shop.migrate([author(), book("CASCADE")]);
  await fillBooks();
  const theirs = await typeormGenerate(shop, [author({ age: { type: "int", nullable: true } }), book("CASCADE")]);
  await typeormRun(shop, theirs);
  expect(await books()).toHaveLength(3);
  await typeormRevert(shop, theirs);
  expect(await books()).toHaveLength(0);
});

test.each(["CASCADE", "SET NULL", "NO ACTION"])(
  "migrate 1: children with ON DELETE %s stay when their parent is rebuilt, up and down",
  async (onDelete) => {
    await shop.migrate([author(), book(onDelete)]);
    await fillBooks();
    const { text } = await shop.migrate([author(rebuilt), book(onDelete)]);
    expect(text).toContain('await rebuild(queryRunner, "author"');
    expect(await books()).toEqual(three);
    await shop.down();
    expect(await books()).toEqual(three);
  },
);

test("migrate 1: rows of a join table stay when either side is rebuilt", async () => {
  const tags = (more: Columns) => [
    entity("Tag", more),
    entity("Post", more, { relations: { tags: { type: "many-to-many", target: "Tag", joinTable: true } } }),
  ];
  await shop.migrate(tags({}));
  await shop.query(`INSERT INTO "tag" ("id") VALUES (1), (2)`);
  await shop.query(`INSERT INTO "post" ("id") VALUES (1)`);
  await shop.query(`INSERT INTO "post_tags_tag" VALUES (1, 1), (1, 2)`);
  await shop.migrate(tags(rebuilt));
  await shop.down();
  expect(await shop.query(`SELECT * FROM "post_tags_tag"`)).toHaveLength(2);
});

test.each([
  ["outside a transaction", false],
  ["inside one", true],
])(
  "migrate 2: run by another tool with foreign keys on, %s, the file stops before it touches anything",
  async (_, inside) => {
    await shop.migrate([author(), book("CASCADE")]);
    await fillBooks();
    const written = await shop.generate([author(rebuilt), book("CASCADE")]);
    if (written.status !== "written") throw new Error("nothing written");
    const before = await shop.stored();
    const runner = shop.dataSource.createQueryRunner();
    await runner.query("PRAGMA foreign_keys = ON");
    if (inside) await runner.startTransaction();
    await expect(load(written.file).up(runner)).rejects.toThrow("retort migrate up");
    if (inside) await runner.commitTransaction();
    await runner.release();
    expect(await books()).toEqual(three);
    expect(await shop.stored()).toEqual(before);
  },
);

test("a table that nothing refers to is rebuilt by any tool", async () => {
  await shop.migrate([author()]);
  await shop.query(`INSERT INTO "author" ("name") VALUES ('Ann')`);
  const written = await shop.generate([author(rebuilt)]);
  if (written.status !== "written") throw new Error("nothing written");
  const runner = shop.dataSource.createQueryRunner();
  await runner.query("PRAGMA foreign_keys = ON");
  await runner.startTransaction();
  await load(written.file).up(runner);
  await runner.commitTransaction();
  await runner.release();
  expect(await shop.query(`SELECT "name", "age" FROM "author"`)).toEqual([{ name: "Ann", age: 7 }]);
});

describe("migrate 4: what a hand made", () => {
  const person = (more: Columns = {}) =>
    entity("Person", { name: { type: "text" }, score: { type: "integer" }, ...more });
  const child = entity("Child", {}, { relations: { person: toOne("Person", { onDelete: "CASCADE" }) } });

  async function makeByHand(): Promise<void> {
    await shop.use([]);
    for (const statement of [
      `CREATE TABLE "person" (
  -- the key
  "id" integer PRIMARY KEY AUTOINCREMENT NOT NULL,
  name text NOT NULL COLLATE NOCASE, /* never empty */
  "score" integer NOT NULL DEFAULT (0) CHECK (score >= 0),
  CHECK (length(name) > 0)
) STRICT`,
      `CREATE TABLE "child" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "personId" integer,
        CONSTRAINT "FK_by_hand" FOREIGN KEY ("personId") REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED)`,
      `CREATE TABLE "log" ("entry" text)`,
      `CREATE TRIGGER "on person" AFTER UPDATE ON "person" BEGIN INSERT INTO "log" VALUES (OLD."name" || ' → ' || NEW."name"); END`,
      `CREATE TRIGGER "on child" AFTER DELETE ON "child" BEGIN UPDATE "person" SET "score" = "score" + 1 WHERE "id" = OLD."personId"; END`,
      `CREATE VIEW "winners" AS SELECT "name" FROM "person" WHERE "score" > 10`,
      `CREATE INDEX "by score" ON "person" ("score" DESC)`,
      `CREATE INDEX "by lower name" ON "person" (lower("name"))`,
      `INSERT INTO "person" ("id", "name", "score") VALUES (1, 'Ann', 20), (9, 'Bob', 3)`,
      `DELETE FROM "person" WHERE "id" = 9`,
      `INSERT INTO "child" ("personId") VALUES (1)`,
    ])
      await shop.query(statement);
  }

  beforeEach(async () => {
    shop = await Workshop.open(sqlite, {}, ["log", "by score"]);
    await makeByHand();
  });

  const scored = { score: { type: "integer", default: 0 } };

  test("migrate 4: TypeORM's rebuild loses it", async () => {
    const theirs = await typeormGenerate(shop, [person({ ...scored, nick: { type: "text", nullable: true } }), child]);
    await shop.query(`DROP VIEW "winners"`);
    await typeormRun(shop, theirs);
    const stored = (await shop.stored()).join("\n");
    expect(stored).not.toContain('TRIGGER "on person"');
    expect(stored).not.toContain("NOCASE");
    expect(stored).not.toContain("STRICT");
    expect(stored).not.toContain("lower(");
  });

  test("migrate 4: a rebuild keeps triggers, views, COLLATE, STRICT, DEFERRABLE, unnamed checks, DESC and expression indexes, the highest id", async () => {
    const before = await shop.stored();
    const { differences } = await shop.check([person(scored), child]);
    expect(differences.map(({ text }) => text)).toEqual([
      expect.stringContaining('rename foreign key (personId) to "person" (id)'),
    ]);

    const unique = { name: { type: "text", unique: true } };
    const { text } = await shop.migrate([person({ ...scored, ...unique }), child]);
    expect(text).toContain('rebuild(queryRunner, "person"');
    const after = (await shop.stored()).join("\n");
    for (const kept of [
      "-- the key",
      "name text NOT NULL COLLATE NOCASE, /* never empty */",
      "CHECK (score >= 0)",
      "CHECK (length(name) > 0)",
      "STRICT",
      "DEFERRABLE INITIALLY DEFERRED",
      '("score" DESC)',
      '(lower("name"))',
      'TRIGGER "on person"',
      'TRIGGER "on child"',
      'VIEW "winners"',
    ])
      expect(after).toContain(kept);

    await shop.query(`INSERT INTO "person" ("name", "score") VALUES ('Cid', 1)`);
    expect(await shop.query(`SELECT "id" FROM "person" WHERE "name" = 'CID'`)).toEqual([{ id: 10 }]);
    await shop.query(`UPDATE "person" SET "name" = 'Anna' WHERE "id" = 1`);
    expect(await shop.query(`SELECT * FROM "log"`)).toEqual([{ entry: "Ann → Anna" }]);
    expect(await shop.query(`SELECT * FROM "winners"`)).toEqual([{ name: "Anna" }]);

    await shop.down();
    expect(await shop.stored()).toEqual(before);
    await shop.query(`INSERT INTO "person" ("name", "score") VALUES ('Dan', 1)`);
    expect(await shop.query(`SELECT "id" FROM "person" WHERE "name" = 'Dan'`)).toEqual([{ id: 11 }]);
  });
});

test("migrate 5: checks with commas, parentheses and several lines", async () => {
  const point = (limit: number) =>
    entity(
      "Point",
      { a: { type: "int" }, b: { type: "int" } },
      {
        checks: [
          { expression: `max(abs("a"),abs("b")) < ${limit}` },
          { name: "CHK_lines", expression: `"a" > -100\n  AND (\n"b" <> 'x),y'\n)` },
        ],
      },
    );
  await shop.migrate([point(10)]);
  const theirs = await typeormGenerate(shop, [
    entity(
      "Point",
      { a: { type: "int" }, b: { type: "int", nullable: true } },
      { checks: [{ expression: `max(abs("a"),abs("b")) < 10` }] },
    ),
  ]);
  await expect(typeormRun(shop, theirs)).rejects.toThrow();
  expect(await shop.generate([point(10)])).toEqual({ status: "unchanged" });
  await shop.migrate([point(20)]);
  await shop.query(`INSERT INTO "point" ("a", "b") VALUES (15, 1)`);
  await expect(shop.query(`INSERT INTO "point" ("a", "b") VALUES (25, 1)`)).rejects.toThrow("CHECK");
});

test("migrate 6: a plain column becomes a stored generated one, and plain again", async () => {
  const line = (total: object) => entity("Line", { price: { type: "int" }, total });
  await shop.migrate([line({ type: "int", nullable: true })]);
  await shop.query(`INSERT INTO "line" ("price", "total") VALUES (2, 5)`);
  const generated = line({ type: "int", nullable: true, asExpression: `"price" * 2`, generatedType: "STORED" });
  const theirs = await typeormGenerate(shop, [generated]);
  await expect(typeormRun(shop, theirs)).rejects.toThrow("values for");
  await shop.migrate([generated]);
  expect(await shop.query(`SELECT "total" FROM "line"`)).toEqual([{ total: 4 }]);
  await shop.down();
  expect(await shop.query(`SELECT "total" FROM "line"`)).toEqual([{ total: 4 }]);
});

test("migrate 7: any number of changes of one table are one rebuild at most", async () => {
  await shop.migrate([author(), entity("Shelf", { label: { type: "varchar" }, size: { type: "int" } })]);
  const many = entity(
    "Shelf",
    {
      label: { type: "varchar", default: "none" },
      size: { type: "int" },
      depth: { type: "int", default: 1 },
      code: { type: "varchar", nullable: true, unique: true },
    },
    { checks: [{ expression: `"size" > 0` }], relations: { owner: toOne("Author") }, indices: [{ columns: ["size"] }] },
  );
  const theirs = await typeormGenerate(shop, [author(), many]);
  expect(theirs.up.filter((statement) => /CREATE TABLE "temporary_/.test(statement)).length).toBeGreaterThan(1);
  const { text } = await shop.migrate([author(), many]);
  const [up, down] = text.split("async down(");
  expect(up!.match(/await rebuild\(/g)).toHaveLength(1);
  expect(down!.split("async function")[0]!.match(/await rebuild\(/g)).toHaveLength(1);
});

test("a column that ADD and DROP COLUMN can do needs no rebuild, with a foreign key too", async () => {
  await shop.migrate([author(), entity("Shelf", {})]);
  const more = entity(
    "Shelf",
    { size: { type: "int", default: 3 }, note: { type: "text", nullable: true } },
    { relations: { owner: toOne("Author") } },
  );
  const { text } = await shop.migrate([author(), more]);
  expect(text).not.toContain("rebuild");
  expect(text).toContain('ADD COLUMN "ownerId" integer CONSTRAINT');
  await shop.down();
  expect((await shop.check([author(), entity("Shelf", {})])).agrees).toBe(true);
});

test("migrate 8: varchar becomes an enum and back", async () => {
  const plain = entity("Job", { state: { type: "varchar" } });
  const choice = entity("Job", { state: { type: "simple-enum", enum: ["new", "it's done"] } });
  await shop.migrate([plain]);
  await shop.query(`INSERT INTO "job" ("state") VALUES ('new')`);
  expect((await typeormGenerate(shop, [choice])).up).toEqual([]);
  await shop.migrate([choice]);
  await expect(shop.query(`INSERT INTO "job" ("state") VALUES ('other')`)).rejects.toThrow("CHECK");
  await shop.query(`INSERT INTO "job" ("state") VALUES ('it''s done')`);
  await shop.migrate([plain]);
  await shop.query(`INSERT INTO "job" ("state") VALUES ('other')`);
});

test("migrate 8: rows outside a new enum are asked about", async () => {
  await shop.migrate([entity("Job", { state: { type: "varchar" } })]);
  await shop.query(`INSERT INTO "job" ("state") VALUES ('odd'), ('new')`);
  const choice = entity("Job", { state: { type: "simple-enum", enum: ["new", "done"] } });
  await expect(shop.generate([choice])).rejects.toMatchObject({
    code: "migrate/unanswered",
    message: expect.stringContaining("in 1 row"),
  });
});

test("a check that names its own table survives", async () => {
  await shop.use([]);
  await shop.query(
    `CREATE TABLE "author" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL, CHECK ("author"."name" <> ''))`,
  );
  await shop.query(`INSERT INTO "author" ("name") VALUES ('Ann')`);
  const before = await shop.stored();
  await shop.migrate([author(rebuilt)]);
  await expect(shop.query(`INSERT INTO "author" ("name") VALUES ('')`)).rejects.toThrow("CHECK");
  await shop.down();
  expect(await shop.stored()).toEqual(before);
});
