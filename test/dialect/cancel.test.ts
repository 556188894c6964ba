import type { DataSource } from "typeorm";
import { cancelIn, type Mysql, type Running } from "../../src/dialect/mysql/cancel";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

interface Driver {
  readonly mysql: Mysql;
  readonly pool: { readonly config: { readonly connectionConfig: object } };
}

eachDatabase(
  (kind) => {
    const bench = benchOn(kind);
    const driverOf = ({ driver }: DataSource) => driver as unknown as Driver;

    test("shell 15: a statement that the server lists under another number is not cancelled, and this is said", async () => {
      const { mysql, pool } = driverOf(bench.dataSource);
      // As behind a proxy: our number is that of another connection, or of none.
      const [own] = await bench.stored(`SELECT CONNECTION_ID() AS "id"`);
      for (const threadId of [Number(own!["id"]), 4_294_967_295]) {
        const connections: Running[] = [{ threadId, _command: { sql: "SELECT SLEEP(7)" } }];
        const cancelling = cancelIn({ _allConnections: { toArray: () => connections }, config: pool.config }, mysql);
        await expect(cancelling).rejects.toMatchObject({
          code: "database/cannot-cancel",
          message: expect.stringContaining("there is a proxy in between"),
        });
      }
      expect(await bench.stored(`SELECT 1 AS "one"`)).toEqual([{ one: 1 }]);
    });
  },
  ["mariadb"],
);
