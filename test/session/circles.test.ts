import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Team, Player, Town, Part, Husband, Wife } from "../helpers/entities/cycles";

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Team, Player, Town, Part, Husband, Wife] });

  function team(name: string, town: Town): Team {
    const made = bench.db.create(Team, { name, town });
    made.captain = bench.db.create(Player, { name: `${name}'s captain`, team: made });
    return made;
  }
  const stored = async (): Promise<unknown[]> =>
    (
      await bench.stored(
        'SELECT team.name, player.name AS captain FROM team JOIN player ON player.id = team."captainId" ' +
          'WHERE player."teamId" = team.id ORDER BY team.id',
      )
    ).map(({ name, captain }) => `${String(name)}: ${String(captain)}`);

  test("session 21: two rows that point at each other, and both must, are inserted and then updated once", async () => {
    const { db, session } = bench;
    const town = db.create(Town, { name: "Brno" });
    const [reds, blues] = [team("reds", town), team("blues", town)];
    session.add(reds, blues, db.create(Player, { name: "guest", team: reds }));
    const { steps } = await session.plan();
    const counted = ["insert", "update"].map((action) =>
      steps.filter((step) => step.action === action).reduce((sum, { rows }) => sum + rows.length, 0),
    );
    expect(counted).toEqual([6, 2]);
    await session.commit();
    expect(await stored()).toEqual(["reds: reds's captain", "blues: blues's captain"]);
    expect(reds.captain.teamId).toBe(reds.id);
    expect(session.dirty).toEqual([]);
    const fresh = await bench.fresh();
    const read = await fresh.query(Team).filterBy({ name: "reds" }).one();
    expectSame([await (await read.captain).team], [read]);
    expect(read.version).toBe(reds.version);
  });

  test("session 21: such rows are deleted, and a rollback brings them back", async () => {
    const { db, session } = bench;
    const reds = team("reds", db.create(Town, { name: "Brno" }));
    session.add(reds);
    await session.commit();
    const { captain, version } = reds;
    session.delete(reds, captain);
    await session.flush();
    expect(await session.query(Team).count()).toBe(0);
    await session.rollback();
    expectSame([reds.captain, captain.team], [captain, reds]);
    expect([reds.version, session.dirty]).toEqual([version, []]);
    expect(await stored()).toEqual(["reds: reds's captain"]);
    session.delete(reds, captain);
    await session.commit();
    expect(await bench.stored("SELECT id FROM player")).toEqual([]);
  });

  test("session 21: a row that has to point at itself is inserted, and deleted", async () => {
    const { db, session } = bench;
    const whole = db.create(Part, {});
    whole.whole = whole;
    const part = db.create(Part, { whole });
    session.add(part);
    await session.commit();
    expect([whole.wholeId, part.wholeId]).toEqual([whole.id, whole.id]);
    expect(await bench.stored('SELECT DISTINCT "wholeId" AS id FROM part')).toEqual([{ id: whole.id }]);
    session.delete(whole, part);
    await session.commit();
    expect(await bench.stored("SELECT id FROM part")).toEqual([]);
  });

  test("a rollback makes them new again, and they are inserted by the next commit", async () => {
    const { db, session } = bench;
    const reds = team("reds", db.create(Town, { name: "Brno" }));
    session.add(reds);
    await session.flush();
    await session.rollback();
    expect([reds.id, reds.captain.id, reds.captain.teamId, reds.version]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    session.add(reds);
    await session.commit();
    expect(await stored()).toEqual(["reds: reds's captain"]);
  });

  test("what else such a row points at is looked at as ever", async () => {
    const { db, session } = bench;
    const reds = team("reds", { id: 77_777 } as Town);
    session.add(reds);
    await expect(session.commit()).rejects.toMatchObject({ code: "database/foreign-key" });
    await session.rollback();
    expect(await bench.stored("SELECT id FROM team")).toEqual([]);
    // The next transaction is as before, on the same connection.
    reds.town = db.create(Town, { name: "Brno" });
    session.add(reds);
    await session.commit();
    session.add(db.create(Player, { name: "lost", teamId: 77_777 }));
    await expect(session.commit()).rejects.toMatchObject({ code: "database/foreign-key" });
    await session.rollback();
  });

  test("session 21: where the database cannot look later, the error names the rows, the foreign keys and what would help", async () => {
    const { db, session } = bench;
    const husband = db.create(Husband, {});
    husband.wife = db.create(Wife, { husband });
    session.add(husband);
    if (bench.kind !== "postgres") {
      await session.commit();
      expect(await bench.stored('SELECT wife.id FROM wife JOIN husband ON husband."wifeId" = wife.id')).toHaveLength(1);
      return;
    }
    await expect(session.commit()).rejects.toMatchObject({
      code: "session/cycle",
      message: expect.stringMatching(
        /<(Wife|Husband)> needs <(Wife|Husband)> \(.*\), <(Wife|Husband)> needs/,
      ) as string,
      hint: expect.stringMatching(
        /make one of (Husband\.wife, Wife\.husband|Wife\.husband, Husband\.wife) nullable, or deferrable/,
      ) as string,
    });
  });
});
