import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import { Post, User } from "../../examples/microblog";
import { createServer, type MicroblogServer } from "../../examples/server/server";
import { connect, type Database } from "../../src";
import { runNode } from "../helpers/command";
import { eachDatabase, type ScratchDatabase } from "../helpers/databases";
import { until } from "../helpers/lab";
import { repository } from "../helpers/repository";

eachDatabase((kind) => {
  let dataSource: DataSource;
  let db: Database;
  let server: MicroblogServer;

  beforeEach(async () => {
    const { options } = await kind.create();
    dataSource = new DataSource({ ...options, entities: [User, Post], synchronize: true } as DataSourceOptions);
    await dataSource.initialize();
    await dataSource.getRepository(User).insert({ username: "susan", email: "susan@example.com" });
    db = await connect(dataSource);
    server = createServer(db as never);
  });
  afterEach(async () => {
    await server.stop();
    await dataSource.destroy();
  });

  test("session 41: every request has a session of its own, which is closed when it ends", async () => {
    const labels = new Set<string>();
    db.observe(({ session }) => void labels.add(session));
    const { http } = server;
    const posted = await http.inject({ method: "POST", url: "/users/1/posts", payload: { body: "one" } });
    expect([posted.statusCode, posted.json()]).toEqual([201, { id: 1 }]);
    const changed = await http.inject({ method: "PATCH", url: "/users/1", payload: { email: "s@example.com" } });
    expect(changed.json()).toEqual({ id: 1, email: "s@example.com" });
    expect((await http.inject("/users/1/posts")).json()).toEqual([{ id: 1, body: "one" }]);
    expect((await http.inject("/users/1")).json()).toEqual({ id: 1, username: "susan" });
    expect((await http.inject("/users/2")).statusCode).toBe(404);
    expect([...labels].sort()).toEqual([
      "GET /users/:id",
      "GET /users/:id/posts",
      "PATCH /users/:id",
      "POST /users/:id/posts",
    ]);
    expect(db.pools().flatMap(({ holders }) => holders)).toEqual([]);
  });

  test("session 10: a request that reads sends one statement, and one that changes a row its transaction besides", async () => {
    const sent: string[] = [];
    db.observe((event) => void (event.type === "statement" && sent.push(event.operation)));
    const { http } = server;
    await http.inject("/users/1");
    expect(sent.splice(0)).toEqual(["SELECT"]);
    await http.inject({ method: "PATCH", url: "/users/1", payload: { email: "s@example.com" } });
    expect(sent).toEqual(["SELECT", expect.stringMatching(/^(START|BEGIN)$/), "UPDATE", "COMMIT"]);
  });

  test("health says that the server lives, readiness that its database answers", async () => {
    const { http } = server;
    expect((await http.inject("/health")).json()).toEqual({ status: "up" });
    expect((await http.inject("/ready")).statusCode).toBe(200);
    const [pool] = db.pools();
    const holders = Array.from({ length: pool?.size ?? 0 }, () => db.newSession());
    for (const holder of holders) await holder.begin();
    const { statusCode } = await http.inject("/ready");
    for (const holder of holders) await holder.close();
    expect([statusCode, (await http.inject("/health")).statusCode]).toEqual([pool ? 503 : 200, 200]);
  });
});

eachDatabase(
  (kind) => {
    const folder = path.join(repository, `build/test-${process.pid}`);
    let database: ScratchDatabase;
    let dataSource: DataSource;
    let server: ChildProcess;
    let said = "";

    beforeAll(async () => {
      await runNode([path.join(repository, "scripts/examples.mjs"), folder]);
      database = await kind.create();
      dataSource = new DataSource({
        ...database.options,
        entities: [User, Post],
        synchronize: true,
      } as DataSourceOptions);
      await dataSource.initialize();
      await dataSource.getRepository(User).insert({ username: "susan", email: "susan@example.com" });
      const program = path.join(folder, "examples/server/main.js");
      server = spawn(process.execPath, [program], { env: { ...process.env, ...database.env, PORT: "0" } });
      for (const stream of [server.stdout!, server.stderr!]) stream.on("data", (data) => (said += String(data)));
      expect(await until(async () => said.includes("http://"))).toBe(true);
    });
    afterAll(async () => {
      server.kill("SIGKILL");
      await dataSource.destroy();
      fs.rmSync(folder, { recursive: true, force: true });
    });

    test("SIGTERM: no request is begun any more, those that run end, and the process exits with 0", async () => {
      const address = /http:\/\/\S+/.exec(said)![0].replace("[::1]", "localhost");
      const holder = dataSource.createQueryRunner();
      await holder.startTransaction();
      await holder.manager.update(User, { id: 1 }, { email: "held@example.com" });
      const running = fetch(`${address}/users/1`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: "last@example.com" }),
      });
      expect((await fetch(`${address}/ready`)).status).toBe(200);
      server.kill("SIGTERM");
      const refused = until(async () =>
        fetch(`${address}/users/1`).then(
          ({ status }) => status === 503,
          () => true,
        ),
      );
      expect(await refused).toBe(true);
      expect(server.exitCode).toBeNull();
      await holder.commitTransaction();
      await holder.release();
      const response = await running;
      expect([response.status, await response.json()]).toEqual([200, { id: 1, email: "last@example.com" }]);
      const [exitCode] = (server.exitCode === null ? await once(server, "exit") : [server.exitCode]) as [number];
      expect(`${exitCode} ${said}`).toMatch(/^0 /);
      expect((await dataSource.getRepository(User).findOneByOrFail({ id: 1 })).email).toBe("last@example.com");
    });
  },
  ["postgres"],
);

/** The benchmark of the server, small. Its ratios are measured on a machine that does nothing else: `npm run bench:server`. */
eachDatabase(() => {
  test("under load every request is answered, and a request leaves nothing in memory", async () => {
    const program = path.join(repository, "bench/server.mjs");
    const sizes = ["--rounds", "1", "--requests", "100", "--memory", "1000"];
    const { stdout, stderr, exitCode } = await runNode([program, "--json", ...sizes], { timeout: 110_000 });
    expect(`${exitCode} ${stderr}`).toBe("0 ");
    const { results, grown } = JSON.parse(stdout) as {
      results: { work: string; failed: number; count: number }[];
      grown: { bytesPerRequest: number };
    };
    expect(results).toMatchObject([
      { work: "get + commit", failed: 0, count: 200 },
      { work: "get + change + commit", failed: 0, count: 200 },
    ]);
    // A session that stays has several thousand bytes.
    expect(grown.bytesPerRequest).toBeLessThan(1_000);
  });
}, ["postgres"]);
