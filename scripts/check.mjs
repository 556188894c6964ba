// Runs every `check:…` script of package.json, says one line about each, and the whole output of those that fail.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";

const repository = new URL("..", import.meta.url);
const { scripts } = JSON.parse(readFileSync(new URL("package.json", repository), "utf8"));
const parts = Object.keys(scripts).filter((name) => name.startsWith("check:"));
const failed = parts.filter((name) => !passes(name));

if (failed.length > 0) {
  console.log(`${failed.length} of ${parts.length} checks failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}

function passes(name) {
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", name], {
    cwd: repository,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28,
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}
