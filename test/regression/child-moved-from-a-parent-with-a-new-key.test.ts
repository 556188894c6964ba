import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Club, Player } from "../helpers/entities/keys";

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Club, Player] });

  test("a child that moves to a new parent does not follow the old one's key", async () => {
    const { db, session } = bench;
    const old = db.create(Club, {});
    const player = db.create(Player, { club: old });
    session.add(player);
    await session.commit();
    player.club = db.create(Club, {});
    old.id = 9_001;
    await session.commit();
    expect(player.clubId).toBe(player.club.id);
    expect(await bench.stored('SELECT "clubId" FROM player')).toEqual([{ clubId: player.club.id }]);
  });

  test("a child that was given the parent it has follows its key", async () => {
    const { db, session } = bench;
    const club = db.create(Club, {});
    session.add(db.create(Player, { club }));
    await session.commit();
    session.expungeAll();
    const [read, player] = [await session.query(Club).one(), await session.query(Player).one()];
    player.club = read;
    read.id += 1_000;
    await session.commit();
    expect([player.clubId, session.dirty]).toEqual([read.id, []]);
    expect(await bench.stored('SELECT "clubId" FROM player')).toEqual([{ clubId: read.id }]);
  });
});
