import { DataSource } from "typeorm";
import { Session, sql, type RetortError } from "../../src";
import { User, blog } from "../helpers/entities/blog";
import { eachLabServer, until, type LabDatabase } from "../helpers/lab";

eachLabServer(
  (server) => {
    let database: LabDatabase;
    let direct: DataSource;
    let dataSource: DataSource;
    let session: Session;

    beforeAll(async () => {
      database = await server.create();
      direct = await open(database.writableUrl, true);
      dataSource = await open(database.url(), false);
      const filling = new Session(direct);
      filling.addAll(Array.from({ length: 2_500 }, (_, index) => filling.create(User, { username: `u${index}` })));
      await filling.commit();
    });
    beforeEach(() => {
      session = new Session(dataSource);
    });
    afterEach(() => session.close());
    afterAll(async () => {
      await direct.destroy();
      await dataSource.destroy();
      await database.drop();
    });

    const open = (url: string, synchronize: boolean): Promise<DataSource> =>
      new DataSource({ type: "postgres", url, entities: [...blog], synchronize }).initialize();

    async function running(): Promise<number> {
      const [row] = await direct.query<{ n: string }[]>(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(7)%' AND state = 'active' AND pid <> pg_backend_pid()",
      );
      return Number(row!.n);
    }

    test("shell 15: cancelling ends the statement in the server, and nothing else", async () => {
      const failure = session
        .query(User)
        .filter(sql`pg_sleep(7) IS NOT NULL`)
        .count()
        .catch((error: unknown) => error as RetortError);
      expect(await until(async () => (await running()) === 1, 3_000)).toBe(true);
      await session.cancel();
      expect(await failure).toMatchObject({ code: "database/cancelled" });
      expect(await until(async () => (await running()) === 0, 2_000)).toBe(true);
      expect(await session.query(User).count()).toBe(2_500);
    });

    test("session 39: a stream that outlives its transaction goes on, or ends by name behind a pooler; it leaves no cursor", async () => {
      await session.begin();
      const stream = session.query(User).orderBy("id").stream();
      await stream.next();
      await session.commit();
      const rest = (async () => {
        let count = 1;
        for await (const user of stream) count += user.id > 0 ? 1 : 0;
        return count;
      })();
      if (server.name === "pooler") await expect(rest).rejects.toMatchObject({ code: "database/stream-ended" });
      else expect(await rest).toBe(2_500);
      expect(await dataSource.query("SELECT name FROM pg_cursors WHERE name LIKE 'retort%'")).toEqual([]);
    });
  },
  ["primary", "pooler"],
);
