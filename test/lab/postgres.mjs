import { appendFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { LabFailure } from "./failure.mjs";
import { HOST, place } from "./layout.mjs";
import { PGBOUNCER, postgresProgram } from "./packages.mjs";
import { execute, isRunning, kill, launch, stop, waitFor } from "./processes.mjs";

/** The standby's name in the primary's synchronous_standby_names. */
const STANDBY = "retort_lab_standby";

/** A PostgreSQL primary, its standby, and a pooler in front of the primary. */
export function postgresMembers(lab) {
  const member = (name, answers, stopSignal = "SIGINT") => ({
    ...place(lab, name),
    user: "postgres",
    stopSignal,
    answers: () => answers(place(lab, name).port),
  });
  return {
    primary: member("primary", isWritable),
    standby: member("standby", isStreaming),
    pooler: member("pooler", isWritable, "SIGTERM"),
  };
}

/** Starts the members that do not run; a standby that does not exist is copied from the primary. */
export async function startPostgres(members) {
  const { primary, standby, pooler } = members;
  await rejoinPostgres(members, primary);
  await Promise.all([standby, pooler].map((member) => rejoinPostgres(members, member)));
  await waitFor(standby, () => isSynchronous(primary.port));
}

/** Starts one member. */
export async function rejoinPostgres({ primary, standby, pooler }, member) {
  if (isRunning(member)) return;
  if (member === primary) await startPrimary(primary);
  if (member === standby) await startStandby(primary, standby);
  if (member === pooler) await startPooler(primary, pooler);
}

/**
 * Fail-over: the primary is lost, and the standby takes its place, its address too, as with a floating IP. Connections to
 * both are cut. There is no standby until the next start makes one.
 */
export async function promote({ primary, standby }) {
  if (!isRunning(standby)) throw new LabFailure("there is no standby: npm run lab -- start");
  await kill(primary);
  await replicateTo(standby, ""); // commits would wait for a standby that does not exist
  await query(standby.port, "SELECT pg_promote(true, 60)");
  await stop(standby);
  rmSync(primary.folder, { recursive: true });
  renameSync(standby.folder, primary.folder);
  launchServer(primary);
  await waitFor(primary);
}

async function startPrimary(primary) {
  if (!existsSync(path.join(data(primary), "PG_VERSION"))) {
    const locale = ["--encoding=UTF8", "--locale=C.UTF-8"];
    const args = ["-D", data(primary), "-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions", ...locale];
    await execute(primary, postgresProgram("initdb"), args);
    appendFileSync(path.join(data(primary), "postgresql.conf"), CONFIGURATION);
  }
  launchServer(primary);
  await waitFor(primary);
}

async function startStandby(primary, standby) {
  if (!existsSync(path.join(data(standby), "standby.signal"))) {
    rmSync(data(standby), { recursive: true, force: true }); // a copy that was interrupted
    const source = `host=${HOST} port=${primary.port} user=postgres application_name=${STANDBY}`;
    const args = ["-d", source, "-D", data(standby), "-R", "-X", "stream", "-c", "fast", "--no-sync"];
    await execute(standby, postgresProgram("pg_basebackup"), args);
  }
  launchServer(standby);
  await waitFor(standby);
  await replicateTo(primary, STANDBY);
  await waitFor(standby, () => isSynchronous(primary.port));
}

/** A commit is acknowledged when these standbys have it too. Written by ALTER SYSTEM, so that a restart keeps it. */
async function replicateTo(server, standbys) {
  await query(server.port, `ALTER SYSTEM SET synchronous_standby_names = '${standbys}'`);
  await query(server.port, "SELECT pg_reload_conf()");
}

async function startPooler(primary, pooler) {
  const file = path.join(pooler.folder, "pgbouncer.ini");
  writeFileSync(file, poolerConfiguration(primary, pooler));
  launch(pooler, PGBOUNCER, [file]);
  await waitFor(pooler);
}

const data = (member) => path.join(member.folder, "data");

function launchServer(member) {
  rmSync(path.join(data(member), "postmaster.pid"), { force: true }); // left by `kill`: all its processes have ended
  launch(member, postgresProgram("postgres"), ["-D", data(member), "-p", String(member.port)]);
}

async function isWritable(port) {
  return (await answer(port, "SELECT pg_is_in_recovery()::text AS value")) === "false";
}

async function isStreaming(port) {
  return (await answer(port, "SELECT status AS value FROM pg_stat_wal_receiver")) === "streaming";
}

async function isSynchronous(port) {
  return (await answer(port, "SELECT sync_state AS value FROM pg_stat_replication")) === "sync";
}

const answer = (port, sql) =>
  query(port, sql).then(
    ([row]) => row?.value,
    () => undefined,
  );

async function query(port, text) {
  const client = new pg.Client({
    host: HOST,
    port,
    user: "postgres",
    database: "postgres",
    connectionTimeoutMillis: 5000,
  });
  client.on("error", () => undefined); // a server that stops ends the connection; the query's own error is enough
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

// fsync is off: a killed server loses nothing, a computer without power does. The last line is for `kill`: POSIX shared
// memory would outlive the server and the folder.
const CONFIGURATION = `
listen_addresses = '${HOST}'
unix_socket_directories = ''
max_connections = 150
shared_buffers = 32MB
fsync = off
full_page_writes = off
wal_level = replica
wal_keep_size = 128MB
max_wal_size = 512MB
hot_standby = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
deadlock_timeout = 300ms
dynamic_shared_memory_type = mmap
`;

// server_login_retry: after a fail-over the default keeps clients waiting for 15 seconds.
const poolerConfiguration = (primary, pooler) => `[databases]
* = host=${HOST} port=${primary.port} user=postgres
[pgbouncer]
listen_addr = ${HOST}
listen_port = ${pooler.port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 10
max_client_conn = 300
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
`;
