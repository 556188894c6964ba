import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { repository } from "./repository";

/**
 * Builds dist/ when a source is newer than it, so that the tests of the command never run yesterday's. Types that do not
 * agree are said, and no more: `npm run check` is there for them.
 */
export function build(): void {
  const marker = path.join(repository, "dist/.tsbuildinfo");
  const built = fs.existsSync(marker) ? fs.statSync(marker).mtimeMs : 0;
  if (newest(path.join(repository, "src")) <= built) return;
  const started = new Date();
  const compiler = require.resolve("typescript/lib/tsc.js");
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: repository,
    encoding: "utf8",
  });
  const errors = stdout.split("\n").filter((line) => /error TS/.test(line)).length;
  if (errors > 0) process.stderr.write(`dist/ was built, but tsc finds ${errors} errors: npm run check:types\n`);
  // The compiler leaves its marker alone when a newer source says the same as before.
  if (fs.existsSync(marker)) fs.utimesSync(marker, started, started);
}

function newest(folder: string): number {
  const files = fs.readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((entry) => fs.statSync(path.join(entry.parentPath, entry.name)).mtimeMs));
}
