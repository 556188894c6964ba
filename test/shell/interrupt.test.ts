import { once } from "node:events";
import net from "node:net";
import { DataSource, Entity, PrimaryColumn } from "typeorm";
import { connect, type Database } from "../../src/session/database";
import { Repl } from "../../src/shell/repl";
import { eachDatabase } from "../helpers/databases";
import { replOver, type OpenRepl } from "../helpers/repl";

@Entity()
class Thing {
  @PrimaryColumn("integer")
  id!: number;
}

const SLEEP = { postgres: "select pg_sleep(20)", mariadb: "select sleep(20)" } as const;

/** Statements that sleep still. */
const ASLEEP = {
  postgres: `select query from pg_stat_activity where datname = current_database() and state = 'active' and query = '${SLEEP.postgres}'`,
  mariadb: `select info from information_schema.processlist where db = database() and info = '${SLEEP.mariadb}'`,
} as const;

const OTHERS = {
  postgres: "select pid as id from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  mariadb: "select id from information_schema.processlist where db = database() and id <> connection_id()",
} as const;

const KILL = {
  postgres: (id: number) => `select pg_terminate_backend(${id})`,
  mariadb: (id: number) => `kill ${id}`,
} as const;

eachDatabase(
  (database) => {
    const name = database.name as keyof typeof SLEEP;
    let dataSource: DataSource;
    let db: Database;
    let opened: OpenRepl;
    let repl: Repl;

    beforeEach(async () => {
      const { options } = await database.create();
      dataSource = await new DataSource({ ...options, entities: [Thing], synchronize: true } as never).initialize();
      db = await connect(dataSource);
      opened = replOver(db);
      ({ repl } = opened);
    });
    afterEach(async () => {
      repl.close();
      await db.close();
      await dataSource.destroy();
    });

    test("shell 15: Ctrl-C ends a statement in the server, and the next one runs", async () => {
      const started = Date.now();
      const running = repl.run(`db.dataSource.query(${JSON.stringify(SLEEP[name])})`);
      setTimeout(() => repl.interrupt(), 300);
      expect(await running).toBe(false);
      expect(opened.output()).toContain("interrupted");
      await repl.run("db.dataSource.query('select 1 as one')");
      expect(opened.output()).toMatch(/one\n─+\n +1/);
      expect(Date.now() - started).toBeLessThan(10_000);
      expect(await dataSource.query(ASLEEP[name])).toEqual([]);
    });

    /** Ends every connection of the shell's, as a restart of the server does, or somebody who tidies up. */
    async function loseConnections(): Promise<void> {
      const others = await new DataSource({ ...dataSource.options, entities: [], synchronize: false } as never);
      await others.initialize();
      const rows = (await others.query(OTHERS[name])) as { id: number }[];
      for (const { id } of rows) await others.query(KILL[name](id));
      await others.destroy();
    }

    test("shell 15: a connection that was lost while nobody used it does not concern the next statement", async () => {
      await repl.run("Thing.query.count()");
      for (const again of ["Thing.query.count() + 41", "db.session.add(Thing(id=1)); db.session.commit()"]) {
        await loseConnections();
        expect(await repl.run(again)).toBe(true);
        opened.output();
        await repl.run("Thing.query.count() + 41");
        expect(opened.output()).not.toContain("lost");
      }
      expect(await repl.valueOf("Thing.query.count()")).toBe(1);
    });

    test("shell 15: a stream takes a lost connection up as well", async () => {
      await repl.run("db.session.addAll([1, 2, 3].map(id => Thing({ id }))); db.session.commit()");
      await repl.run("for (const { id } of Thing.query.stream()) print(id)");
      await loseConnections();
      opened.output();
      expect(await repl.run("for (const { id } of Thing.query.orderBy('id').stream()) print(id)")).toBe(true);
      expect(opened.output()).toMatch(/^1\n2\n3\n/);
    });

    test("shell 15: a connection that is lost in a transaction is named with every statement until the rollback", async () => {
      await repl.run("db.session.add(Thing(id=1)); db.session.flush()");
      await loseConnections();
      // The second one's failure is the session's own.
      for (const text of ["Thing.query.count()", "db.session.commit()"]) {
        opened.output();
        expect(await repl.run(text)).toBe(false);
        expect(opened.output()).toMatch(
          /^the connection to the database is lost: [^→]*→ .*roll ?back.*, (and|then) try/,
        );
      }
      expect(await repl.run("db.session.rollback()")).toBe(true);
      expect(await repl.run("db.session.add(Thing(id=1)); db.session.commit()")).toBe(true);
      expect(await repl.valueOf("Thing.query.count()")).toBe(1);
    });

    test("shell 15: a server that does not answer is named, and taken up when it is back", async () => {
      const { port } = new URL((dataSource.options as { url: string }).url);
      const server = new Passage(Number(port));
      const url = new URL((dataSource.options as { url: string }).url);
      url.port = String(await server.open());
      const away = await new DataSource({ ...dataSource.options, url: url.href } as never).initialize();
      const awayDb = await connect(away);
      const shell = replOver(awayDb);
      try {
        expect(await shell.type("Thing.query.count() + 41")).toContain("41");
        server.close();
        for (let time = 0; time < 2; time += 1) {
          const [what, next] = await shell.type("Thing.query.count()");
          expect(what).toMatch(/^the connection to the database is lost: connect ECONNREFUSED/);
          expect(next).toContain("nothing was lost with it: try again, once the server answers");
        }
        await server.open();
        expect(await shell.type("Thing.query.count() + 41")).toContain("41");
      } finally {
        shell.repl.close();
        await awayDb.close();
        await away.destroy();
        server.close();
      }
    });

    test("shell 15: a sandbox whose connection is lost begins anew, and says so", async () => {
      await repl.run("db.session.sandbox()");
      await repl.run("db.session.add(Thing(id=1)); db.session.commit()");
      await loseConnections();
      opened.output();
      expect(await repl.run("Thing.query.count()")).toBe(false);
      expect(opened.output()).toContain("the sandbox was restarted; its earlier changes are lost");
      expect(await repl.valueOf("Thing.query.count()")).toBe(0);
      expect(await repl.run("db.session.add(Thing(id=2)); db.session.commit()")).toBe(true);
      expect(await repl.valueOf("Thing.query.count()")).toBe(1);
    });
  },
  ["postgres", "mariadb"],
);

/** A way to a server that can be shut and opened again. */
class Passage {
  private server: net.Server | undefined;
  private readonly sockets = new Set<net.Socket>();
  private port = 0;

  constructor(private readonly target: number) {}

  /** Gives the port. */
  async open(): Promise<number> {
    this.server = net.createServer((socket) => {
      const there = net.connect(this.target, "127.0.0.1");
      for (const end of [socket, there]) {
        this.sockets.add(end);
        end.on("error", () => undefined);
      }
      socket.pipe(there).pipe(socket);
    });
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = (this.server.address() as net.AddressInfo).port;
    return this.port;
  }

  close(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
}
