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
const server = kind === "bare" ? await bare() : await retort();
const address = await server.http.listen({ port: 0, host: "127.0.0.1" });

process.on("message", async (message) => {
  if (message === "memory") process.send({ memory: memory() });
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

/** What the example's handlers do, with pg alone. */
async function bare() {
  const pool = new pg.Pool({ connectionString: url, max: POOL });
  const http = fastify({ forceCloseConnections: "idle" });
  const byId = { params: { type: "object", properties: { id: { type: "integer" } } } };
  const select = 'SELECT id, username, email, password_hash FROM "user" WHERE id = $1';

  http.get("/users/:id", { schema: byId }, async ({ params }, reply) => {
    const { rows } = await pool.query(select, [params.id]);
    return rows[0] ? { id: rows[0].id, username: rows[0].username } : reply.callNotFound();
  });
  http.patch("/users/:id", { schema: byId }, async ({ params, body }, reply) => {
    const { rows } = await pool.query(select, [params.id]);
    if (!rows[0]) return reply.callNotFound();
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      await client.query('UPDATE "user" SET email = $1 WHERE id = $2', [body.email, params.id]);
      await client.query("COMMIT");
    } finally {
      client.release();
    }
    return { id: rows[0].id, email: body.email };
  });
  return {
    http,
    async stop() {
      await http.close();
      await pool.end();
    },
  };
}
