import { setTimeout as sleep } from "node:timers/promises";
import { openRepl, type TestRepl } from "../helpers/repl";

const FILL = "Shop.query.insert(Array.from({ length: 60 }, (_, i) => ({ name: `${i}` }))); db.session.commit()";

let opened: TestRepl;
beforeEach(async () => {
  opened = await openRepl();
  await opened.type(FILL);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await opened.close();
});

/** Every look at the clock finds that much later: short work takes long. */
function slowly(milliseconds: number): void {
  let now = 0;
  jest.spyOn(performance, "now").mockImplementation(() => (now += milliseconds));
}

test("shell 15: batches show how far they are, without await; each is committed", async () => {
  slowly(400);
  // An object that is loaded follows every batch, by SELECTs of the session's own.
  await opened.type("first = Shop.query.first()");
  const text = (await opened.type("Shop.query.inBatches(10).update(name='all')")).join("\n");
  expect(text).toMatch(/\r █+░+ 32 %  20 rows\x1b\[K/);
  expect(text).toMatch(/\x1b\[K60\n/);
  expect(text).not.toContain("N+1");
  expect(opened.db.session.inTransaction).toBe(false);
  expect(
    await opened.type("seen = []; for (const shops of Shop.query.inBatches(25)) seen.push(shops.length); seen"),
  ).toEqual(expect.arrayContaining([expect.stringContaining("[ 25, 25, 10 ]")]));
});

test("shell 15: Ctrl-C ends batches between two of them, and says how far they got", async () => {
  const { repl, db } = opened;
  const stop = db.observe((event) => {
    if (event.type === "batch" && event.batches === 3) repl.interrupt();
  });
  const text = (await opened.type("Shop.query.inBatches(10).delete()")).join("\n");
  stop();
  expect(text).toContain("interrupted; 30 rows deleted before, and committed");
  await sleep(20);
  expect(await repl.valueOf("Shop.query.count()")).toBe(30);
  await opened.type("db.session.begin()");
  const again = db.observe((event) => {
    if (event.type === "batch") repl.interrupt();
  });
  expect((await opened.type("Shop.query.inBatches(10).delete()")).join("\n")).toContain(
    "10 rows deleted before, in the open transaction",
  );
  again();
  await opened.type("db.session.rollback()");
  expect(await repl.valueOf("Shop.query.count()")).toBe(30);
});

test("shell 7: batches are completed and explained", async () => {
  expect((await opened.type("Shop.query.inBatches(10)")).join("\n")).toMatch(
    /^Batches of Shop, 10 rows each; \.update/,
  );
  expect((await opened.type("?Shop.query.after")).join("\n")).toContain("after(place)  the rows after an entity");
  expect((await opened.type("Shop.query.inBatches(10).updat({})")).join("\n")).toContain("update");
  const next = "Shop.query.orderBy('name').after(Shop.query.orderBy('name').first()).first().name";
  expect(await opened.type(next)).toEqual(expect.arrayContaining(["'1'"]));
});
