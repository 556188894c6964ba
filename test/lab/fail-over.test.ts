import { Client } from "pg";
import { describeLab, startOwnLab, until, type OwnLab } from "../helpers/lab";

describeLab("fail-over of PostgreSQL", () => {
  let lab: OwnLab;
  beforeAll(async () => {
    lab = await startOwnLab("postgres");
    await onPrimary((client) => client.query("CREATE TABLE things (id int PRIMARY KEY)"));
  });
  afterAll(() => lab.stop());

  async function connect(member: "PRIMARY" | "STANDBY" | "POOLER"): Promise<Client> {
    const client = new Client({
      connectionString: `postgres://postgres@${lab.addresses[`RETORT_LAB_${member}`]}/postgres`,
    });
    client.on("error", () => undefined); // its server is killed; the query's own error is what matters
    await client.connect();
    return client;
  }

  async function onPrimary<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await connect("PRIMARY");
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  const ids = (client: Client) =>
    client.query<{ id: number }>("SELECT id FROM things ORDER BY id").then(({ rows }) => rows.map(({ id }) => id));

  test("a commit waits while the standby is lost", async () => {
    await lab.run("kill", "standby");
    const client = await connect("PRIMARY");
    let committed = false;
    const commit = client.query("INSERT INTO things VALUES (0)").then(() => (committed = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(committed).toBe(false);
    await lab.run("rejoin", "standby");
    await commit;
    await client.end();
  });

  test("promote loses no acknowledged row, and the primary's address and the pooler's serve the new primary", async () => {
    const acknowledged: number[] = [];
    let promoted = false;
    const write = async (worker: number) => {
      const client = await connect("PRIMARY");
      for (let id = worker; !promoted; id += 4) {
        const answer = await client.query(`INSERT INTO things VALUES (${id})`).catch(() => undefined);
        if (answer === undefined) break; // the primary is gone
        acknowledged.push(id);
      }
      await client.end().catch(() => undefined);
    };
    const writers = Promise.all([1, 2, 3, 4].map(write));
    await until(() => Promise.resolve(acknowledged.length > 100));
    await lab.run("promote");
    promoted = true;
    await writers;

    expect(acknowledged.length).toBeGreaterThan(100);
    expect(await onPrimary(ids)).toEqual(expect.arrayContaining(acknowledged));
    await onPrimary((client) => client.query("INSERT INTO things VALUES (-1)"));
    const pooled = await connect("POOLER");
    expect(await ids(pooled)).toContain(-1);
    await pooled.end();
  });

  test("start makes a new standby, which is synchronous again", async () => {
    await expect(lab.run("status")).rejects.toThrow("exit 3");
    await lab.run("start", "postgres");
    const { rows } = await onPrimary((client) => client.query("SELECT sync_state FROM pg_stat_replication"));
    expect(rows).toEqual([{ sync_state: "sync" }]);
    const standby = await connect("STANDBY");
    expect(await ids(standby)).toContain(-1);
    await standby.end();
  });

  test("start brings back what was ended, with its rows", async () => {
    const before = await onPrimary(ids);
    for (const member of ["pooler", "primary", "standby"]) await lab.run("kill", member);
    await expect(connect("PRIMARY")).rejects.toThrow("ECONNREFUSED");
    await lab.run("start", "postgres");
    expect(await onPrimary(ids)).toEqual(before);
  });
});
