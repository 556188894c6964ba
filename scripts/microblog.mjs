// A fresh copy of the demo in a folder of its own, so that what is played or measured leaves the demo's database alone.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("..", import.meta.url));
export const retort = path.join(repository, "bin/retort.js");

const COPIED = ["package.json", "tsconfig.json", "ormconfig.ts", "examples", "migrations"];

/** Copies the demo, applies its migrations, hands the folder to `work`, and takes the folder away. */
export async function withMicroblog(work) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "retort-microblog-")));
  try {
    for (const name of COPIED) cpSync(path.join(repository, name), path.join(folder, name), { recursive: true });
    symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"), "junction");
    const { status, stderr } = spawnSync(process.execPath, [retort, "migrate", "up"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`retort migrate up: exit ${status}\n${stderr}`);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
