import { inspect } from "node:util";
import { DataSource, EntitySchema } from "typeorm";
import { connect } from "../../src";
import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { id, Line, Sheet, sheets } from "../helpers/entities/plain-classes";

describe("the class of an object", () => {
  const bench = benchOn(database("sqlite"), { entities: sheets });

  const sheet = (name = "one"): Sheet => Object.assign(new Sheet(), { name });
  const line = (text: string): Line => Object.assign(new Line(), { text });

  test("stays its class: nothing stands between them", async () => {
    const { session } = bench;
    const added = sheet();
    session.add(added);
    await session.commit();
    session.expungeAll();
    const read = await session.query(Sheet).one();
    for (const one of [added, read]) expect(Object.getPrototypeOf(one)).toBe(Sheet.prototype);
  });

  test("shows nothing of it in objects that no session has seen", async () => {
    await bench.session.query(Sheet).all();
    const one = Object.assign(sheet(), { lines: [line("first")] });
    expect(Object.getOwnPropertyDescriptor(one, "lines")).toMatchObject({ value: [line("first")], enumerable: true });
    expect(Object.keys(one)).toEqual(["name", "lines"]);
    expect(inspect(one)).toBe("Sheet { name: 'one', lines: [ Line { text: 'first' } ] }");
    expect(sheet().lines).toBeUndefined();
  });

  test("is printed with objects of a session, and their relations as far as they are known", async () => {
    const one = Object.assign(sheet(), { lines: [line("first")] });
    bench.session.add(one);
    await bench.session.commit();
    expect(inspect(one, { depth: 1 })).toBe(`Sheet { name: 'one', lines: [ [Line] ], id: ${one.id} }`);
    bench.session.expungeAll();
    expect(inspect(await bench.session.query(Sheet).one())).toBe(`Sheet { id: ${one.id}, name: 'one' }`);
  });

  test("is printed once in a circle", async () => {
    const one = Object.assign(sheet(), { lines: [line("first")] });
    one.lines[0]!.sheet = one;
    bench.session.add(one);
    expect(inspect(one, { depth: null })).toBe(
      "Sheet {\n  name: 'one',\n  lines: [ Line { text: 'first', sheet: [Circular] } ]\n}",
    );
  });

  test("has a relation as its own property where it was set or read, and not where only the other side was", async () => {
    const { session } = bench;
    const one = Object.assign(sheet(), { lines: [line("first")] });
    const second = Object.assign(line("second"), { sheet: one });
    session.add(one, second);
    await session.commit();
    expect(one.lines[0]!.sheet).toBe(one);
    expect(Object.keys(one.lines[0]!)).not.toContain("sheet");
    expect(() => JSON.stringify(one.lines[0])).not.toThrow();
    const other = sheet("other");
    const third = Object.assign(line("third"), { sheet: other });
    session.add(third);
    await session.commit();
    expect(other.lines).toEqual([third]);
    expect(Object.keys(other)).not.toContain("lines");
    expect(JSON.parse(JSON.stringify(third))).toMatchObject({ text: "third", sheet: { name: "other" } });
    other.lines.push(line("fourth"));
    expect(Object.keys(other)).toContain("lines");
    await session.rollback();
    expect(Object.keys(other)).not.toContain("lines");
  });

  test("knows the relations of every database that it is an entity of", async () => {
    const dataSource = new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entities: sheets,
      synchronize: true,
    });
    const other = await connect(dataSource);
    const [here, there] = [sheet("here"), sheet("there")];
    bench.session.add(here);
    other.session.add(there);
    here.lines.push(line("here"));
    there.lines = [line("there")];
    await bench.session.commit();
    await other.session.commit();
    expect((await bench.session.query(Line).all()).map(({ text, sheet: of }) => [text, of])).toEqual([["here", here]]);
    expect((await other.session.query(Line).all()).map(({ text, sheet: of }) => [text, of])).toEqual([
      ["there", there],
    ]);
    await other.close();
  });
});

describe("a class that was frozen", () => {
  class Frozen {
    made = 1;
    declare id: number;
    declare sheet: Sheet | null;
  }
  Object.freeze(Frozen.prototype);
  const frozen = new EntitySchema<Frozen>({
    name: "Frozen",
    target: Frozen,
    columns: { id },
    relations: { sheet: { type: "many-to-one", target: () => Sheet } },
  });
  const bench = benchOn(database("sqlite"), { entities: [...sheets, frozen] });

  test("has its relations all the same, added and read", async () => {
    const { session } = bench;
    const added = Object.assign(new Frozen(), { sheet: Object.assign(new Sheet(), { name: "one" }) });
    session.add(added);
    await session.commit();
    session.expungeAll();
    const read = await session.query(Frozen).one();
    expect(read.made).toBe(1);
    expect((await read.sheet)!.name).toBe("one");
    read.sheet = null;
    await session.commit();
    expect(await bench.stored(`SELECT "sheetId" FROM "frozen"`)).toEqual([{ sheetId: null }]);
  });
});

describe("a class with an accessor in the place of a relation", () => {
  const told: unknown[] = [];
  class Base {
    get sheet(): unknown {
      return "its own";
    }
    set sheet(value: unknown) {
      told.push(value);
    }
  }
  class Described extends Base {
    declare id: number;
  }
  const described = new EntitySchema<Described>({
    name: "Described",
    target: Described,
    columns: { id },
    relations: { sheet: { type: "many-to-one", target: () => Sheet } },
  });
  const bench = benchOn(database("sqlite"), { entities: [...sheets, described] });

  test("keeps it for objects without a session, and gives it what an object of a session is set to", async () => {
    const one = new Described();
    const other = new Described();
    bench.session.add(one);
    one.sheet = Object.assign(new Sheet(), { name: "new" });
    other.sheet = "given";
    expect([one.sheet, other.sheet, told]).toMatchObject([
      { name: "new" },
      "its own",
      [{ id: "its own" }, { name: "new" }, "given"],
    ]);
    await bench.session.commit();
    expect(await bench.session.query(Sheet).count()).toBe(1);
  });
});
