import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Measurement } from "../helpers/entities/keys";

/** Its name in queries is cut; an UPDATE has no other name for it than its own. */
eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Measurement] });

  test("rows of a table with a long name are updated and deleted by a query", async () => {
    const { session } = bench;
    for (const degrees of [1, 2, 3]) session.add(session.create(Measurement, { degrees }));
    const query = session.query(Measurement);
    const { degrees } = bench.db.columns(Measurement);
    expect(await query.filter(degrees.gt(1)).update({ degrees: degrees.plus(10) })).toBe(2);
    expect(await query.filterBy({ degrees: 12 }).delete()).toBe(1);
    expect(await query.select("degrees").orderBy("degrees").all()).toEqual([{ degrees: 1 }, { degrees: 13 }]);
  });
});
