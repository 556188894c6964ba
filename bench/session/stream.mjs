// Reads every post of a large database by `stream()`, and tells how large the process grew. Started by bench/session.mjs.
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const [folder, file] = process.argv.slice(2);
const require = createRequire(path.join(folder, "index.js"));
require("reflect-metadata");
const { DataSource } = require("typeorm");
const { connect } = require(fileURLToPath(new URL("../../dist/index.js", import.meta.url)));
const { User, Post } = require(path.join(folder, "microblog"));

const db = await connect(new DataSource({ type: "better-sqlite3", database: file, entities: [User, Post] }));
const atRest = process.memoryUsage().rss;
let rows = 0;
let letters = 0;
const started = performance.now();
for await (const post of db.query(Post).stream()) {
  rows++;
  letters += post.body.length;
}
const milliseconds = performance.now() - started;
await db.close();
if (letters === 0) throw new Error("nothing was read");
const MEBIBYTE = 2 ** 20;
// maxRSS is in kibibytes.
const most = (process.resourceUsage().maxRSS * 1024) / MEBIBYTE;
console.log(JSON.stringify({ rows, milliseconds, mebibytes: most, atRest: atRest / MEBIBYTE }));
