import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Shop, Shelf, Ware } from "../helpers/entities/keys";

/** More than any database takes parameters in one statement. */
const MANY = 70_000;

// What is asked is the same for every database, and the servers take their time to fill so many rows.
eachDatabase(
  (database) => {
    const bench = benchOn(database, { entities: [Shop, Shelf, Ware] });
    const fill = (sql: string): Promise<unknown> =>
      bench.stored(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY}) ${sql}`);

    beforeEach(async () => {
      await fill("INSERT INTO shop (id) SELECT i FROM n");
      await fill('INSERT INTO shelf ("shopId", place) SELECT i, i % 7 FROM n');
      await fill('INSERT INTO ware (id, "shelfShopId", "shelfPlace") SELECT i, i, i % 7 FROM n WHERE i % 100 = 0');
    });

    test("session 32: any number of rows is loaded with what is related to them, changed, and deleted with children to be let go of", async () => {
      const { session } = bench;
      const shelves = await session.query(Shelf).all();
      expect(shelves).toHaveLength(MANY);
      bench.quiet();
      const wares = [...(await shelves[99]!.wares)];
      expect(wares).toHaveLength(1);
      expect(await shelves[0]!.wares).toHaveLength(0);
      // As many statements as the parameters of all the keys need, not one a shelf.
      expect(bench.sent().length).toBeLessThanOrEqual(MANY / 500);
      expect((await shelves[1]!.shop).id).toBe(shelves[1]!.shopId);
      session.delete(...shelves);
      await session.flush();
      expect(await session.query(Shelf).count()).toBe(0);
      expect(await session.query(Ware).filterBy({ shelf: null }).count()).toBe(MANY / 100);
      expect(wares[0]!.shelf).toBeNull();
      const shops = await session.query(Shop).all();
      session.delete(...shops);
      await session.commit();
      expect(await bench.stored("SELECT id FROM shop LIMIT 1")).toEqual([]);
    });
  },
  ["sqlite"],
);
