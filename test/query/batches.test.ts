import { Column, Entity, PrimaryColumn, type DataSource } from "typeorm";
import type { BatchEvent, DatabaseEvent, Query } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

@Entity()
class Visit {
  declare static readonly query: Query<Visit>;

  @PrimaryColumn({ type: "int" })
  id!: number;

  @Column({ type: "int" })
  day!: number;

  @Column({ type: "varchar", length: 20, default: "new" })
  state!: string;
}

/** A key of two columns. */
@Entity()
class Seat {
  declare static readonly query: Query<Seat>;

  @PrimaryColumn({ type: "varchar", length: 5 })
  row!: string;

  @PrimaryColumn({ type: "int" })
  number!: number;
}

const VISITS = 25;

async function fill({ manager }: DataSource): Promise<void> {
  await manager.insert(
    Visit,
    Array.from({ length: VISITS }, (_, index) => ({ id: index * 2 + 1, day: index % 4 })),
  );
  await manager.insert(
    Seat,
    ["a", "b", "c"].flatMap((row) => [1, 2, 3, 4].map((number) => ({ row, number }))),
  );
}

const ids = (visits: readonly Visit[]): number[] => visits.map(({ id }) => id);

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Visit, Seat], fill });
  const batchEvents = (events: readonly DatabaseEvent[]): BatchEvent[] =>
    events.filter((event) => event.type === "batch");

  test("session 50: lists of n entities in the query's order, each let go of when the next is read", async () => {
    const { session } = bench;
    const seen: Visit[][] = [];
    for await (const visits of Visit.query.orderBy({ day: "DESC" }).inBatches(10)) {
      expect(session.state(visits[0]!)).toBe("persistent");
      if (seen.length === 0) visits[3]!.state = "kept";
      seen.push(visits);
    }
    expect(seen.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(ids(seen.flat())).toEqual(ids(await Visit.query.orderBy({ day: "DESC" }, { id: "DESC" }).all()));
    expect(seen.flat().filter((visit) => session.state(visit) === "persistent")).toEqual([seen[0]![3]]);
    await session.rollback();
  });

  test("session 50: with a limit, an offset, a place, values, and what is written on the way", async () => {
    const sizes: number[] = [];
    for await (const visits of Visit.query.offset(3).limit(9).inBatches(4)) sizes.push(visits.length, visits[0]!.id);
    expect(sizes).toEqual([4, 7, 4, 15, 1, 23]);
    const rows: unknown[] = [];
    for await (const batch of Seat.query.select("number").after({ row: "b", number: 3 }).inBatches(2)) rows.push(batch);
    expect(rows).toEqual([[{ number: 4 }, { number: 1 }], [{ number: 2 }, { number: 3 }], [{ number: 4 }]]);
    // Rows that no longer meet the condition do not shift those that follow.
    let found = 0;
    for await (const visits of Visit.query.filterBy({ state: "new" }).inBatches(7)) {
      found += visits.length;
      for (const visit of visits) visit.state = "seen";
      await bench.session.flush();
    }
    expect(found).toBe(VISITS);
    await bench.session.rollback();
    for await (const visits of Visit.query.filterBy({ state: "none" }).inBatches())
      throw new Error(`${visits.length} visits`);
    expect(() => Visit.query.inBatches(0)).toThrow(expect.objectContaining({ code: "query/count" }) as Error);
  });

  test("session 50: outside of a transaction each batch is committed by itself", async () => {
    const other = bench.db.newSession();
    const [loaded] = await Visit.query.filterBy({ day: 1 }).all();
    bench.quiet();
    expect(await Visit.query.filterBy({ day: 1 }).inBatches(3).update({ state: "old" })).toBe(6);
    expect(loaded!.state).toBe("old");
    expect(bench.session.inTransaction).toBe(false);
    expect(bench.events.filter(({ type }) => type === "commit")).toHaveLength(3);
    expect(batchEvents(bench.events)).toMatchObject([
      { operation: "update", entity: "Visit", batches: 1, rows: 3, isCommitted: true },
      { batches: 2, rows: 6 },
      { batches: 3, rows: 6, share: 1 },
    ]);
    expect(batchEvents(bench.events)[0]!.share).toBeCloseTo(18 / 48);
    expect(await other.query(Visit).filterBy({ state: "old" }).count()).toBe(6);
    expect(await Visit.query.filterBy({ day: 1 }).inBatches(4).update({ state: "new" })).toBe(6);
    await other.close();
  });

  test("session 50: in a transaction all belong to it", async () => {
    await bench.session.begin();
    expect(await Seat.query.inBatches(5).delete()).toBe(12);
    expect(await Seat.query.count()).toBe(0);
    await bench.session.rollback();
    expect(await Seat.query.count()).toBe(12);
    expect(bench.events.some(({ type }) => type === "commit")).toBe(false);
  });

  test("session 50: a limit and an offset count in the query's order", async () => {
    await bench.session.begin();
    const oldest = Visit.query.orderBy({ day: "DESC" }, "id").offset(2).limit(8);
    const expected = ids(await oldest.all());
    expect(await oldest.inBatches(3).update({ state: "last" })).toBe(8);
    expect(ids(await Visit.query.orderBy({ day: "DESC" }, "id").filterBy({ state: "last" }).all())).toEqual(expected);
    await bench.session.rollback();
  });

  test("session 50: what would not end, or commit more than the batches, is refused before it begins", async () => {
    const { session } = bench;
    await expect(Visit.query.inBatches(5).update({ id: 1 })).rejects.toMatchObject({ code: "query/batches" });
    await expect(Visit.query.orderBy("day").limit(9).inBatches(5).update({ day: 1 })).rejects.toThrow(
      "inBatches() of Visit cannot go on from batch to batch: update() changes day, by which they are sorted",
    );
    expect(() => Visit.query.before(null).limit(3).inBatches(2)).toThrow(/counts backwards/);
    session.add(bench.db.create(Visit, { day: 9 }));
    await expect(Visit.query.inBatches(5).delete()).rejects.toMatchObject({ code: "session/unflushed" });
    await session.rollback();
    expect(await Visit.query.count()).toBe(VISITS);
  });

  test("session 50: an error says how many rows are committed, and cancel() ends it between two batches", async () => {
    const { db } = bench;
    const update = Visit.query.inBatches(10).update({ state: "cancelled" });
    const stop = db.observe((event) => {
      if (event.type === "batch" && event.batches === 2) void db.session.cancel();
    });
    await expect(update).rejects.toThrow(
      "cancelled between two batches (update of Visit in batches stopped after 20 rows, which are committed)",
    );
    stop();
    expect(await Visit.query.filterBy({ state: "cancelled" }).count()).toBe(20);
    expect(await Visit.query.inBatches(10).update({ state: "new" })).toBe(VISITS);
    const tooLong = Visit.query.inBatches(10).update({ state: "x".repeat(1_000) });
    await expect(tooLong).rejects.toThrow(/the column holds 20$/);
  });
});
