import { execFileSync, spawn } from "node:child_process";
import { chownSync, closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LabFailure } from "./failure.mjs";

export const logOf = (member) => path.join(member.folder, "log");

const pidFile = (member) => path.join(member.folder, "pid");

/** Database servers refuse to run as root; everybody else runs them as themselves. */
export function owner(user) {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Files that root makes are for the user whose server writes them. */
export function giveTo(user, file) {
  const { uid, gid } = owner(user);
  if (uid !== undefined) chownSync(file, uid, gid);
}

/** Starts a member's server. It outlives this process. */
export function launch(member, program, args) {
  const child = spawn(program, args, { ...settings(member), detached: true });
  child.on("error", () => undefined); // there is no pid then, and waitFor reports that the member does not answer
  child.unref();
  if (child.pid !== undefined) writeFileSync(pidFile(member), String(child.pid));
}

/** Runs a program to its end. @throws {LabFailure} when its exit code is not 0. */
export async function execute(member, program, args) {
  const child = spawn(program, args, settings(member));
  const code = await new Promise((resolve) => {
    child.on("error", () => resolve(-1));
    child.on("close", resolve);
  });
  if (code !== 0) throw new LabFailure(`${path.basename(program)} failed: see ${logOf(member)}`);
}

function settings(member) {
  const log = openSync(logOf(member), "a");
  setImmediate(() => closeSync(log)); // the child has its own copy by then
  return {
    ...owner(member.user),
    cwd: member.folder,
    // Nothing else is handed on: PGHOST, MYSQL_HOME and their like would change what the servers do.
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: member.folder, TMPDIR: member.folder, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", log, log],
  };
}

/** The member's process id while it runs; a number that another program uses by now does not count. */
export function pidOf(member) {
  try {
    const pid = Number(readFileSync(pidFile(member), "utf8"));
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${member.folder}/`) ? pid : undefined;
  } catch {
    return undefined;
  }
}

export const isRunning = (member) => pidOf(member) !== undefined;

/** Asks the member to shut down, and kills it after 20 s. */
export async function stop(member) {
  const pid = pidOf(member);
  if (pid === undefined) return;
  process.kill(pid, member.stopSignal);
  if (!(await ended([pid], 20_000))) await kill(member);
}

/** Ends the member as a power failure would: at once, with all its child processes. */
export async function kill(member) {
  const pid = pidOf(member);
  if (pid === undefined) return;
  const pids = [pid, ...descendants(pid)];
  for (const each of pids) signal(each, "SIGKILL");
  // PostgreSQL does not start in a folder while a child of the last server is still there.
  if (!(await ended(pids, 10_000))) throw new LabFailure(`${member.name} (${pid}) does not end`);
  rmSync(pidFile(member), { force: true });
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // it has just ended
  }
}

async function ended(pids, milliseconds) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) {
    if (!pids.some(exists)) return true;
  }
  return false;
}

/** A process that has ended and that nobody has waited for yet (state Z) does not count: in a container, nobody may. */
function exists(pid) {
  return stat(pid) !== undefined && stat(pid).state !== "Z";
}

function descendants(pid) {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: stat(name)?.parent }));
  const childrenOf = (parent) =>
    parents.filter((entry) => entry.parent === parent).flatMap((child) => [child.pid, ...childrenOf(child.pid)]);
  return childrenOf(pid);
}

/** Of /proc/PID/stat: `pid (name) state parent …`; the name may have spaces and brackets in it. */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Polls until the member answers as it should. @throws {LabFailure} when its process ends, or after a minute. */
export async function waitFor(member, answers = member.answers) {
  for (const end = Date.now() + 60_000; Date.now() < end && isRunning(member); await sleep(50)) {
    if (await answers()) return;
  }
  const state = isRunning(member) ? "does not answer" : "ended";
  throw new LabFailure(`${member.name} ${state}: see ${logOf(member)}`);
}
