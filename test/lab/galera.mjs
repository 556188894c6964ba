import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import mysql from "mysql2/promise";
import { LabFailure } from "./failure.mjs";
import { HOST, NODE_NAMES, place } from "./layout.mjs";
import { GALERA, MARIADBD } from "./packages.mjs";
import { execute, giveTo, isRunning, launch, stop, waitFor } from "./processes.mjs";

/** Three MariaDB nodes, each of which accepts writes. */
export function galeraMembers(lab) {
  const places = NODE_NAMES.map((name) => place(lab, name));
  const members = places.map((each, index) => ({
    ...each,
    user: "mysql",
    stopSignal: "SIGTERM",
    configuration: configuration(each, index, places),
    answers: () => isSynced(each.port),
  }));
  return Object.fromEntries(members.map((member) => [member.name, member]));
}

/** Starts the nodes that do not run. Where no cluster is left to join, the node with the latest writes begins it again. */
export async function startGalera(members) {
  const nodes = Object.values(members);
  if (nodes.every(isRunning) && (await hasPrimaryComponent(nodes))) return;
  for (const node of nodes) writeFileSync(configurationFile(node), node.configuration);
  if (!existsSync(data(nodes[0]))) await initialize(nodes[0]);
  if (!(await hasPrimaryComponent(nodes))) await bootstrap(nodes);
  await join(nodes.filter((node) => !isRunning(node)));
}

/** Starts one node. */
export async function rejoinGalera(members, node) {
  if (!(await hasPrimaryComponent(Object.values(members)))) {
    throw new LabFailure(`${node.name} finds no cluster to join: npm run lab -- start`);
  }
  await join([node]);
}

/** Makes the first node's data folder; the others copy it when they join. */
async function initialize(node) {
  const unfinished = `${data(node)}.new`; // renamed at the end, so that a folder that exists is complete
  rmSync(unfinished, { recursive: true, force: true });
  const options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--wsrep-on=OFF"];
  const files = [`--defaults-file=${configurationFile(node)}`, `--datadir=${unfinished}`];
  await execute(node, "mariadb-install-db", [...files, ...options]);
  renameSync(unfinished, data(node));
}

async function bootstrap(nodes) {
  await Promise.all(nodes.map((node) => stop(node))); // nodes without a majority accept no writes, and would not join
  const positions = await Promise.all(nodes.map((node) => position(node)));
  const latest = Math.max(...positions.map(({ seqno }) => seqno));
  const index = positions.findIndex(({ seqno }) => seqno === latest);
  allowBootstrap(nodes[index]);
  launchNode(nodes[index], positions[index], "--wsrep-new-cluster");
  await waitFor(nodes[index]);
}

async function join(nodes) {
  const start = async (node) => {
    makeDataFolder(node);
    launchNode(node, await position(node));
    await waitFor(node);
  };
  await Promise.all(nodes.map(start));
}

function makeDataFolder(node) {
  mkdirSync(data(node), { recursive: true });
  giveTo(node.user, data(node));
}

/** With its position a node is sent the writes that it has missed, without it a copy of everything. */
function launchNode(node, { uuid, seqno }, ...args) {
  const start = seqno < 0 ? [] : [`--wsrep-start-position=${uuid}:${seqno}`];
  launch(node, MARIADBD, [`--defaults-file=${configurationFile(node)}`, ...start, ...args]);
}

/** The last write that a node which does not run has. After a crash only InnoDB knows; -1 where nobody does. */
async function position(node) {
  const state = readState(node);
  if (state.seqno >= 0 || state.uuid === undefined) return state;
  const log = path.join(node.folder, "recover.log");
  rmSync(log, { force: true });
  const args = [`--defaults-file=${configurationFile(node)}`, "--wsrep-recover", `--log-error=${log}`];
  await execute(node, MARIADBD, args).catch(() => undefined); // an unusable folder is replaced when the node joins
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const [, uuid, seqno] = /Recovered position: ([0-9a-f-]{36}):(-?\d+)/.exec(text) ?? [];
  return uuid === undefined ? { seqno: -1 } : { uuid, seqno: Number(seqno) };
}

const data = (node) => path.join(node.folder, "data");
const configurationFile = (node) => path.join(node.folder, "my.cnf");
const stateFile = (node) => path.join(data(node), "grastate.dat");

function readState(node) {
  const text = existsSync(stateFile(node)) ? readFileSync(stateFile(node), "utf8") : "";
  return { uuid: /^uuid:\s+(\S+)/m.exec(text)?.[1], seqno: Number(/^seqno:\s+(-?\d+)/m.exec(text)?.[1] ?? -1) };
}

/** A node begins a cluster only where its file states that no other node has more writes, which `bootstrap` has compared. */
function allowBootstrap(node) {
  if (!existsSync(stateFile(node))) return;
  const text = readFileSync(stateFile(node), "utf8");
  writeFileSync(stateFile(node), text.replace(/^safe_to_bootstrap: 0$/m, "safe_to_bootstrap: 1"));
}

async function hasPrimaryComponent(nodes) {
  const answers = await Promise.all(nodes.map((node) => isRunning(node) && isSynced(node.port)));
  return answers.includes(true);
}

async function isSynced(port) {
  const status = await wsrepStatus(port).catch(() => ({}));
  return status.wsrep_cluster_status === "Primary" && status.wsrep_local_state_comment === "Synced";
}

async function wsrepStatus(port) {
  const connection = await mysql.createConnection({ host: HOST, port, user: "root", connectTimeout: 5000 });
  connection.on("error", () => undefined); // a server that stops ends the connection; the query's own error is enough
  try {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'wsrep_%'");
    return Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value]));
  } finally {
    connection.destroy();
  }
}

/**
 * Replication is synchronous as far as the order of the writes; each node applies them a moment later. wsrep_sync_wait = 7
 * makes a node apply what the others have committed before it reads (1), also where an UPDATE or DELETE (2) or an INSERT (4)
 * reads. Without it an application that writes at one node and reads at another misses its own writes, and a transaction
 * may begin with rows that are out of date already.
 */
function configuration({ name, folder, port }, index, places) {
  const groupPort = (node) => node.port + 10;
  const [transferPort, copyPort] = [port + 20, port + 30];
  const group = places.map((node) => `${HOST}:${groupPort(node)}`).join(",");
  return `[mariadbd]
datadir = ${folder}/data
socket = ${folder}/socket
pid-file = ${folder}/mariadbd.pid
port = ${port}
bind-address = ${HOST}
server-id = ${index + 1}
skip-name-resolve
max_connections = 150
performance_schema = off
innodb_buffer_pool_size = 32M
innodb_log_file_size = 16M
innodb_flush_method = nosync
innodb_flush_log_at_trx_commit = 2
innodb_doublewrite = 0
innodb_buffer_pool_dump_at_shutdown = 0
innodb_autoinc_lock_mode = 2
binlog_format = ROW
wsrep_on = ON
wsrep_provider = ${GALERA}
wsrep_cluster_name = retort_lab
wsrep_cluster_address = gcomm://${group}
wsrep_node_name = ${name}
wsrep_node_address = ${HOST}:${groupPort({ port })}
wsrep_node_incoming_address = ${HOST}:${port}
wsrep_sst_method = rsync
wsrep_sst_receive_address = ${HOST}:${copyPort}
wsrep_provider_options = "base_port=${groupPort({ port })};gmcast.listen_addr=tcp://${HOST}:${groupPort({ port })};ist.recv_addr=${HOST}:${transferPort};gcache.size=32M"
wsrep_sync_wait = 7
`;
}
