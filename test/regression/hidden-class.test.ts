import { setFlagsFromString } from "node:v8";
import { EntitySchema } from "typeorm";
import { database } from "../helpers/databases";
import { benchOn } from "../session/blog";

class Sheet {
  declare id: number;
  declare name: string;
  declare lines: Line[];
}

class Line {
  declare id: number;
  declare text: string;
  declare sheet: Sheet;
}

const id = { type: Number, primary: true, generated: true } as const;
const entities = [
  new EntitySchema<Sheet>({
    name: "Sheet",
    target: Sheet,
    columns: { id, name: { type: String } },
    relations: { lines: { type: "one-to-many", target: () => Line, inverseSide: "sheet" } },
  }),
  new EntitySchema<Line>({
    name: "Line",
    target: Line,
    columns: { id, text: { type: String } },
    relations: { sheet: { type: "many-to-one", target: () => Sheet, inverseSide: "lines" } },
  }),
];

/** Each object that was added had a hidden class of V8's own, so that whatever touched many of them was many times slower. */
describe("objects that were added alike", () => {
  const bench = benchOn(database("sqlite"), { entities });

  test("share their hidden class, whatever the flush gives them", async () => {
    setFlagsFromString("--allow-natives-syntax");
    const areAlike = new Function("first", "second", "return %HaveSameMap(first, second)") as (
      ...objects: object[]
    ) => boolean;
    const sheets = [1, 2, 3].map((number) => Object.assign(new Sheet(), { name: `sheet ${number}` }));
    const lines = sheets.map((sheet) => Object.assign(new Line(), { text: "one", sheet }));
    bench.session.addAll(lines);
    for (const moment of ["added", "written"]) {
      expect([moment, areAlike(sheets[1]!, sheets[2]!), areAlike(lines[1]!, lines[2]!)]).toEqual([moment, true, true]);
      await bench.session.commit();
    }
    expect(sheets[2]!.id).toBeGreaterThan(0);
  });
});
