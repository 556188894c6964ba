import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { LOOPED } from "./works.mjs";

/** SQLAlchemy in a Python of its own, which is told what to do a line at a time; undefined where no Python has it. */
export async function sqlAlchemy() {
  const python = ["python3", "/usr/bin/python3"].find(
    (name) => spawnSync(name, ["-c", "import sqlalchemy"], { stdio: "ignore" }).status === 0,
  );
  if (!python) return undefined;
  const program = fileURLToPath(new URL("sqlalchemy_works.py", import.meta.url));
  const child = spawn(python, [program, String(LOOPED)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { version } = JSON.parse((await lines.next()).value);
  const ask = (work) => async (file, rows) => {
    child.stdin.write(`${JSON.stringify({ work, file, rows })}\n`);
    const { value } = await lines.next();
    if (value === undefined) throw new Error("SQLAlchemy's process ended");
    return JSON.parse(value);
  };
  const works = ["insert", "all", "update", "get", "delete", "nothing", "loop"];
  return {
    name: "SQLAlchemy",
    version,
    ...Object.fromEntries(works.map((work) => [work, ask(work)])),
    close: () => child.stdin.end(),
  };
}
