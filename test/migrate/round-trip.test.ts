import fc from "fast-check";
import type { EntityMetadata } from "typeorm";
import { database } from "../helpers/databases";
import {
  type Kept,
  expectKept,
  expectNothingLeft,
  type Place,
  answersFor,
  changed,
  joinColumn,
  joinTable,
  keptColumns,
  keptKeys,
  keptTables,
} from "./changes";
import { type Design, KINDS, design, entitiesOf, keyOf, quoted } from "./design";
import { Workshop, type Written, load } from "../helpers/workshop";

const ROWS = 4;
/** Rows of every join table: which row on one side with which on the other. */
const LINKED = [
  [1, 1],
  [1, 2],
  [4, 3],
];

/**
 * For another number of pairs: ROUND_TRIPS=5000. To see one failure again, as fast-check reports it:
 * SEED=… TRIAL=… (its path); SHOW=1 prints the pair.
 */
const runs = Number(process.env["ROUND_TRIPS"] ?? 500);
const again = {
  // The ordinary run tries the same pairs every time; another SEED tries others.
  seed: Number(process.env["SEED"] ?? 20261122),
  ...(process.env["TRIAL"] && { path: process.env["TRIAL"] }),
};

const outcomes = { done: 0, unchanged: 0, refused: 0 };

test(
  "migrate promise 2: any schema to any other: up, nothing left, rows kept, down to the letter, up again",
  async () => {
    await fc.assert(fc.asyncProperty(fc.gen(), roundTrip), { numRuns: runs, endOnFailure: true, ...again });
    expect(outcomes.done).toBeGreaterThan(runs * 0.7);
  },
  300_000 + runs * 1_000,
);

async function roundTrip(g: fc.GeneratorValue): Promise<void> {
  const before = design(g);
  const after = changed(g, before);
  if (process.env["SHOW"]) console.log(JSON.stringify(before), JSON.stringify(after), answersFor(before, after));
  const shop = await Workshop.open(database("sqlite"), { prepareDatabase: withoutWaiting }, ["hand *"]);
  try {
    outcomes[await walk(shop, before, after)]++;
  } finally {
    await shop.close();
    await shop.database.drop();
  }
}

async function walk(shop: Workshop, before: Design, after: Design): Promise<keyof typeof outcomes> {
  await begin(shop, before);
  await viewByHand(shop, before, after);
  const kept = keptColumns(before, after);
  const start = await shop.stored();
  const values = await valuesOf(shop, kept, "before");
  const keys = await keysOf(shop, before, after, "before");

  const wanted = entitiesOf(after);
  const written = await shop.generate(wanted, { resolutions: answersFor(before, after) }).catch(duplicates);
  if (!written) return "refused";
  if (written.status === "unchanged") return "unchanged";
  await shop.up(written);
  await expectNothingLeft(shop, wanted);
  expectKept(kept, values, await valuesOf(shop, kept, "after"));
  expect(await keysOf(shop, before, after, "after")).toEqual(keys);
  await expectHandMade(shop, before, after);

  if (written.refusals.length > 0) {
    await expect(shop.down()).rejects.toThrow("values are lost");
    return "refused";
  }
  await shop.down();
  expect(plain(await shop.stored())).toEqual(plain(start));
  expectKept(kept, values, await valuesOf(shop, kept, "before"));
  expect(await keysOf(shop, before, after, "before")).toEqual(keys);
  await shop.up(written);
  await expectNothingLeft(shop, wanted);
  return "done";
}

/** The first schema, with what a hand added to it, and rows. */
async function begin(shop: Workshop, before: Design): Promise<void> {
  const wanted = entitiesOf(before);
  const first = await shop.generate(wanted);
  if (first.status !== "written") throw new Error("nothing to create");
  await upByHand(shop, first);
  await expectNothingLeft(shop, wanted);
  await fill(shop, before);
  await shop.query(`CREATE TABLE "retort_log" ("entry" text)`);
  for (const { name, columns } of before.tables) {
    const entry = `INSERT INTO "retort_log" VALUES (OLD."id")`;
    await shop.query(`CREATE TRIGGER ${quoted(`on ${name}`)} AFTER DELETE ON ${quoted(name)} BEGIN ${entry}; END`);
    const keys = `lower("id"), ${quoted(columns[0]!.name)} DESC`;
    await shop.query(`CREATE INDEX ${quoted(`by hand ${name}`)} ON ${quoted(name)} (${keys})`);
  }
}

/** Applies the migration with a few words more than it says: what an entity cannot say. */
async function upByHand(shop: Workshop, written: Written): Promise<void> {
  const more = (sql: string) =>
    sql
      .replaceAll(" varchar(40)", " varchar(40) COLLATE NOCASE")
      .replace(/(\s*)\)( WITHOUT ROWID)?\s*$/, `,\n  CHECK ('by' <> 'hand') -- to stay\n$1)$2`);
  await shop.run(async (runner) => {
    const query = runner.query.bind(runner);
    const told = Object.assign(Object.create(runner) as typeof runner, {
      query: (sql: string, ...rest: []) => query(/^\s*CREATE TABLE (?!IF)/.test(sql) ? more(sql) : sql, ...rest),
    });
    await load(written.file).up(told);
  });
}

