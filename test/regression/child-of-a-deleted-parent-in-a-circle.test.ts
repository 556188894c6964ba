import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

/** Below another one, always. */
@Entity()
class Part {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  wholeId!: number;

  @ManyToOne(() => Part, { deferrable: "INITIALLY IMMEDIATE" })
  whole!: Relation<Part>;
}

// MySQL and MariaDB look at every foreign key of a row whose key changes, and refuse this.
eachDatabase(
  (database) => {
    const bench = benchOn(database, { entities: [Part] });

    test("rows whose keys change, and that come to point at each other, let go of a deleted one", async () => {
      const { db, session } = bench;
      const root = db.create(Part, {});
      root.whole = root;
      const [one, two] = [db.create(Part, { whole: root }), db.create(Part, { whole: root })];
      session.add(one, two);
      await session.commit();
      [one.id, two.id] = [one.id + 1_000, two.id + 1_000];
      [one.whole, two.whole] = [two, one];
      session.delete(root);
      await session.commit();
      expect(await bench.stored('SELECT id, "wholeId" AS whole FROM part ORDER BY id')).toEqual([
        { id: one.id, whole: two.id },
        { id: two.id, whole: one.id },
      ]);
      expect(session.dirty).toEqual([]);
    });
  },
  ["sqlite", "postgres"],
);
