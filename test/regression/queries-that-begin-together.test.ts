import { DataSource, Entity, PrimaryColumn } from "typeorm";
import { connect } from "../../src/session/database";
import { eachDatabase } from "../helpers/databases";

@Entity()
class Thing {
  @PrimaryColumn("integer")
  id!: number;
}

/** pg's pool or mysql2's, as far as it tells how many connections are handed out. */
interface Driver {
  master?: { totalCount: number; idleCount: number };
  pool?: { _allConnections: { length: number }; _freeConnections: { length: number } };
}

eachDatabase(
  (database) => {
    test("queries that begin together, before the session has a connection, share one, which closing gives back", async () => {
      const { options } = await database.create();
      const dataSource = new DataSource({ ...options, entities: [Thing], synchronize: true } as never);
      const { session, ...db } = await connect(await dataSource.initialize());
      await Promise.all([1, 2, 3].map(() => session.query(Thing).count()));
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
