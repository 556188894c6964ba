import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Label, Place } from "../helpers/entities/keys";

describe("a relation of a thousand owners with keys of two parts", () => {
  const bench = benchOn(database("sqlite"), { entities: [Label, Place] });

  test("is loaded: its condition was deeper than SQLite goes", async () => {
    const { session } = bench;
    const label = session.create(Label, { name: "here" });
    for (let x = 0; x < 1_200; x++) session.add(session.create(Place, { x, y: 1, labels: [label] }));
    await session.commit();
    const db = await bench.fresh();
    const places = await db.query(Place).all();
    const sizes = new Set<number>();
    for (const place of places) sizes.add((await place.labels).length);
    expect([places.length, ...sizes]).toEqual([1_200, 1]);
  });
});
