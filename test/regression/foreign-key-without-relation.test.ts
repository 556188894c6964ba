import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Room, Chair } from "../helpers/entities/keys";

/** Only relations were minded in the order of a flush. */
describe("a foreign key that is no relation", () => {
  const bench = benchOn(database("sqlite"), { entities: [Chair, Room] });

  test("is inserted after what it points at, and deleted before", async () => {
    const { session } = bench;
    const room = Object.assign(new Room(), { id: 5 });
    const chair = Object.assign(new Chair(), { id: 1, roomId: 5 });
    session.add(chair, room);
    await session.commit();
    session.delete(room, chair);
    await session.commit();
    expect(await session.query(Room).count()).toBe(0);
  });
});
