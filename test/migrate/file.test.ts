import fs from "node:fs";
import path from "node:path";
import { DataSource } from "typeorm";
import { sqliteSchema } from "../../src/dialect/sqlite/schema/dialect";
import { check } from "../../src/migrate/generate/check";
import { classNameOf, fileNameOf, renderFile } from "../../src/migrate/generate/render";
import { nextTimestamp } from "../../src/migrate/generate/generate";
import { database, eachDatabase } from "../helpers/databases";
import { entity, toOne } from "../helpers/entities/schemas";
import { typeormGenerate, typeormRun } from "./typeorm-tool";
import { Workshop, load, placeIn } from "../helpers/workshop";

const TIMESTAMP = 1700000000000;

test("migrate 26: whatever a migration is called, its class parses", () => {
  expect(classNameOf("posts table", TIMESTAMP)).toBe("PostsTable1700000000000");
  expect(classNameOf("2fa for users", TIMESTAMP)).toBe("_2faForUsers1700000000000");
  expect(classNameOf("größe-der/Dinge", TIMESTAMP)).toBe("GrößeDerDinge1700000000000");
  expect(classNameOf("addHTTPLog", TIMESTAMP)).toBe("AddHTTPLog1700000000000");
  expect(fileNameOf("Posts Table", TIMESTAMP)).toBe("1700000000000-posts-table");
  expect(() => classNameOf("…!", TIMESTAMP)).toThrow("no letter or digit");
  for (const name of ["class", "2fa", "a'b\"c`d", "名前"]) {
    const className = classNameOf(name, TIMESTAMP);
    const text = renderFile({ className, up: [], down: [] }, { language: "js", moduleFormat: "cjs" });
    const module = { exports: {} as unknown as new () => { name: string } };
    new Function("module", text)(module);
    expect(new module.exports().name).toBe(className);
  }
});

test("statements are written so that they read back as they were", () => {
  const odd = "SELECT '`${x}` \\n \r', \"q\"\n-- two lines";
  const up = [{ comment: "one\n  two", statements: [{ kind: "sql" as const, sql: odd, verbatim: true }] }];
  const text = renderFile({ className: "Odd1700000000000", up, down: [] }, { language: "js", moduleFormat: "cjs" });
  const module = { exports: {} as unknown as new () => { up(runner: object): Promise<void> } };
  new Function("module", text)(module);
  const seen: string[] = [];
  return new module.exports().up({ query: (sql: string) => Promise.resolve(seen.push(sql)) }).then(() => {
    expect(seen).toEqual([odd]);
    expect(text).toContain("    // one two\n");
  });
});

test("an SQL text over several lines is indented, but for strings that hold line ends", () => {
  const render = (sql: string) =>
    renderFile(
      { className: "A1", up: [{ comment: "c", statements: [{ kind: "sql", sql }] }], down: [] },
      { language: "ts", moduleFormat: "esm" },
    );
  expect(render("CREATE TABLE a (\n  b\n)")).toContain("query(`\n      CREATE TABLE a (\n        b\n      )\n    `)");
  expect(render("SELECT 'a\nb'")).toContain("query(`SELECT 'a\nb'`)");
});

test("a long statement has its clauses on lines of their own, and only those", () => {
  const render = (sql: string) => {
    const step = { comment: "c", statements: [{ kind: "sql" as const, sql }] };
    const text = renderFile({ className: "A1", up: [step], down: [] }, { language: "js", moduleFormat: "cjs" });
    return /query\(`([^]*?)`\)/.exec(text)![1]!.replace(/^ {6}/gm, "").trim();
  };
  const key = `ALTER TABLE "a" ADD CONSTRAINT "FK_of_a" FOREIGN KEY ("one", "two") REFERENCES "b" ("one", "two") ON DELETE CASCADE`;
  expect(render(key)).toBe(
    `ALTER TABLE "a"
  ADD CONSTRAINT "FK_of_a"
  FOREIGN KEY ("one", "two")
  REFERENCES "b" ("one", "two") ON DELETE CASCADE`,
  );
  const long = "x".repeat(90);
  expect(render(`UPDATE "a" SET "b" = (SELECT 'where it is' WHERE 1) WHERE "c" = '${long}'`)).toBe(
    `UPDATE "a"\n  SET "b" = (SELECT 'where it is' WHERE 1)\n  WHERE "c" = '${long}'`,
  );
  const column = `ALTER TABLE "a" ADD COLUMN "b" varchar DEFAULT ('${long}') CHECK ("b" <> 'x')`;
  expect(render(column)).toBe(column);
  expect(render(`UPDATE "a" SET "b" = 1 WHERE "c" = 2`)).not.toContain("\n");
});

