import fs from "node:fs";
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, retortFile } from "../../helpers/command";
import { eachLabServer, until, type LabDatabase } from "../../helpers/lab";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Where the server's own lock belongs to one node, or a pooler hands its connections around, the lock is a lease. */
eachLabServer(
  (server) => {
    let database: LabDatabase;
    let project: MigrationProject;

    beforeEach(async () => {
      database = await server.create();
      project = migrationProject(
        { ...database, env: {}, options: { type: server.type, url: database.writableUrl } },
        { options: `url: process.env.AT || ${JSON.stringify(database.writableUrl)}` },
      );
      project.migration(1, "Accounts", {
        up: [
          "CREATE TABLE account (id int primary key, cents int)",
          "CREATE TABLE fee (id int, cents int)",
          "INSERT INTO account VALUES (1, 100), (2, 200)",
        ],
      });
      expect(await run()).toMatchObject({ code: 0 });
    });

    afterEach(() => database.drop());

    const pause = server.type === "postgres" ? "SELECT pg_sleep(0.6)" : "DO SLEEP(0.6)";
    const fees = () => project.query("SELECT id, cents FROM fee ORDER BY id");
    const lease = () => project.query("SELECT owner FROM retort_migrations_lease");

    interface Run {
      readonly child: ChildProcess;
      readonly said: () => string;
      readonly ended: Promise<{ code: number | NodeJS.Signals | null; said: string; milliseconds: number }>;
    }

    /** An `up` at any of the cluster's nodes. */
    function start(...argv: string[]): Run {
      const began = performance.now();
      const child = spawn(process.execPath, [retortFile, "migrate", "up", ...argv], {
        cwd: project.root,
        env: { ...cleanEnvironment(), AT: database.url() },
      });
      children.push(child);
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (text += data.toString()));
      const ended = new Promise<Awaited<Run["ended"]>>((resolve) =>
        child.once("close", (code, signal) =>
          resolve({ code: signal ?? code, said: text, milliseconds: performance.now() - began }),
        ),
      );
      return { child, said: () => text, ended };
    }

    const run = (...argv: string[]) => start(...argv).ended;

    /** A migration that charges a fee, and then waits until the test lets it go on. */
    function patientMigration(): { gate: string } {
      const gate = project.path("gate");
      project.migration(2, "Fees", {
        up: `
    await queryRunner.query("INSERT INTO fee SELECT id, 5 FROM account");
    console.log("inside");
    while (!require("node:fs").existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20));
    await queryRunner.query("INSERT INTO fee SELECT id, 7 FROM account");`,
      });
      return { gate };
    }

    test.each([1, 2, 3])("migrate 21: four runners apply a data migration once, time %s", async () => {
      project.migration(2, "Fees", { up: ["INSERT INTO fee SELECT id, 5 FROM account", pause] });
      const all = await Promise.all([1, 2, 3, 4].map(() => run("--lock-timeout", "60")));
      expect(all.map(({ code, said }) => ({ code, said: code === 0 ? "" : said }))).toEqual(
        all.map(() => ({ code: 0, said: "" })),
      );
      expect(await fees()).toMatchObject([{ cents: 5 }, { cents: 5 }]);
      expect(await lease()).toEqual([]);
    });

    test("migrate promise 5: a run that is killed in the middle costs the next one less than the default timeout", async () => {
      const { gate } = patientMigration();
      const killed = start();
      expect(await until(async () => killed.said().includes("inside"))).toBe(true);
      killed.child.kill("SIGKILL");
      await killed.ended;
      fs.writeFileSync(gate, "");
      const next = await run();
      expect(next).toMatchObject({ code: 0, said: expect.stringContaining(nameOf(2, "Fees")) as string });
      expect(await fees()).toHaveLength(4);
      expect(await lease()).toEqual([]);
    });

    test("migrate promise 5: a run that was stopped for longer than its lease lasts does nothing more when it goes on", async () => {
      const { gate } = patientMigration();
      const stopped = start();
      expect(await until(async () => stopped.said().includes("inside"))).toBe(true);
      stopped.child.kill("SIGSTOP");
      fs.writeFileSync(gate, "");
      const next = start("--lock-timeout", "30");
      // Its open transaction keeps its rows locked, and behind the pooler the lock as well, until it goes on.
      await sleep(8000);
      stopped.child.kill("SIGCONT");
      const [first, second] = await Promise.all([stopped.ended, next.ended]);
      expect([first.code, second.code].filter((code) => code === 0).length).toBeGreaterThan(0);
      if (first.code !== 0) expect(first.said).toContain("another run took over the migration lock");
      expect(await fees()).toHaveLength(4);
      expect(await project.query("SELECT name FROM migrations")).toHaveLength(2);
    });

    test.each([
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)(
      "migrate promise 5: %s gives the lease back, and nothing of the migration is left",
      async (signal, code) => {
        const { gate } = patientMigration();
        const ended = start();
        expect(await until(async () => ended.said().includes("inside"))).toBe(true);
        ended.child.kill(signal);
        expect(await ended.ended).toMatchObject({ code });
        expect(await lease()).toEqual([]);
        expect(await fees()).toEqual([]);
        fs.writeFileSync(gate, "");
        expect(await run()).toMatchObject({ code: 0 });
        expect(await fees()).toHaveLength(4);
      },
    );

    test("migrate promise 6: reading creates no table of the lease", async () => {
      await project.query("DROP TABLE retort_migrations_lease");
      for (const command of ["status", "lint"]) expect((await project.hosted(["migrate", command])).exitCode).toBe(0);
      await expect(lease()).rejects.toThrow(/retort_migrations_lease/);
    });
  },
  ["pooler", "galera"],
);
