import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { repository } from "../../../helpers/repository";
import { scratchProject } from "../../../helpers/project";

/** Takes the lock and gives it back for a while; whoever has it makes a file that nobody else may have made. */
const WORKER = `
const fs = require("node:fs");
const { lockFile } = require(${JSON.stringify(path.join(repository, "dist/migrate/run/databases/sqlite-lock.js"))});
const end = Date.now() + 1500;
(async () => {
  let count = 0;
  for (; Date.now() < end; count++) {
    const lock = await lockFile("lock", require("better-sqlite3"), { timeout: 60_000, waiting() {} });
    fs.closeSync(fs.openSync("held", "wx"));
    fs.rmSync("held");
    await lock.release();
  }
  console.log(count);
})();
`;

test("many processes take the lock in turn: never two at once, and none fails when another one gives it back", async () => {
  const project = scratchProject({ files: { "worker.js": WORKER } });
  const run = () => promisify(execFile)(process.execPath, ["worker.js"], { cwd: project.root });
  const workers = await Promise.all([1, 2, 3, 4].map(run));
  expect(workers.map(({ stderr }) => stderr)).toEqual(["", "", "", ""]);
  for (const { stdout } of workers) expect(Number(stdout)).toBeGreaterThan(0);
  expect(project.list()).not.toContain("lock");
});
