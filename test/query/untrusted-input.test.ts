import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { func } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

@Entity()
class Token {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  secret!: string;

  @Column({ type: "boolean", default: false })
  admin!: boolean;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Token] });

  test("db.create does not take __proto__ or constructor of a parsed body for properties", () => {
    for (const body of ['{"secret":"s","__proto__":{"admin":true}}', '{"constructor":{}}'])
      expect(() => bench.db.create(Token, JSON.parse(body) as object)).toThrow("has no property");
  });

  test("filterBy refuses values of a type that the column cannot have", () => {
    const { db } = bench;
    for (const criteria of [{ secret: 0 }, { secret: ["a", 0] }, { id: NaN }, { secret: [undefined] }, { admin: 1 }])
      expect(() => db.query(Token).filterBy(criteria as never)).toThrow(
        /^Token\.\w+ (cannot be compared with|was compared with undefined)/,
      );
  });

  test("names of functions and values, and directions, cannot be SQL", () => {
    const { db } = bench;
    expect(() => func["max(id) || lower"]).toThrow("is not the name of a function");
    expect(() => db.query(Token).orderBy({ id: "rubbish" as never })).toThrow("orderBy was given");
    expect(() => db.columns(Token).id.as("__proto__")).toThrow("cannot be the name of a value");
  });
});
