import { randomInt } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { administer } from "./administer";
import { runNode } from "./command";
import { createOn, databaseUrl, missing } from "./databases";
import { lab, labMembers } from "./lab-servers";
import { repository } from "./repository";
import { isAbsent, isSkipped, type Server, type ServerType } from "./servers";

export type LabServerName = "primary" | "standby" | "pooler" | "galera";

/** One way to reach a database of the lab, as `eachLabServer` hands it to the suites. */
export interface LabServer {
  readonly name: LabServerName;
  readonly type: ServerType;
  /** True for the standby: `writableUrl` of its database is the primary's. */
  readonly readOnly: boolean;
  create(): Promise<LabDatabase>;
}

/** An empty database that all members of its kind have, dropped when the test file ends. */
export interface LabDatabase {
  readonly name: string;
  /** Where to connect: of a cluster any of its nodes, chosen anew each time. */
  url(): string;
  /** Where to write. */
  readonly writableUrl: string;
  drop(): Promise<void>;
}

const labServers: readonly (LabServer & { readonly members: readonly Server[] })[] = [
  labServer("primary", [lab.primary]),
  labServer("standby", [lab.standby], lab.primary),
  labServer("pooler", [lab.pooler], lab.primary),
  labServer("galera", lab.nodes),
];

function labServer(name: LabServerName, members: readonly Server[], writable = members[0]!) {
  const { type } = writable;
  return { name, type, readOnly: name === "standby", members, create: () => create(members, writable) };
}

async function create(members: readonly Server[], writable: Server): Promise<LabDatabase> {
  for (const member of members) if (isAbsent(member)) throw new Error(missing(member));
  const scratch = await createOn(writable);
  const { name } = scratch;
  for (const member of members) await hasDatabase(member, name);
  return {
    name,
    url: () => databaseUrl(members[randomInt(members.length)]!, name).href,
    writableUrl: databaseUrl(writable, name).href,
    drop: () => scratch.drop(),
  };
}

/** A standby and the nodes of a cluster apply what they have received a moment later. */
async function hasDatabase(member: Server, name: string): Promise<void> {
  const found = await until(async () => (await administer(member, (admin) => admin.list(name))).length > 0);
  if (!found) throw new Error(`${member.title} does not receive the database ${name}`);
}

/** Polls until the condition holds; false when it does not in time. */
export async function until(condition: () => Promise<boolean>, milliseconds = 20_000): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) {
    if (await condition()) return true;
  }
  return false;
}

/** The way to a database of the lab by its name, for a test that is about one only. */
export function labServerOf(name: LabServerName): LabServer {
  return labServers.find((candidate) => candidate.name === name)!;
}

/**
 * Declares the suite once a server of the lab: the primary directly, its standby, through the pooler, and the Galera
 * cluster. What is not up has its suite skipped, or failing with CI=true, as `eachDatabase` does.
 */
export function eachLabServer(
  declare: (server: LabServer) => void,
  names: readonly LabServerName[] = labServers.map(({ name }) => name),
): void {
  for (const server of labServers.filter(({ name }) => names.includes(name))) {
    const suite = server.members.some(isSkipped) ? describe.skip : describe;
    suite(server.name, () => declare(server));
  }
}

/** A suite that runs where the lab is up. */
export function describeLab(title: string, declare: () => void): void {
  const suite = labMembers.some(isSkipped) ? describe.skip : describe;
  suite(title, declare);
}

/** A lab of the test's own, for what others must not meet: `kill`, `promote`. */
export interface OwnLab {
  /** Runs a command of `npm run lab` in it; gives what it printed. Rejects when the exit code is not 0. */
  run(...args: string[]): Promise<string>;
  readonly addresses: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts one part of the lab at ports of its own. */
export async function startOwnLab(group: "postgres" | "galera"): Promise<OwnLab> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-lab-"));
  // Below the ports that the system gives to outgoing connections.
  const settings = ["--dir", folder, `--offset=${-31_000 - 100 * randomInt(80)}`];
  const run = async (...args: string[]) => {
    const program = path.join(repository, "test/lab/lab.mjs");
    const { stdout, stderr, exitCode } = await runNode([program, ...args, ...settings], { timeout: 180_000 });
    if (exitCode !== 0) throw new Error(`lab ${args.join(" ")}: exit ${exitCode}\n${stderr}`);
    return stdout;
  };
  const stop = async () => void (await run("stop"));
  try {
    const lines = (await run("start", group)).trim().split("\n");
    return { run, stop, addresses: Object.fromEntries(lines.map((line) => line.split("=") as [string, string])) };
  } catch (error) {
    await stop();
    throw error;
  }
}
