import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { DataSource } from "typeorm";
import { describeLab, eachLabServer, labServerOf, until, type LabDatabase } from "../helpers/lab";
import { lab } from "../helpers/lab-servers";

const open: { end(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const connection of open.splice(0)) await connection.end();
});

async function connectPostgres(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  open.push(client);
  return client;
}

async function connectMariadb(url: string): Promise<Connection> {
  const connection = await createConnection(url);
  open.push(connection);
  return connection;
}

describe("a database of the lab", () => {
  eachLabServer((server) => {
    test("is there wherever it is reached, and only the standby is read only", async () => {
      const database = await server.create();
      for (let connections = 0; connections < 6; connections++) {
        const dataSource = await new DataSource({ type: server.type, url: database.url() }).initialize();
        open.push({ end: () => dataSource.destroy() });
        const created = dataSource.query(`CREATE TABLE things_${connections} (id int)`).then(() => true);
        expect(await created.catch(() => false)).toBe(!server.readOnly);
      }
    });
  });
});

describeLab("the lab", () => {
  test("the standby has what the primary has acknowledged, and accepts no writes", async () => {
    const database = await labServerOf("standby").create();
    const [primary, standby] = [await connectPostgres(database.writableUrl), await connectPostgres(database.url())];
    await primary.query("CREATE TABLE things (id int)");
    await primary.query("INSERT INTO things SELECT generate_series(1, 1000)");
    const { rows } = await primary.query("SELECT pg_current_wal_lsn() AS acknowledged");
    const received = "SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn AS received";
    expect((await standby.query(received, [rows[0].acknowledged])).rows).toEqual([{ received: true }]);

    const { rows: standbys } = await primary.query("SELECT sync_state FROM pg_stat_replication");
    expect(standbys).toEqual([{ sync_state: "sync" }]);
    await expect(standby.query("INSERT INTO things VALUES (0)")).rejects.toMatchObject({ code: "25006" });
    expect(await until(async () => (await count(standby)) === 1000)).toBe(true);
  });

  test("the pooler lends a server connection for one transaction", async () => {
    const database = await labServerOf("pooler").create();
    const clients = await Promise.all(Array.from({ length: 12 }, () => connectPostgres(database.url())));
    const [waiting, ...others] = clients;
    const held = others.slice(0, 10); // as many as default_pool_size
    for (const client of held) await client.query("BEGIN");
    const backends = await Promise.all(held.map((client) => backendOf(client)));
    expect(new Set(backends).size).toBe(10);
    expect(await Promise.all(held.map((client) => backendOf(client)))).toEqual(backends);

    let answered = false;
    const answer = backendOf(waiting!).then((backend) => {
      answered = true;
      return backend;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toBe(false);
    await held[3]!.query("COMMIT");
    expect(await answer).toBe(backends[3]);
    for (const client of held) await client.query("ROLLBACK");
  });

  test("each node reads what the others have committed", async () => {
    const database = await labServerOf("galera").create();
    const nodes = await connectToNodes(database);
    await nodes[0]!.query("CREATE TABLE things (id int PRIMARY KEY)");
    for (let id = 0; id < 60; id++) {
      await nodes[id % 3]!.query("INSERT INTO things VALUES (?)", [id]);
      const [rows] = await nodes[(id + 1) % 3]!.query<RowDataPacket[]>("SELECT count(*) AS count FROM things");
      expect(rows).toEqual([{ count: id + 1 }]);
    }
  });

  test("the nodes refuse the second of two transactions that change one row", async () => {
    const database = await labServerOf("galera").create();
    const [first, second] = await connectToNodes(database);
    await first!.query("CREATE TABLE things (id int PRIMARY KEY, value int)");
    await first!.query("INSERT INTO things VALUES (1, 0)");
    for (const connection of [first!, second!]) {
      await connection.query("BEGIN");
      await connection.query("UPDATE things SET value = value + 1 WHERE id = 1");
    }
    await first!.query("COMMIT");
    await expect(second!.query("COMMIT")).rejects.toMatchObject({ code: "ER_LOCK_DEADLOCK" });
    const [rows] = await second!.query<RowDataPacket[]>("SELECT value FROM things");
    expect(rows).toEqual([{ value: 1 }]);
  });
});

async function count(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>("SELECT count(*) FROM things");
  return Number(rows[0]!.count);
}

async function backendOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]!.pid;
}

function connectToNodes({ name }: LabDatabase): Promise<Connection[]> {
  return Promise.all(lab.nodes.map(({ url }) => connectMariadb(new URL(`/${name}`, url).href)));
}
