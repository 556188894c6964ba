import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LabFailure, note } from "./failure.mjs";

export const PGBOUNCER = "/usr/sbin/pgbouncer";
export const MARIADBD = "/usr/sbin/mariadbd";
export const GALERA = "/usr/lib/galera/libgalera_smm.so";

const POSTGRES = "/usr/lib/postgresql";
const POLICY = "/usr/sbin/policy-rc.d";

/** Exit code when the servers are not installed and cannot be. */
const NOT_INSTALLED = 4;

/** Path of a PostgreSQL server program, of the newest release that is installed. */
export function postgresProgram(name) {
  const releases = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = releases.map((release) => path.join(POSTGRES, release, "bin", name));
  return candidates.find((program) => existsSync(program));
}

/** Debian package → whether what the lab needs of it is there. */
const REQUIRED = {
  postgresql: () => postgresProgram("initdb") !== undefined,
  pgbouncer: () => existsSync(PGBOUNCER),
  "mariadb-server": () => existsSync(MARIADBD),
  "galera-4": () => existsSync(GALERA),
  rsync: () => existsSync("/usr/bin/rsync"),
  iproute2: () => ["/usr/bin/lsof", "/bin/ss", "/usr/bin/ss"].some((file) => existsSync(file)), // wsrep_sst_rsync needs one
};

/** Installs what is missing. @throws {LabFailure} with exit code 4 where that is not possible. */
export function installMissing(folder) {
  const missing = Object.keys(REQUIRED).filter((name) => !REQUIRED[name]());
  if (missing.length === 0) return;
  const names = missing.join(" ");
  if (process.getuid() !== 0) throw new LabFailure(`not installed: ${names} (apt-get install ${names})`, NOT_INSTALLED);
  note(`installing ${names}`);
  const log = path.join(folder, "apt.log");
  const installed = withoutServiceStart(
    () => apt(log, "update") && apt(log, "install", "-y", "--no-upgrade", "--no-install-recommends", ...missing),
  );
  if (!installed) throw new LabFailure(`cannot install ${names}: apt-get failed, see ${log}`, NOT_INSTALLED);
}

function apt(log, ...args) {
  const output = openSync(log, "a");
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return spawnSync("apt-get", ["-q", ...args], { env, stdio: ["ignore", output, output] }).status === 0;
  } finally {
    closeSync(output);
  }
}

/** Debian's packages start their services, and restart those that run; policy-rc.d with exit code 101 forbids both. */
function withoutServiceStart(install) {
  if (existsSync(POLICY)) return install();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(POLICY);
  }
}
