import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import { describeLab, startOwnLab, type OwnLab } from "../helpers/lab";

describeLab("a Galera cluster that loses nodes", () => {
  let lab: OwnLab;
  beforeAll(async () => {
    lab = await startOwnLab("galera");
    await onNode(1, async (connection) => {
      await connection.query("CREATE DATABASE things");
      await connection.query("CREATE TABLE things.things (id int PRIMARY KEY)");
    });
  });
  afterAll(() => lab.stop());

  async function onNode<T>(number: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const address = lab.addresses["RETORT_LAB_GALERA"]!.split(",")[number - 1];
    const connection = await createConnection(`mysql://root@${address}/`);
    try {
      return await work(connection);
    } finally {
      await connection.end();
    }
  }

  const insert = (number: number, id: number) =>
    onNode(number, (connection) => connection.query("INSERT INTO things.things VALUES (?)", [id]));

  const ids = (number: number) =>
    onNode(number, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>("SELECT id FROM things.things ORDER BY id");
      return rows.map((row) => row["id"] as number);
    });

  test("two nodes go on, and the third receives what it has missed", async () => {
    await lab.run("kill", "node2");
    await insert(1, 1);
    await expect(ids(2)).rejects.toThrow("ECONNREFUSED");
    await lab.run("rejoin", "node2");
    expect(await ids(2)).toEqual([1]);
  });

  test("when all are lost, start continues with the node that has the latest writes", async () => {
    await lab.run("kill", "node1");
    await insert(2, 2);
    for (const node of ["node2", "node3"]) await lab.run("kill", node);
    await expect(lab.run("rejoin", "node1")).rejects.toThrow("no cluster to join");
    await lab.run("start", "galera");
    for (const number of [1, 2, 3]) expect(await ids(number)).toEqual([1, 2]);
  });
});