test.each([
  ["ts", "esm", "export class Odd1700000000000 implements MigrationInterface"],
  ["ts", "cjs", "export class Odd1700000000000 implements MigrationInterface"],
  ["js", "esm", "export class Odd1700000000000 {"],
  ["js", "cjs", "module.exports = class Odd1700000000000 {"],
] as const)("%s, %s", (language, moduleFormat, expected) => {
  expect(renderFile({ className: "Odd1700000000000", up: [], down: [] }, { language, moduleFormat })).toContain(
    expected,
  );
});

test("timestamps grow, whatever the clock says", () => {
  const folder = fs.mkdtempSync(path.join(require("node:os").tmpdir(), "retort-timestamps-"));
  const future = Date.now() + 1e9;
  fs.writeFileSync(path.join(folder, `${future}-later.ts`), "");
  expect(nextTimestamp({ place: placeIn(folder) })).toBe(future + 1);
  expect(nextTimestamp({ place: placeIn(folder) }, future + 5)).toBe(future + 6);
  expect(nextTimestamp({ place: placeIn(path.join(folder, "missing")) })).toBeLessThanOrEqual(Date.now());
  fs.rmSync(folder, { recursive: true });
});

describe("generate", () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = await Workshop.open(database("sqlite"));
  });
  afterEach(() => shop.close());

  test("migrate 23: refuses while migrations are pending; nothing to do is no error", async () => {
    await expect(shop.generate([entity("Item", {})], { pending: ["A1", "B2", "C3"] })).rejects.toMatchObject({
      code: "migrate/pending",
      message: "3 migrations are pending; nothing was written",
      hint: "retort migrate up",
    });
    expect(fs.readdirSync(shop.folder)).toEqual([]);
    await shop.migrate([entity("Item", {})]);
    expect(await shop.generate([entity("Item", {})])).toEqual({ status: "unchanged" });
  });

  test("migrate promise 1: an answer that fits nothing is an error, with what was meant", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
    const two = [entity("Item", { label: { type: "varchar" } })];
    await expect(shop.generate(two, { resolutions: { renames: ["Item.nme:label"] } })).rejects.toMatchObject({
      code: "migrate/useless-answer",
      exitCode: 2,
      hint: "did you mean --rename Item.name:label",
    });
    await expect(shop.generate(two, { resolutions: { renames: ["Item.name"] } })).rejects.toMatchObject({
      code: "migrate/bad-answer",
    });
    expect(fs.readdirSync(shop.folder)).toHaveLength(1);
  });

  test.each([
    ["size", "old", "old is not a value for Item.size: it must be a number (integer)"],
    ["isNew", "perhaps", "perhaps is not a value for Item.isNew: it must be true or false"],
    ["color", "gren", "gren is not a value for Item.color: it must be one of red, green"],
  ])("a value that is none for %s is an error before anything is tried", async (column, value, message) => {
    const columns = {
      size: { type: "int" },
      isNew: { type: "boolean" },
      color: { type: "simple-enum", enum: ["red", "green"] },
    } as const;
    await shop.migrate([entity("Item", {})]);
    await shop.query(`INSERT INTO "item" DEFAULT VALUES`);
    const two = [entity("Item", { [column]: columns[column as keyof typeof columns] })];
    await expect(shop.generate(two, { resolutions: { backfills: [`Item.${column}=${value}`] } })).rejects.toMatchObject(
      {
        code: "migrate/bad-value",
        exitCode: 2,
        message,
      },
    );
  });

  test("two answers to one question are an error", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
    const two = [entity("Item", { label: { type: "varchar" } })];
    const answers = { renames: ["Item.name:label"], drops: ["Item.name"] };
    await expect(shop.generate(two, { resolutions: answers })).rejects.toMatchObject({
      code: "migrate/answered-twice",
      message: "Item.name has two answers: --rename Item.name:label and --drop Item.name",
    });
  });

  test("migrate promise 1: at a terminal it is asked, with the number of rows", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
    await shop.query(`INSERT INTO "item" ("name") VALUES ('a'), ('b')`);
    const asked: string[] = [];
    const written = await shop.generate([entity("Item", { label: { type: "varchar" }, size: { type: "int" } })], {
      ask: (question) => {
        asked.push(question.text);
        const [first] = question.choices;
        return Promise.resolve(first!.flag.replace("VALUE", "3"));
      },
    });
    if (written.status !== "written") throw new Error("nothing written");
    expect(asked).toEqual([
      expect.stringContaining("2 rows have a value"),
      expect.stringContaining("2 rows need a value"),
    ]);
    await shop.up(written);
    expect(await shop.query(`SELECT "label", "size" FROM "item"`)).toEqual([
      { label: "a", size: 3 },
      { label: "b", size: 3 },
    ]);
  });

  test("migrate promise 1: a table or column that no entity has is not dropped unasked, rows or not", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } }), entity("Gone", {})]);
    await shop.query(`INSERT INTO "item" ("name") VALUES ('a')`);
    await shop.query(`INSERT INTO "gone" DEFAULT VALUES`);
    await expect(shop.generate([entity("Item", {})])).rejects.toMatchObject({
      code: "migrate/unanswered",
      exitCode: 1,
      message: expect.stringMatching(/"gone" \(1 row\)[^]*--drop gone [^]*1 row has a value[^]*--drop Item\.name /),
    });
    await shop.query(`DELETE FROM "gone"`);
    await expect(shop.generate([entity("Item", { name: { type: "varchar" } })])).rejects.toMatchObject({
      message: expect.stringMatching(/"gone" \(0 rows\)/),
    });
    expect(fs.readdirSync(shop.folder)).toHaveLength(1);
  });

  test("migrate promise 1: a type that changes values is asked about", async () => {
    await shop.migrate([entity("Item", { zip: { type: "varchar" } })]);
    await shop.query(`INSERT INTO "item" ("zip") VALUES ('01234'), ('56789'), ('none')`);
    const two = [entity("Item", { zip: { type: "int" } })];
    await expect(shop.generate(two)).rejects.toMatchObject({
      message: expect.stringMatching(/changes the value of 1 row[^]*--drop Item\.zip/),
    });
    await shop.migrate(two, { drops: ["Item.zip"] });
    expect(await shop.query(`SELECT "zip" FROM "item"`)).toEqual([{ zip: 1234 }, { zip: 56789 }, { zip: "none" }]);
  });

  test.each([
    ["an up that forgets something", ["up"], /^\s*ALTER TABLE/, "after up there is still a difference"],
    ["a down that forgets something", ["down"], /^\s*ALTER TABLE/, "down does not restore the schema"],
    ["an up that loses a row", ["up"], `DELETE FROM "item" WHERE "id" = 1`, "up leaves 1 of the 2 rows"],
    ["an up that changes a row", ["up"], `UPDATE "item" SET "name" = 'x' WHERE "id" = 1`, "up changes a row"],
    ["a down that loses a row", ["down"], `DELETE FROM "item" WHERE "id" = 1`, "down leaves 1 of the 2 rows"],
    ["a down that fails", ["down"], `DROP TABLE "nowhere"`, /down fails: .*no such table/],
  ] as const)("migrate promise 2: %s is found out and not written", async (_, [direction], fault, problem) => {
    const one = [entity("Item", { name: { type: "varchar" } })];
    await shop.migrate(one);
    await shop.query(`INSERT INTO "item" ("name") VALUES ('a'), ('b')`);
    const plan = sqliteSchema.plan.bind(sqliteSchema);
    const spoilt = jest.spyOn(sqliteSchema, "plan").mockImplementation((from, operations, to) => {
      const right = plan(from, operations, to);
      if (from.tables.length === 0 || (to === undefined) !== (direction === "up")) return right;
      const steps = right.steps.map((step) => ({
        ...step,
        statements:
          typeof fault === "string"
            ? [...step.statements, { kind: "sql" as const, sql: fault }]
            : step.statements.filter((statement) => statement.kind !== "sql" || !fault.test(statement.sql)),
      }));
      return { ...right, steps };
    });
    try {
      const two = [entity("Item", { name: { type: "varchar" }, size: { type: "int", nullable: true } })];
      await expect(shop.generate(two)).rejects.toMatchObject({
        code: "migrate/proof",
        message: expect.stringMatching(problem),
      });
      expect(fs.readdirSync(shop.folder)).toHaveLength(1);
    } finally {
      spoilt.mockRestore();
    }
  });

  test("migrate promise 2: what the rows do not allow is said before anything is written", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
    await shop.query(`INSERT INTO "item" ("name") VALUES ('a'), ('a')`);
    await expect(shop.generate([entity("Item", { name: { type: "varchar", unique: true } })])).rejects.toMatchObject({
      code: "migrate/rows",
      message: [
        "the existing rows do not allow it; nothing was written:",
        `  "name" of "item" becomes unique, and 1 value is there more than once`,
        `    SELECT "name", count(*) FROM "item" WHERE "name" IS NOT NULL GROUP BY "name" HAVING count(*) > 1`,
      ].join("\n"),
    });
    expect(fs.readdirSync(shop.folder)).toHaveLength(1);
  });

  test("migrate promise 2: what cannot be taken back throws, and generate says so", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" } })]);
    await shop.query(`INSERT INTO "item" ("name") VALUES ('a')`);
    const written = await shop.migrate([entity("Item", {})], { drops: ["Item.name"] });
    expect(written.refusals).toEqual([expect.stringContaining("was NOT NULL, and its values are lost")]);
    await expect(shop.down()).rejects.toThrow("its values are lost");
    expect(await shop.query(`SELECT * FROM "item"`)).toEqual([{ id: 1 }]);
    await shop.query(`DELETE FROM "item"`);
    await shop.run((runner) => load(written.file).down(runner));
    expect((await shop.check([entity("Item", { name: { type: "varchar" } })])).agrees).toBe(true);
  });

  test("a trigger that speaks of a column that goes is named", async () => {
    await shop.migrate([entity("Item", { name: { type: "varchar" }, size: { type: "int", nullable: true } })]);
    await shop.query(`CREATE TRIGGER "watch" AFTER UPDATE ON "item" BEGIN SELECT OLD."size"; END`);
    await expect(
      shop.generate([entity("Item", { name: { type: "varchar", unique: true } })], {
        resolutions: { drops: ["Item.size"] },
      }),
    ).rejects.toMatchObject({
      code: "migrate/proof",
      message: expect.stringContaining("trigger watch"),
    });
  });

  test("the database of a project in memory is compared like any other", async () => {
    const dataSource = await new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entities: [entity("Item", {})],
    }).initialize();
    const context = { dataSource, root: "/", place: placeIn("/"), settings: {} };
    expect((await check(context)).differences.map(({ text }) => text)).toEqual(['create table "item"']);
    await dataSource.synchronize();
    expect((await check(context)).agrees).toBe(true);
    await dataSource.destroy();
  });
});

