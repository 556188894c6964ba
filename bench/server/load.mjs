import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";

const program = fileURLToPath(new URL("serve.mjs", import.meta.url));

/** A server in a process of its own. */
export class ServerProcess {
  #child;
  address;

  /** @param folder where the examples are compiled to */
  static async start(kind, url, folder) {
    const server = new ServerProcess();
    server.#child = fork(program, [kind, url, folder], { execArgv: ["--expose-gc"], stdio: "inherit" });
    ({ address: server.address } = await server.#answer());
    return server;
  }

  /** Bytes that are in use after a garbage collection. */
  async memory() {
    return (await this.#asked("memory")).memory;
  }

  /** The time on a processor until now, in microseconds: other processes of the machine change it little. */
  async cpu() {
    const { user, system } = (await this.#asked("cpu")).cpu;
    return user + system;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send("stop");
    return ended;
  }

  #asked(question) {
    const answer = this.#answer();
    this.#child.send(question);
    return answer;
  }

  #answer() {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`the server ended with ${code}`));
      this.#child.once("exit", ended);
      this.#child.once("message", (message) => {
        this.#child.off("exit", ended);
        resolve(message);
      });
    });
  }
}

/** The requests: read a row and commit; read a row, change it and commit. */
export const WORKS = {
  "get + commit": (id) => ({ method: "GET", path: `/users/${id}` }),
  "get + change + commit": (id, number) => ({
    method: "PATCH",
    path: `/users/${id}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: `user${id}.${number}@example.com` }),
  }),
};

/**
 * Sends requests for rows 1 … rows; gives the latencies' median and 99th percentile in milliseconds, the server's time on a processor for a
 * request in microseconds, and what did not succeed.
 */
export async function load(server, work, { amount, connections, rows }) {
  const latencies = [];
  let [number, failed] = [0, 0];
  const next = (request) => ({ ...request, ...WORKS[work](1 + (number++ % rows), number) });
  const before = await server.cpu();
  const run = autocannon({ url: server.address, amount, connections, requests: [{ setupRequest: next }] });
  run.on("response", (_client, status, _bytes, milliseconds) => {
    latencies.push(milliseconds);
    if (status !== 200) failed += 1;
  });
  const { errors, timeouts } = await run;
  const cpu = ((await server.cpu()) - before) / latencies.length;
  latencies.sort((left, right) => left - right);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { count: latencies.length, failed: failed + errors + timeouts, p50: at(0.5), p99: at(0.99), cpu };
}

/** Both servers in turn, so that a slow moment of the machine meets both; medians of the rounds' ratios. */
export async function compare(servers, work, rounds, options) {
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ["bare", "retort"] : ["retort", "bare"];
    const result = {};
    for (const kind of order) result[kind] = await load(servers[kind], work, options);
    results.push(result);
  }
  const ofAll = (figure) => median(results.map(figure));
  return {
    bare: each((figure) => ofAll(({ bare }) => bare[figure])),
    retort: each((figure) => ofAll(({ retort }) => retort[figure])),
    ratios: each((figure) => ofAll(({ bare, retort }) => retort[figure] / bare[figure])),
    failed: results.reduce((sum, { bare, retort }) => sum + bare.failed + retort.failed, 0),
    count: results.reduce((sum, { bare, retort }) => sum + bare.count + retort.count, 0),
  };
}

const FIGURES = ["p50", "p99", "cpu"];

function each(of) {
  return Object.fromEntries(FIGURES.map((figure) => [figure, of(figure)]));
}

/**
 * How the memory of a server grows while it answers requests: bytes a request, by least squares over the second half of the readings.
 * The first half fills caches.
 */
export async function growth(server, work, { amount, readings, ...options }) {
  const memory = [];
  for (let reading = 0; reading < readings; reading += 1) {
    await load(server, work, { ...options, amount: amount / readings });
    memory.push(await server.memory());
  }
  const later = memory.slice(Math.floor(readings / 2));
  return { memory, bytesPerRequest: slope(later) / (amount / readings) };
}

function slope(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return above / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
}

function median(values) {
  return values.sort((left, right) => left - right)[Math.floor(values.length / 2)];
}
