import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, type DataSourceOptions } from "typeorm";
import { Session } from "../../src";
import { eachDatabase, type ScratchDatabase } from "../helpers/databases";
import { blog, Post, User } from "../helpers/entities/blog";

eachDatabase(
  (kind) => {
    /** Two databases stand for a master and a replica that has not received anything yet: what is read tells where from. */
    let databases: ScratchDatabase[];
    let dataSource: DataSource;
    let session: Session;
    const newSession = (options = {}): Session => (session = new Session(dataSource, options));
    const names = async (read: Session) => (await read.query(User).orderBy("id").all()).map(({ username }) => username);

    beforeAll(async () => {
      databases = [await kind.create(), await kind.create()];
      for (const [index, { options }] of databases.entries()) {
        const one = new DataSource({ ...options, entities: [...blog], synchronize: true } as DataSourceOptions);
        await one.initialize();
        const filling = new Session(one);
        filling.add(filling.create(User, { username: ["of the master", "of the replica"][index]! }));
        await filling.commit();
        await one.destroy();
      }
      const [master, replica] = databases.map(({ options }) => ({ url: (options as { url: string }).url }));
      const type = databases[0]!.options.type;
      const replication = { master, slaves: [replica] };
      dataSource = new DataSource({ type, replication, entities: [...blog] } as unknown as DataSourceOptions);
      await dataSource.initialize();
    });
    afterEach(async () => {
      await session.close();
      const emptied = new Session(dataSource);
      await emptied.query(Post).delete();
      await emptied.commit();
      await emptied.close();
    });
    afterAll(() => dataSource.destroy());

    test("session 42: reads outside a transaction go to a replica, whatever reads", async () => {
      expect(await names(newSession())).toEqual(["of the replica"]);
      const found: string[] = [];
      for await (const user of newSession().query(User).stream()) found.push(user.username);
      expect(found).toEqual(["of the replica"]);
      expect((await newSession().get(User, 1))!.username).toBe("of the replica");
      const values = await newSession().query(User).select("username").all();
      expect(values).toEqual([{ username: "of the replica" }]);
    });

    test("session 42: in a transaction everything goes to the master", async () => {
      newSession();
      session.add(session.create(Post, { body: "one" }));
      await session.flush();
      expect(await names(session)).toEqual(["of the master"]);
      await session.rollback();
      session.expungeAll();
      expect(await names(session)).toEqual(["of the replica"]);
      newSession({ isolation: "REPEATABLE READ" });
      expect(await names(session)).toEqual(["of the master"]);
    });

    test("session 42: after its own commit a session reads from the master, for as long as it is told", async () => {
      newSession({ readYourWrites: 0.2 });
      const post = session.create(Post, { body: "one" });
      session.add(post);
      await session.commit();
      expect((await session.query(Post).one()) === post).toBe(true);
      expect(await names(session)).toEqual(["of the master"]);
      await sleep(250);
      session.expungeAll();
      expect(await names(session)).toEqual(["of the replica"]);
      newSession({ readYourWrites: false });
      session.add(session.create(Post, { body: "two" }));
      await session.commit();
      expect(await names(session)).toEqual(["of the replica"]);
    });

    test("session 42: a transaction that only read makes nothing of it", async () => {
      newSession();
      await session.begin({ readOnly: true });
      expect(await names(session)).toEqual(["of the master"]);
      await session.commit();
      session.expungeAll();
      expect(await names(session)).toEqual(["of the replica"]);
    });

    test("session 42: connections of both are returned", async () => {
      const sessions = Array.from({ length: 30 }, () => new Session(dataSource));
      for (const [index, one] of sessions.entries()) {
        await one.query(User).all();
        if (index % 2 === 0) one.add(one.create(Post, { body: `${index}` }));
        await one.commit();
      }
      newSession();
      expect(await names(session)).toEqual(["of the replica"]);
    });
  },
  ["postgres", "mariadb"],
);
