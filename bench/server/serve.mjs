// A server for `npm run bench:server`, in a process of its own: the example's, or the same handlers over the bare driver.
//
//   node --expose-gc bench/server/serve.mjs retort|bare URL FOLDER
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import fastify from "fastify";
import pg from "pg";

const [kind, url, folder] = process.argv.slice(2);
const POOL = 10;
const server = kind === "bare" ? bare() : await retort();
const address = await server.http.listen({ port: 0, host: "127.0.0.1" });

process.on("message", async (message) => {
  if (message === "memory") process.send({ memory: memory() });
  if (message === "cpu") process.send({ cpu: process.cpuUsage() });
  if (message === "stop") {
    await server.stop();
    process.disconnect();
  }
});
process.send({ address });

function memory() {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function retort() {
  const require = createRequire(path.join(folder, "examples/server/server.js"));
  require("reflect-metadata");
  const { DataSource } = require("typeorm");
  const { connect } = require("typeorm-retort");
  const { Post, User } = require("../microblog");
  const { createServer } = require("./server");
  const dataSource = new DataSource({ type: "postgres", url, entities: [User, Post], poolSize: POOL });
  const db = await connect(dataSource);
  return createServer(db);
}

/**
 * What the example's handlers do, as one writes it with pg alone: the pool waits as long as a session does, an idle connection that is
 * lost does not end the process, a transaction that fails is rolled back and its connection given back.
 */
function bare() {
  const pool = new pg.Pool({ connectionString: url, max: POOL, connectionTimeoutMillis: 30_000 });
  pool.on("error", (error) => console.warn("an idle connection was lost:", error.message));
  const http = fastify({ forceCloseConnections: "idle" });
  const byId = { params: { type: "object", properties: { id: { type: "integer" } } } };

  async function userOf(id) {
    const { rows } = await pool.query('SELECT id, username, email, password_hash FROM "user" WHERE id = $1', [id]);
    return rows[0];
  }

  async function transaction(work) {
    const client = await pool.connect();
    let failure;
    try {
      await client.query("BEGIN");
      await work(client);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch((lost) => (failure = lost));
      throw error;
    } finally {
      client.release(failure);
    }
  }

  http.get("/users/:id", { schema: byId }, async ({ params }, reply) => {
    const user = await userOf(params.id);
    return user ? { id: user.id, username: user.username } : reply.callNotFound();
  });
  http.patch("/users/:id", { schema: byId }, async ({ params, body }, reply) => {
    const user = await userOf(params.id);
    if (!user) return reply.callNotFound();
    await transaction(async (client) => {
      const { rowCount } = await client.query('UPDATE "user" SET email = $1 WHERE id = $2', [body.email, params.id]);
      if (rowCount === 0) throw new Error("the row is gone");
    });
    return { id: user.id, email: body.email };
  });
  return {
    http,
    async stop() {
      await http.close();
      await pool.end();
    },
  };
}
