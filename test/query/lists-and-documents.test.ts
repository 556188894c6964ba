import {
  ArrayContainedBy,
  ArrayContains,
  ArrayOverlap,
  Column,
  Entity,
  JsonContains,
  Not,
  PrimaryGeneratedColumn,
} from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

@Entity()
class Listed {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int", array: true })
  numbers!: number[];
}

@Entity()
class Documented {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "json" })
  settings!: Record<string, unknown>;
}

eachDatabase(
  (database) => {
    const bench = benchOn(database, { entities: [Listed] });

    test("ArrayContains, ArrayContainedBy, ArrayOverlap, and a list as a value", async () => {
      const { session } = bench;
      for (const numbers of [[1, 2, 3], [2], []]) session.add(session.create(Listed, { numbers }));
      const query = session.query(Listed).orderBy("id");
      const found = async (numbers: Parameters<typeof query.filterBy>[0]["numbers"]) =>
        (await query.filterBy({ numbers }).all()).map((one) => one.numbers.length);
      expect(await found(ArrayContains([2]))).toEqual([3, 1]);
      expect(await found(Not(ArrayContains([2])))).toEqual([0]);
      expect(await found(ArrayContainedBy([2, 5]))).toEqual([1, 0]);
      expect(await found(ArrayOverlap([3, 4]))).toEqual([3]);
      expect(await found([2])).toEqual([1]);
    });
  },
  ["postgres"],
);

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Documented] });

  test("JsonContains where the database knows it, and a word where it does not", async () => {
    const { session } = bench;
    session.add(session.create(Documented, { settings: { theme: "dark", size: 3 } }));
    session.add(session.create(Documented, { settings: { theme: "light" } }));
    const dark = session.query(Documented).filterBy({ settings: JsonContains({ theme: "dark" }) });
    if (database.name === "sqlite") await expect(dark.all()).rejects.toMatchObject({ code: "query/operator" });
    else expect((await dark.all()).map(({ settings }) => settings["size"])).toEqual([3]);
  });
});
