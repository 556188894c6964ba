import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, retortFile } from "../../helpers/command";
import { eachDatabase, type DatabaseName } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

/** Tables t1 … t5, one a migration, each with so many rows that come one by one. */
const TABLES = 5;
const ROWS = 30;

function project(scratch: Parameters<typeof migrationProject>[0]): MigrationProject {
  const own = migrationProject(scratch);
  for (let number = 1; number <= TABLES; number++) {
    own.migration(number, `Table${number}x`, {
      up: `
    await queryRunner.query("CREATE TABLE t${number} (id int primary key, value int)");
    for (let id = 1; id <= ${ROWS}; id++) await queryRunner.query("INSERT INTO t${number} VALUES (" + id + ", 1)");
    await queryRunner.query("ALTER TABLE t${number} ADD COLUMN extra int");
    await queryRunner.query("UPDATE t${number} SET value = value + 1");`,
      down: `
    for (let id = ${ROWS}; id > ${ROWS / 2}; id--) await queryRunner.query("DELETE FROM t${number} WHERE id = " + id);
    await queryRunner.query("UPDATE t${number} SET value = value - 1");
    await queryRunner.query("DROP TABLE t${number}");`,
    });
  }
  return own;
}

/** Starts the command and kills it after so many milliseconds; gives how it ended. */
async function killed(own: MigrationProject, argv: readonly string[], after: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [retortFile, "migrate", ...argv], {
    cwd: own.root,
    env: cleanEnvironment(),
    stdio: "ignore",
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await Promise.race([sleep(after), ended]);
  child.kill("SIGKILL");
  return ended;
}

/** How many tables are there; throws unless each is whole. */
function wholeTables(own: MigrationProject): Promise<number> {
  return own.connected(countWhole);
}

async function countWhole(query: MigrationProject["query"]): Promise<number> {
  const history = await query("SELECT name FROM migrations ORDER BY id").catch(() => []);
  expect(history.map(({ name }) => name)).toEqual(history.map((_, index) => nameOf(index + 1, `Table${index + 1}x`)));
  for (let number = 1; number <= TABLES; number++) {
    const rows = query(`SELECT count(*) AS n, sum(value) AS total, count(extra) AS extras FROM t${number}`);
    if (number > history.length) await expect(rows).rejects.toThrow(/no such table|does not exist|doesn't exist/);
    else expect((await rows).map(({ n, total }) => [Number(n), Number(total)])).toEqual([[ROWS, 2 * ROWS]]);
  }
  return history.length;
}

/** Kills in the ordinary run. The embedded database is where every moment counts: nothing but the file is left. */
const KILLS: Record<DatabaseName, number> = { sqlite: 50, postgres: 8, mariadb: 12 };

eachDatabase((kind) => {
  test(`migrate promise 4: killed at any moment, ${KILLS[kind.name]} times, up and down leave whole steps`, async () => {
    const own = project(await kind.create());
    // Never whole steps only by luck: the moments are spread over the time that one whole run takes.
    const started = performance.now();
    await own.retort(["migrate", "up"]);
    let whole = performance.now() - started;
    expect(await wholeTables(own)).toBe(TABLES);

    let [hits, direction] = [0, "down"];
    for (let kill = 0; kill < KILLS[kind.name]; kill++) {
      const argv = direction === "up" ? ["up"] : ["down", "base"];
      const signal = await killed(own, argv, whole * (0.4 + 0.6 * Math.random()));
      if (signal === "SIGKILL") hits++;
      else whole *= 0.8; // the machine was slower when it was measured
      if (kind.name !== "mariadb") await wholeTables(own);
      else {
        const { exitCode, stdout } = await own.hosted(["migrate", "status", "--json"]);
        const status = JSON.parse(stdout) as { halfApplied: { name: string; direction: string } | null };
        expect(exitCode).toBe(status.halfApplied ? 6 : 0);
        if (!status.halfApplied) await wholeTables(own);
      }
      // What was killed is finished now and then, so that each way is begun from both ends.
      if (signal === null || Math.random() < 0.3) {
        const { exitCode, stderr } = await own.hosted(["migrate", ...argv]);
        expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
        expect(await wholeTables(own)).toBe(direction === "up" ? TABLES : 0);
        direction = direction === "up" ? "down" : "up";
      }
    }
    expect(hits).toBeGreaterThan(KILLS[kind.name] / 3);
    const { exitCode } = await own.hosted([
      "migrate",
      direction === "up" ? "up" : "down",
      ...(direction === "up" ? [] : ["base"]),
    ]);
    expect(exitCode).toBe(0);
    expect(await wholeTables(own)).toBe(direction === "up" ? TABLES : 0);
  }, 180_000);
});
