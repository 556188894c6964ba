import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Link } from "../helpers/entities/cycles";

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Link] });

  // The row that was inserted first kept NULL: its property, filled in by the INSERT, was taken for the user's own word.
  test("new rows in a circle point at each other where the foreign key is a property", async () => {
    const { db, session } = bench;
    const [a, b] = [db.create(Link, {}), db.create(Link, {})];
    [a.next, b.next] = [b, a];
    session.add(a, b);
    await session.commit();
    expect(await bench.stored('SELECT "nextId" AS next FROM link ORDER BY id')).toEqual([
      { next: b.id },
      { next: a.id },
    ]);
    expect([a.nextId, b.nextId]).toEqual([b.id, a.id]);
    expect(session.dirty).toEqual([]);
  });
});
