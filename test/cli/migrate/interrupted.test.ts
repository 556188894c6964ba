import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchPrefixOf } from "../../../src/dialect/schema/live-scratch";
import { administer } from "../../helpers/administer";
import { cleanEnvironment, retortFile } from "../../helpers/command";
import { type ScratchDatabase, eachDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";
import { servers } from "../../helpers/servers";

/** So many that the copy takes a moment. */
const TABLES = 15;

const ENTITIES = `[...Array(${TABLES}).keys()].map((n) => new EntitySchema({ name: "T" + n, columns: { id: { type: Number, primary: true }, more: { type: Number, nullable: true } } }))`;

eachDatabase(
  (kind) => {
    const server = servers.find(({ type }) => type === kind.name)!;
    let scratch: ScratchDatabase;
    let project: MigrationProject;

    beforeEach(async () => {
      scratch = await kind.create();
      project = migrationProject(scratch, { entities: ENTITIES });
      await project.connected(async (query) => {
        for (let n = 0; n < TABLES; n++) await query(`CREATE TABLE t${n} (id int primary key)`);
      });
    });

    const scratches = () => administer(server, (admin) => admin.list(scratchPrefixOf(scratch.name)));

    function generate(): { child: ChildProcess; ended: Promise<number | NodeJS.Signals | null> } {
      const argv = [retortFile, "migrate", "generate", "more", "--dry-run"];
      const child = spawn(process.execPath, argv, { cwd: project.root, env: cleanEnvironment(), stdio: "ignore" });
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
        child.once("exit", (code, signal) => resolve(signal ?? code)),
      );
      return { child, ended };
    }

    /** Sends the signal while the command has a scratch database; gives how it ended. */
    async function interrupted(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
      const { child, ended } = generate();
      while ((await scratches()).length === 0 && child.exitCode === null) await sleep(20);
      child.kill(signal);
      return ended;
    }

    test.each([
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)("%s ends generate, which drops its scratch database first", async (signal, code) => {
      expect(await interrupted(signal)).toBe(code);
      expect(await scratches()).toEqual([]);
    });

    test("the scratch database of a process that was killed is dropped by the next command, that of a living one is not", async () => {
      expect(await interrupted("SIGKILL")).toBe("SIGKILL");
      const [left] = await scratches();
      expect(left).toBeTruthy();
      // The server notices in a moment that the process is gone.
      for (let tries = 0; (await scratches()).includes(left!) && tries < 5; tries++) await generate().ended;
      expect(await scratches()).toEqual([]);
      const both = [generate(), generate()];
      expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
      expect(await scratches()).toEqual([]);
    });
  },
  ["postgres", "mariadb"],
);