async function expectHandMade(shop: Workshop, before: Design, after: Design): Promise<void> {
  const stored = (await shop.stored()).join("\n");
  const staying = before.tables.filter(({ id }) => after.tables.some((table) => table.id === id));
  const times = (pattern: RegExp) => stored.match(pattern)?.length ?? 0;
  expect(times(/CREATE TRIGGER "on /g)).toBe(staying.length);
  expect(times(/-- to stay/g)).toBeGreaterThanOrEqual(staying.length);
  const collated = keptColumns(before, after).filter(
    ({ before: { column } }) => column.kind === "text" && column.variant === 1,
  );
  expect(times(/COLLATE NOCASE/g)).toBe(collated.length);
}

async function fill(shop: Workshop, { tables }: Design): Promise<void> {
  await shop.query("PRAGMA foreign_keys = OFF");
  for (const table of tables)
    for (let row = 1; row <= ROWS; row++) {
      const values: [string, string][] = keyOf(table).map((key) => [key, String(row)]);
      for (const column of table.columns) {
        const value = column.nullable && row === 2 ? "NULL" : KINDS[column.kind].value(row);
        if (!column.generated) values.push([column.name, value]);
      }
      for (const { property, target } of table.references)
        for (const key of keyOf(tables.find(({ name }) => name === target)!))
          values.push([joinColumn(property, key), row === 3 ? "NULL" : String(row)]);
      const names = values.map(([name]) => quoted(name)).join(", ");
      await shop.query(
        `INSERT INTO ${quoted(table.name)} (${names}) VALUES (${values.map(([, value]) => value).join(", ")})`,
      );
    }
  for (const { tableName, ownerColumns, inverseColumns } of joinTables(shop))
    for (const [owner, inverse] of LINKED) {
      const values = [...ownerColumns.map(() => owner), ...inverseColumns.map(() => inverse)];
      const names = [...ownerColumns, ...inverseColumns].map(({ databaseName }) => quoted(databaseName));
      await shop.query(`INSERT INTO ${quoted(tableName)} (${names.join(", ")}) VALUES (${values.join(", ")})`);
    }
  // The highest id that was ever given counts, not the highest that is there.
  if (tables.some(({ compositeKey }) => !compositeKey)) await shop.query(`UPDATE "sqlite_sequence" SET "seq" = 50`);
  expect(await shop.query("PRAGMA foreign_key_check")).toEqual([]);
  await shop.query("PRAGMA foreign_keys = ON");
}

function joinTables({ dataSource }: Workshop): EntityMetadata[] {
  return dataSource.entityMetadatas.filter(({ isJunction }) => isJunction);
}

/** A view that no entity knows, over a table that stays. */
async function viewByHand(shop: Workshop, before: Design, after: Design): Promise<void> {
  const [staying] = keptTables(before, after);
  if (staying) await shop.query(`CREATE VIEW "hand view" AS SELECT "id" FROM ${quoted(staying.before.name)}`);
}

/** Everything that no change may touch: keys, what points at them, join rows, highest ids, what a view gives. */
async function keysOf(shop: Workshop, before: Design, after: Design, when: "before" | "after"): Promise<unknown> {
  const columns: unknown[] = [];
  for (const one of keptKeys(before, after)) {
    const { table, column } = one[when];
    columns.push(await shop.query(`SELECT "id", ${quoted(column)} AS "key" FROM ${quoted(table)} ORDER BY "id"`));
  }
  const tables = keptTables(before, after).map((pair) => pair[when].name);
  const isCounted = before.tables.some(({ compositeKey }) => !compositeKey);
  const highest = isCounted ? await shop.query(`SELECT "name", "seq" FROM "sqlite_sequence"`) : [];
  const links: unknown[] = [];
  for (const name of await keptLinks(shop, before, after))
    links.push(await shop.query(`SELECT * FROM ${quoted(name)} ORDER BY 1, 2`));
  return {
    columns,
    links,
    highest: tables.map((name) => highest.find((row: { name: string }) => row.name === name)?.seq),
    view: tables.length > 0 && (await shop.query(`SELECT * FROM "hand view" ORDER BY "id"`)),
  };
}

/** Names of the join tables that are there before and after: tables with links keep theirs. */
async function keptLinks(shop: Workshop, before: Design, after: Design): Promise<string[]> {
  const relations = (design: Design) =>
    design.tables.flatMap(({ name, links }) => links.map(({ property, target }) => joinTable(name, property, target)));
  const names = relations(before).filter((name) => relations(after).includes(name));
  expect(await shop.query(`SELECT "name" FROM "sqlite_master" WHERE "type" = 'table'`)).toEqual(
    expect.arrayContaining(names.map((name) => ({ name }))),
  );
  return names;
}

async function valuesOf(shop: Workshop, kept: readonly Kept[], when: "before" | "after"): Promise<string[][]> {
  const values: string[][] = [];
  for (const one of kept) {
    const { table, column }: Place = one[when];
    const sql = `SELECT quote(${quoted(column.name)}) AS "value" FROM ${quoted(table.name)} ORDER BY "id"`;
    values.push((await shop.query(sql)).map(({ value }: { value: string }) => value));
  }
  return values;
}

/** Texts without the space and quotes that SQLite's own ALTER TABLE puts otherwise. */
function plain(texts: readonly string[]): string[] {
  return texts.map((text) => text.replace(/\s+/g, "").replaceAll('"', "")).sort();
}

/** A new unique column whose default is the same for all rows: that is refused before anything is written, and rightly. */
function duplicates(error: unknown): undefined {
  const { code, message } = error as { code: string; message: string };
  if (code !== "migrate/rows" || !/UNIQUE constraint failed/.test(message)) throw error;
}

/** Power cuts are not tried here: nothing waits for the disk. */
function withoutWaiting(connection: { pragma(text: string): unknown }): void {
  connection.pragma("synchronous = OFF");
  connection.pragma("journal_mode = MEMORY");
}
