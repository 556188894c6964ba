// `npm run lab -- COMMAND`: the database servers that one plain server cannot stand in for, on 127.0.0.1 and in one folder:
//
//   a PostgreSQL primary (55432), its synchronous standby (55433), pgbouncer with transaction pooling before it (56432),
//   and a Galera cluster of three MariaDB nodes (53301, 53302, 53303)
//
// A script for node and not for bash: the members start side by side, and node has the drivers that ask them whether they
// are up, so that no client programs are needed.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { LabFailure, note } from "./failure.mjs";
import { galeraMembers, rejoinGalera, startGalera } from "./galera.mjs";
import { addresses, defaultFolder, HOST } from "./layout.mjs";
import { installMissing } from "./packages.mjs";
import { postgresMembers, promote, rejoinPostgres, startPostgres } from "./postgres.mjs";
import { giveTo, isRunning, kill, owner, stop } from "./processes.mjs";

const USAGE = `usage: npm run lab -- COMMAND [--dir=DIR] [--offset=N]

  start [postgres|galera]   starts what does not run, and prints the addresses: export $(npm run --silent lab -- start)
  status                    lists the members; exit code 3 when one is down
  stop                      ends what start has started, and removes the folder
  promote                   fail-over: the standby takes the primary's place and address; the next start makes a new standby
  kill NODE                 ends one member as a power failure would: primary, standby, pooler, node1, node2, node3
  rejoin NODE               starts it again

  --dir=DIR     folder of the lab (default: ${defaultFolder()})
  --offset=N    is added to all ports: a second lab beside the first one
`;

/** A folder without this file is none of the lab's, and is not removed. */
const MARKER = ".retort-lab";

const COMMANDS = {
  async start(lab, group) {
    const started = Date.now();
    if (group !== undefined && lab[group] === undefined) throw new LabFailure(USAGE, 2);
    const groups = group === undefined ? ["postgres", "galera"] : [group];
    const members = groups.flatMap((name) => Object.values(lab[name]));
    installMissing(lab.folder);
    for (const member of members) await prepare(member);
    await allOf([
      groups.includes("postgres") && startPostgres(lab.postgres),
      groups.includes("galera") && startGalera(lab.galera),
    ]);
    note(`all answer (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    for (const [name, address] of Object.entries(addresses(lab))) console.log(`${name}=${address}`);
  },

  async status(lab) {
    const states = await Promise.all(lab.members.map(stateOf));
    for (const [index, { name, port }] of lab.members.entries())
      console.log(`${name} ${HOST}:${port} ${states[index]}`);
    if (states.some((state) => state !== "up")) process.exitCode = 3;
  },

  async stop(lab) {
    const { primary, standby, pooler } = lab.postgres;
    // A primary that stops waits for its standby to have everything.
    await Promise.all([standby, pooler, ...Object.values(lab.galera)].map((member) => stop(member)));
    await stop(primary);
    rmSync(lab.folder, { recursive: true, force: true });
    note(`stopped, ${lab.folder} removed`);
  },

  async promote(lab) {
    await promote(lab.postgres);
    note("the standby is the primary now; start makes a new standby");
  },

  kill: (lab, name) => kill(memberOf(lab, name)),

  async rejoin(lab, name) {
    const member = memberOf(lab, name);
    if (isRunning(member)) return;
    await prepare(member);
    await (name in lab.galera ? rejoinGalera(lab.galera, member) : rejoinPostgres(lab.postgres, member));
  },
};

try {
  await run();
} catch (error) {
  if (!(error instanceof LabFailure)) throw error;
  if (error.exitCode === 2) process.stderr.write(error.message);
  else note(error.message);
  process.exitCode = error.exitCode;
}

async function run() {
  const { command, name, folder, offset } = readArguments();
  const [postgres, galera] = [postgresMembers({ folder, offset }), galeraMembers({ folder, offset })];
  const lab = { folder, offset, postgres, galera, members: Object.values({ ...postgres, ...galera }) };
  if (command === "status") return COMMANDS.status(lab);
  if (command === "start") makeFolder(folder);
  else if (!existsSync(folder) && command === "stop") return note(`nothing runs in ${folder}`);
  else if (!existsSync(path.join(folder, MARKER))) throw new LabFailure(`${folder} is not a lab's folder`);
  lock(folder);
  await COMMANDS[command](lab, name);
}

function readArguments() {
  try {
    const options = { dir: { type: "string", default: defaultFolder() }, offset: { type: "string", default: "0" } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [command, name, ...rest] = positionals;
    const offset = Number(values.offset);
    if (!Object.hasOwn(COMMANDS, command ?? "") || rest.length > 0 || !Number.isInteger(offset)) throw new TypeError();
    return { command, name, folder: path.resolve(values.dir), offset };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new LabFailure(error.message === "" ? USAGE : `${error.message}\n${USAGE}`, 2);
  }
}

function makeFolder(folder) {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(path.join(folder, MARKER), "");
}

/** One command at a time. The lock is that of an open file, which this process keeps to its end, however it ends. */
function lock(folder) {
  const file = openSync(path.join(folder, MARKER), "r");
  spawnSync("flock", ["3"], { stdio: ["ignore", "ignore", "inherit", file] });
}

/** A member that is to start needs its folder and its port. */
async function prepare(member) {
  if (isRunning(member)) return;
  if (!(await isFree(member.port))) throw new LabFailure(`port ${member.port} is in use by something else`);
  mkdirSync(member.folder, { recursive: true, mode: 0o700 });
  giveTo(member.user, member.folder);
  const { status } = spawnSync("test", ["-x", member.folder], owner(member.user));
  if (status !== 0) throw new LabFailure(`the user ${member.user} cannot enter ${member.folder}: use another --dir`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer().on("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

/** Waits for all of them, so that none is left half-started, and throws the first error. */
async function allOf(promises) {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function memberOf(lab, name) {
  const member = lab.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new LabFailure(USAGE, 2);
  return member;
}

async function stateOf(member) {
  if (!isRunning(member)) return "down";
  return (await member.answers()) ? "up" : "does not answer";
}
