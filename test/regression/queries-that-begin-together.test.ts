import { Client } from "pg";
import { DataSource } from "typeorm";
import { connect } from "../../src/session/database";
import { eachDatabase } from "../helpers/databases";
import { Room } from "../helpers/entities/keys";

/** pg's pool or mysql2's, as far as it tells how many connections are handed out. */
interface Driver {
  master?: { totalCount: number; idleCount: number };
  pool?: { _allConnections: { length: number }; _freeConnections: { length: number } };
}

eachDatabase(
  (database) => {
    test("queries that begin together, before the session has a connection, share one, which closing gives back", async () => {
      const { options } = await database.create();
      const dataSource = new DataSource({ ...options, entities: [Room], synchronize: true } as never);
      const { session, ...db } = await connect(await dataSource.initialize());
      await Promise.all([1, 2, 3].map(() => session.query(Room).count()));
      expect(inUse(db.dataSource)).toBe(1);
      await session.close();
      expect(inUse(db.dataSource)).toBe(0);
      await dataSource.destroy();
    });
  },
  ["postgres", "mariadb"],
);

function inUse({ driver }: DataSource): number {
  const { master, pool } = driver as unknown as Driver;
  return master ? master.totalCount - master.idleCount : pool!._allConnections.length - pool!._freeConnections.length;
}

eachDatabase(
  (database) => {
    /** pg warns of a query that comes while another is on its way, and will refuse it. */
    test("queries that run together are sent one after the other", async () => {
      const { options } = await database.create();
      const dataSource = new DataSource({ ...options, entities: [Room], synchronize: true } as never);
      const { session } = await connect(await dataSource.initialize());
      await session.query(Room).count();
      session.add(Object.assign(new Room(), { id: 1 }));
      await session.flush();
      const most = mostAtOnce();
      const stream = session.query(Room).stream();
      const counted = Promise.all([1, 2, 3].map(() => session.query(Room).count()));
      for await (const { id } of stream) expect(id).toBe(1);
      expect(await counted).toEqual([1, 1, 1]);
      expect(most()).toBe(1);
      await session.close();
      await dataSource.destroy();
    });
  },
  ["postgres"],
);

/** Counts how many queries pg's clients have on their way at the same time. */
function mostAtOnce(): () => number {
  const { query } = Client.prototype;
  let [running, most] = [0, 0];
  type Send = (query: unknown, done: (...answer: unknown[]) => void) => unknown;
  const send: Send = function (this: Client, statement, done) {
    most = Math.max(most, ++running);
    const counted: typeof done = (...answer) => {
      running--;
      done(...answer);
    };
    return (query as unknown as Send).call(this, statement, counted);
  };
  jest.spyOn(Client.prototype, "query").mockImplementation(send as never);
  return () => {
    jest.restoreAllMocks();
    return most;
  };
}
