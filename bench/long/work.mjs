// One work on the long table, in a process of its own: prints its rows, its time, and by how much the process grew. Started by bench/long.mjs.
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
require("reflect-metadata");
const { DataSource, EntitySchema } = require("typeorm");
const { connect } = require(fileURLToPath(new URL("../../dist/index.js", import.meta.url)));

const [url, work, count] = process.argv.slice(2);
const rows = Number(count);
const MEBIBYTE = 2 ** 20;
const BATCH = 10_000;
const PAGE = 20;
/** Pages are read this often, each at another depth near the one that is asked for. */
const TIMES = 5;

const Visit = new EntitySchema({
  name: "Visit",
  tableName: "visit",
  columns: {
    id: { type: "int", primary: true },
    user: { type: "int" },
    at: { type: "timestamptz" },
    state: { type: "varchar" },
  },
});

const db = await connect(new DataSource({ type: "postgres", url, entities: [Visit] }));
const visits = db.query(Visit);
const newestFirst = visits.orderBy({ at: "DESC" }, { id: "DESC" });

const works = {
  async stream() {
    let seen = 0;
    for await (const visit of visits.stream()) seen += visit.id > 0 ? 1 : 0;
    return seen;
  },
  async read() {
    let seen = 0;
    for await (const batch of visits.inBatches(BATCH)) seen += batch.length;
    return seen;
  },
  update: () => visits.inBatches(BATCH).update({ state: "seen" }),
  delete: () => visits.filter(db.columns(Visit).id.modulo(2).eq(0)).inBatches(BATCH).delete(),
};

/** The time of one page behind so many rows, in milliseconds: the median. */
async function page(read) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    await read(time);
    times.push(performance.now() - began);
    db.session.expungeAll();
  }
  return times.sort((a, b) => a - b)[TIMES >> 1];
}

async function pages() {
  const found = [];
  for (const depth of [0, 0.1, 0.5, 0.9].map((share) => Math.round(rows * share))) {
    const at = depth === 0 ? null : await newestFirst.offset(depth).first();
    const cursor = at && (await newestFirst.cursorOf(at));
    db.session.expungeAll();
    found.push({
      depth,
      after: await page(() => newestFirst.after(cursor).limit(PAGE).all()),
      before: await page(() => newestFirst.before(cursor).limit(PAGE).all()),
      offset: await page((time) =>
        newestFirst
          .offset(depth + time)
          .limit(PAGE)
          .all(),
      ),
    });
  }
  return found;
}

// What the first statements take is no growth.
await visits.limit(BATCH).all();
db.session.expungeAll();
globalThis.gc();
const atRest = process.memoryUsage().rss;
let most = 0;
const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
const began = performance.now();
const result = work === "pages" ? await pages() : await works[work]();
const seconds = (performance.now() - began) / 1_000;
clearInterval(sampling);
most = Math.max(most, process.memoryUsage().rss);
await db.close();
console.log(JSON.stringify({ result, seconds, growth: (most - atRest) / MEBIBYTE }));
