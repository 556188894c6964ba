import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { cutPoints, startCuttingProxy, type CutPoint, type CuttingProxy } from "./cutting-proxy";
import { eachDatabase, type ScratchDatabase } from "./databases";
import { until } from "./lab";
import type { ServerType } from "./servers";

type Row = Record<string, unknown>;

/** A bare driver's connection. */
interface Connection {
  /** With parameters the statement is prepared, without them it is sent as text. */
  query(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Two statements in one text. */
  many(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

async function connectPostgres(connectionString: string): Promise<Connection> {
  const client = new Client({ connectionString });
  client.on("error", () => undefined); // the query's own error is what the tests are about
  await client.connect();
  const query = async (sql: string, parameters: readonly unknown[] = []) => {
    const text = sql.replaceAll("?", "$1");
    return (await client.query<Row>(parameters.length > 0 ? { text, values: [...parameters], name: sql } : text)).rows;
  };
  return { query, many: (sql) => client.query(sql), end: () => client.end() };
}

async function connectMysql(uri: string): Promise<Connection> {
  const connection = await createConnection({ uri, multipleStatements: true });
  connection.on("error", () => undefined);
  const query = async (sql: string, parameters: readonly unknown[] = []) => {
    const answer =
      parameters.length > 0
        ? connection.execute<RowDataPacket[]>(sql, [...parameters] as string[])
        : connection.query<RowDataPacket[]>(sql);
    return (await answer)[0];
  };
  return { query, many: (sql) => connection.query(sql), end: async () => connection.destroy() };
}

const connectors = { postgres: connectPostgres, mariadb: connectMysql };

eachDatabase(
  (database) => {
    const { name } = database;
    const connect = connectors[name as ServerType];
    let scratch: ScratchDatabase;
    let direct: Connection;
    let proxy: CuttingProxy;

    beforeAll(async () => {
      scratch = await database.create();
      direct = await connect(scratch.env["DATABASE_URL"]!);
      await direct.query("CREATE TABLE things (id int PRIMARY KEY, body text)");
      proxy = await startCuttingProxy(name as ServerType, scratch.env["DATABASE_URL"]!);
    });
    afterAll(async () => {
      await direct.end();
      await proxy.close();
    });
    beforeEach(() => direct.query("DELETE FROM things"));

    const connectThrough = () => connect(proxy.url(scratch.env["DATABASE_URL"]!));
    const ids = async () => (await direct.query("SELECT id FROM things ORDER BY id")).map(({ id }) => id);
    const insert = (id: number) => `INSERT INTO things VALUES (${id}, ?)`;

    test("hands everything on, and lists the statements", async () => {
      const before = proxy.statements.length;
      const connection = await connectThrough();
      const body = "ü".repeat(30_000);
      await connection.query(insert(1), [body]);
      await connection.query(insert(2), [""]);
      expect(await connection.query("SELECT body FROM things ORDER BY id")).toEqual([{ body }, { body: "" }]);
      await connection.many("DELETE FROM things WHERE id = 1; SELECT id FROM things");
      await expect(connection.query("SELECT nothing FROM things")).rejects.toThrow("nothing");
      for (const id of [2, 3]) {
        const rows = await connection.query("SELECT id FROM things WHERE id = ?", [id]);
        expect(rows).toEqual(id === 2 ? [{ id }] : []);
      }
      await connection.end();
      const sent = proxy.statements.slice(before).map((sql) => sql.replaceAll("$1", "?"));
      expect(sent).toEqual([
        insert(1),
        insert(2),
        "SELECT body FROM things ORDER BY id",
        "DELETE FROM things WHERE id = 1; SELECT id FROM things",
        "SELECT nothing FROM things",
        "SELECT id FROM things WHERE id = ?",
        "SELECT id FROM things WHERE id = ?",
      ]);
    });

    test.each(cutPoints)("cuts %s of COMMIT", async (at) => {
      const connection = await connectThrough();
      await connection.query("BEGIN");
      await connection.query(insert(1), ["x"]);
      const cut = proxy.cut({ at, matching: /^COMMIT/ });
      const committed = await connection.query("COMMIT").then(
        () => true,
        () => false,
      );
      await cut.done;
      expect(cut.statement).toBe("COMMIT");
      expect(committed).toBe(at === "after answer");
      expect(await ids()).toEqual(reachesServer(at) ? [1] : []);
      await expect(connection.query("SELECT 1 AS one")).rejects.toThrow();
      await connection.end();
    });

    test("a transaction that is cut at any statement is done wholly or not at all", async () => {
      const transaction = async (connection: Connection) => {
        await connection.query("BEGIN");
        await connection.query(insert(1), ["x"]);
        await connection.query("SELECT count(*) FROM things");
        await connection.query(insert(2), ["y"]);
        await connection.query("COMMIT");
      };
      for (let nth = 1; nth <= 5; nth++) {
        for (const at of cutPoints) {
          const connection = await connectThrough();
          const cut = proxy.cut({ at, nth });
          const completed = await transaction(connection).then(
            () => true,
            () => false,
          );
          await cut.done;
          expect([nth, at, completed]).toEqual([nth, at, nth === 5 && at === "after answer"]);
          // The server rolls back when it notices that the connection is closed, and keeps the locks until then.
          await direct.query("DELETE FROM things WHERE id = 3");
          const expected = nth === 5 && reachesServer(at) ? [1, 2] : [];
          expect([nth, at, await ids()]).toEqual([nth, at, expected]);
          await direct.query("DELETE FROM things");
          await connection.end();
        }
      }
    });

    test("cuts the nth statement that matches, of whichever connection, and leaves the others alone", async () => {
      const [first, second] = [await connectThrough(), await connectThrough()];
      const cut = proxy.cut({ at: "before request", nth: 2, matching: /INSERT/ });
      await first.query("SELECT 1 AS one");
      await first.query(insert(1), ["x"]);
      expect(cut.statement).toBeUndefined();
      await expect(second.query(insert(2), ["x"])).rejects.toThrow();
      await cut.done;
      expect(cut.statement?.replace("$1", "?")).toBe(insert(2));
      await first.query(insert(3), ["x"]);
      expect(await ids()).toEqual([1, 3]);
      await first.end();
      await second.end();
    });

    test("cuts the answer to a statement with many rows", async () => {
      const connection = await connectThrough();
      const rows = Array.from({ length: 3000 }, (_, id) => `(${id}, '${"x".repeat(100)}')`);
      await connection.query(`INSERT INTO things VALUES ${rows.join()}`);
      await connection.end();
      for (const at of ["inside answer", "after answer"] as const) {
        const reader = await connectThrough();
        const cut = proxy.cut({ at });
        const count = await reader.query("SELECT id, body FROM things WHERE body <> ?", ["y"]).then(
          (read) => read.length,
          () => undefined,
        );
        await cut.done;
        expect(cut.statement).toMatch(/^SELECT id, body/);
        expect(count).toBe(at === "inside answer" ? undefined : 3000);
        await reader.end();
      }
    });

    test("the answer to several statements in one text ends with the last one's", async () => {
      const connection = await connectThrough();
      const cut = proxy.cut({ at: "after answer" });
      await connection.many(`SELECT 1 AS one; SELECT ${name === "postgres" ? "pg_sleep(0.2)" : "sleep(0.2)"}`);
      await cut.done;
      await expect(connection.query("SELECT 1 AS one")).rejects.toThrow();
      await connection.end();
    });

    test("an answer of the server that ends the connection itself is handed on", async () => {
      const connection = await connectThrough();
      const kill = name === "postgres" ? "SELECT pg_terminate_backend(pg_backend_pid())" : "KILL CONNECTION_ID()";
      await expect(connection.query(kill)).rejects.toThrow(/terminat|interrupt|closed|killed/i);
      expect(
        await until(() =>
          connection.query("SELECT 1 AS one").then(
            () => false,
            () => true,
          ),
        ),
      ).toBe(true);
      await connection.end();
    });
  },
  ["postgres", "mariadb"],
);

function reachesServer(at: CutPoint): boolean {
  return !["before request", "inside request"].includes(at);
}
