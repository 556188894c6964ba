import fc from "fast-check";
import { schemaDialectOf } from "../../src/dialect/dialects";
import { eachDatabase } from "../helpers/databases";
import {
  type Kept,
  answersFor,
  changed,
  expectKept,
  expectNothingLeft,
  joinColumn,
  keptColumns,
  keptKeys,
  keptTables,
} from "./changes";
import { type Design, design, keyOf } from "./design";
import { WORDS } from "./server-words";
import { Workshop } from "../helpers/workshop";

/* The same pairs as those of SQLite, in the words of the servers. What a hand adds there is a view. */

const ROWS = 4;

/** For another number of pairs: SERVER_TRIPS=200; for others, or one again: SEED, TRIAL, SHOW, as in the round trip on SQLite. */
const runs = Number(process.env["SERVER_TRIPS"] ?? 4);
const again = {
  seed: Number(process.env["SEED"] ?? 20261125),
  ...(process.env["TRIAL"] && { path: process.env["TRIAL"] }),
};

eachDatabase(
  (kind) => {
    const words = WORDS[kind.name as keyof typeof WORDS];
    const outcomes = { done: 0, unchanged: 0, refused: 0 };

    test(
      "migrate promise 2: any schema to any other: up, nothing left, rows kept, down, nothing changed, up again",
      async () => {
        await fc.assert(fc.asyncProperty(fc.gen(), roundTrip), { numRuns: runs, endOnFailure: true, ...again });
        expect(outcomes.done).toBeGreaterThan(0);
      },
      300_000 + runs * 10_000,
    );

    async function roundTrip(g: fc.GeneratorValue): Promise<void> {
      const before = design(g);
      const after = changed(g, before);
      if (process.env["SHOW"]) console.log(JSON.stringify(before), JSON.stringify(after), answersFor(before, after));
      const shop = await Workshop.open(kind, {}, ["hand *"]);
      try {
        outcomes[await walk(shop, before, after)]++;
      } finally {
        await shop.close();
        await shop.database.drop();
      }
    }

    async function walk(shop: Workshop, before: Design, after: Design): Promise<keyof typeof outcomes> {
      const [former, wanted] = [words.entities(before), words.entities(after)];
      await shop.migrate(former);
      await fill(shop, before);
      // MariaDB's views do not follow a table that is renamed, and this one is nobody's business here.
      const [staying] = keptTables(before, after).filter(
        (pair) => kind.name === "postgres" || pair.before.name === pair.after.name,
      );
      const table = staying && words.quote(staying.before.name);
      if (table)
        await shop.query(`CREATE VIEW ${words.quote("hand view")} AS SELECT ${words.quote("id")} FROM ${table}`);
      const seen = () => (table ? selected(shop, "hand view", "id") : undefined);
      const rows = await seen();
      const kept = keptColumns(before, after);
      const start = await schemaOf(shop);
      const values = await valuesOf(shop, kept, "before");
      const keys = await keysOf(shop, before, after, "before");

      const written = await shop.generate(wanted, { resolutions: words.answers(before, after) }).catch(refusal);
      if (!written) return "refused";
      if (written.status === "unchanged") return "unchanged";
      await shop.up(written);
      await expectNothingLeft(shop, wanted);
      expectKept(kept, values, await valuesOf(shop, kept, "after"));
      expect(await keysOf(shop, before, after, "after")).toEqual(keys);
      expect(await seen()).toEqual(rows);

      if (written.refusals.length > 0) {
        await expect(shop.down()).rejects.toThrow("values are lost");
        return "refused";
      }
      await shop.down();
      await expectNothingLeft(shop, former);
      expect(await schemaOf(shop)).toEqual(start);
      expectKept(kept, values, await valuesOf(shop, kept, "before"));
      expect(await keysOf(shop, before, after, "before")).toEqual(keys);
      await shop.up(written);
      await expectNothingLeft(shop, wanted);
      return "done";
    }

    async function fill(shop: Workshop, { tables }: Design): Promise<void> {
      for (const table of tables)
        for (let row = 1; row <= ROWS; row++) {
          const values: [string, string][] = table.compositeKey ? keyOf(table).map((key) => [key, String(row)]) : [];
          for (const column of table.columns) {
            const value = column.nullable && row === 2 ? "NULL" : words.value(column.kind, row);
            if (!column.generated) values.push([column.name, value]);
          }
          const names = values.map(([name]) => words.quote(name)).join(", ");
          const list = values.map(([, value]) => value).join(", ");
          await shop.query(`INSERT INTO ${words.quote(table.name)} (${names}) VALUES (${list})`);
        }
      for (const table of tables)
        for (const { property, target } of table.references)
          for (const key of keyOf(tables.find(({ name }) => name === target)!)) {
            const [own, column] = [words.quote(table.name), words.quote(joinColumn(property, key))];
            await shop.query(`UPDATE ${own} SET ${column} = ${words.quote("id")} WHERE ${words.quote("id")} <> 3`);
          }
    }

    /** Keys, and what points at them: what no change may touch. */
    async function keysOf(shop: Workshop, before: Design, after: Design, when: "before" | "after"): Promise<unknown[]> {
      const found: unknown[] = [];
      for (const one of keptKeys(before, after)) {
        const { table, column } = one[when];
        found.push(await selected(shop, table, column));
      }
      return found;
    }

    async function valuesOf(shop: Workshop, kept: readonly Kept[], when: "before" | "after"): Promise<string[][]> {
      const values: string[][] = [];
      for (const one of kept) values.push(await selected(shop, one[when].table.name, one[when].column.name));
      return values;
    }

    async function selected(shop: Workshop, table: string, column: string): Promise<string[]> {
      const id = words.quote("id");
      const rows = await shop.query(
        `SELECT ${id}, ${words.quote(column)} AS value FROM ${words.quote(table)} ORDER BY ${id}`,
      );
      return rows.map(({ value }: { value: unknown }) => (value === null ? "NULL" : JSON.stringify(value)));
    }
  },
  ["postgres", "mariadb"],
);

/** The schema as the server tells it; a column that comes back comes back as the last one. */
async function schemaOf({ dataSource }: Workshop): Promise<unknown> {
  const runner = dataSource.createQueryRunner();
  try {
    const isLeftAlone = (name: string) => name === "typeorm_metadata";
    const schema = await schemaDialectOf(dataSource).read(runner, { isIgnored: isLeftAlone, schemas: [] });
    const byName = <T extends { name?: string | undefined }>(parts: readonly T[]) =>
      [...parts].sort((a, b) => String(a.name).localeCompare(String(b.name)));
    return {
      ...schema,
      tables: byName(schema.tables).map((table) => ({
        ...table,
        columns: byName(table.columns),
        indexes: byName(table.indexes),
        uniques: byName(table.uniques),
        checks: byName(table.checks),
        foreignKeys: byName(table.foreignKeys),
      })),
      views: byName(schema.views),
      enums: byName(schema.enums),
    };
  } finally {
    await runner.release();
  }
}

/** What the rows do not allow, or a type that would change a value: refused before anything is written, and rightly. */
function refusal(error: unknown): undefined {
  const { code, message } = error as { code: string; message: string };
  const isDouble = code === "migrate/rows" && /becomes unique|unique (constraint|index)|Duplicate entry/i.test(message);
  const isNarrowing = code === "migrate/unanswered" && /changes the value of|cannot be converted/.test(message);
  if (!isDouble && !isNarrowing) throw error;
}
