import { setFlagsFromString } from "node:v8";
import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Line, Sheet, sheets } from "../helpers/entities/plain-classes";

/** Each object that was added had a hidden class of V8's own, so that whatever touched many of them was many times slower. */
describe("objects that were added alike", () => {
  const bench = benchOn(database("sqlite"), { entities: sheets });

  test("share their hidden class, whatever the flush gives them", async () => {
    setFlagsFromString("--allow-natives-syntax");
    const areAlike = new Function("first", "second", "return %HaveSameMap(first, second)") as (
      ...objects: object[]
    ) => boolean;
    const added = [1, 2, 3].map((number) => Object.assign(new Sheet(), { name: `sheet ${number}` }));
    const lines = added.map((sheet) => Object.assign(new Line(), { text: "one", sheet }));
    bench.session.addAll(lines);
    for (const moment of ["added", "written"]) {
      expect([moment, areAlike(added[1]!, added[2]!), areAlike(lines[1]!, lines[2]!)]).toEqual([moment, true, true]);
      await bench.session.commit();
    }
    expect(added[2]!.id).toBeGreaterThan(0);
  });
});