eachDatabase((kind) => {
  test("a database that TypeORM made is taken over as it is, carried on, and handed back", async () => {
    const shop = await Workshop.open(kind);
    const quote = kind.name === "mariadb" ? "`" : '"';
    const entities = (more: object) => [
      entity("Author", {
        name: { type: "varchar", length: 40, unique: true },
        born: { type: Date, default: () => "CURRENT_TIMESTAMP" },
        ...more,
      }),
      entity(
        "Book",
        {
          title: { type: "varchar", length: 100 },
          price: { type: "decimal", precision: 8, scale: 2, default: 0 },
          kind: { type: kind.name === "sqlite" ? "simple-enum" : "enum", enum: ["a", "b"], default: "a" },
        },
        {
          relations: {
            author: toOne("Author", { onDelete: "CASCADE" }),
            readers: { type: "many-to-many", target: "Author", joinTable: true },
          },
          indices: [{ columns: ["title", "price"] }],
          ...(kind.name !== "mariadb" && { checks: [{ expression: `${quote}price${quote} >= 0` }] }),
        },
      ),
    ];
    await typeormRun(shop, await typeormGenerate(shop, entities({})));
    expect((await shop.check(entities({}))).differences.map(({ text }) => text)).toEqual([]);
    const more = {
      email: { type: "varchar", length: 60, unique: true, nullable: true },
      rank: { type: "int", default: 1 },
    };
    await shop.migrate(entities(more));
    expect((await typeormGenerate(shop, entities(more))).up).toEqual([]);
    await shop.down();
    expect((await typeormGenerate(shop, entities({}))).up).toEqual([]);
    await shop.close();
  });
});
