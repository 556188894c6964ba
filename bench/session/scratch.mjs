import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { bodyOf, userValues } from "./works.mjs";

/** A folder for the databases and for the compiled entities of the demo. */
export class Scratch {
  /** The statements that make an empty database. */
  schema = "";
  #filled;
  #copies = 0;

  constructor(repository, folder) {
    this.repository = repository;
    this.folder = folder;
    this.require = createRequire(path.join(folder, "index.js"));
    this.entities = this.require("./microblog");
    this.Database = this.require("better-sqlite3");
  }

  static async open(repository) {
    const folder = mkdtempSync(path.join(os.tmpdir(), "retort-bench-"));
    symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"), "junction");
    compile(repository, folder);
    const scratch = new Scratch(repository, folder);
    scratch.schema = await schemaOf(scratch.require, path.join(folder, "schema.sqlite"));
    return scratch;
  }

  /** The installed version of one of the repository's own packages. */
  version = (name) =>
    JSON.parse(readFileSync(path.join(this.repository, "node_modules", name, "package.json"), "utf8")).version;

  /** Makes the database that the works begin with: so many users, each with a post. Gives its file. */
  fill(rows) {
    this.#filled = path.join(this.folder, `filled-${rows}.sqlite`);
    rmSync(this.#filled, { force: true });
    const database = this.#empty(this.#filled);
    const user = database.prepare(`INSERT INTO "user" ("username", "email", "password_hash") VALUES (?, ?, ?)`);
    const post = database.prepare(`INSERT INTO "post" ("body", "user_id") VALUES (?, ?)`);
    database.transaction(() => {
      for (let number = 1; number <= rows; number++) {
        const { username, email, password_hash } = userValues(number);
        post.run(bodyOf(number), user.run(username, email, password_hash).lastInsertRowid);
      }
    })();
    database.close();
    return this.#filled;
  }

  /** One work of one contestant, on a database that nobody has used before. */
  async run(contestant, work, rows) {
    const file = path.join(this.folder, `run-${++this.#copies}.sqlite`);
    if (work === "insert") this.#empty(file).close();
    else copyFileSync(this.#filled, file);
    try {
      return await contestant[work](file, rows);
    } catch (error) {
      return { failed: String(error.message ?? error).split("\n")[0] };
    } finally {
      for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    }
  }

  close() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #empty(file) {
    const database = new this.Database(file);
    database.exec(this.schema);
    return database;
  }
}

/** The demo's entities as JavaScript. */
function compile(repository, folder) {
  const typescript = createRequire(path.join(folder, "index.js"))("typescript");
  const { ScriptTarget, ModuleKind } = typescript;
  const compilerOptions = {
    ...{ target: ScriptTarget.ES2022, module: ModuleKind.CommonJS },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  const [from, to] = [path.join(repository, "examples/microblog"), path.join(folder, "microblog")];
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const { outputText } = typescript.transpileModule(readFileSync(path.join(from, name), "utf8"), { compilerOptions });
    writeFileSync(path.join(to, name.replace(/\.ts$/, ".js")), outputText);
  }
}

/** The statements that make the demo's tables, as TypeORM makes them of the entities. */
async function schemaOf(require, file) {
  require("reflect-metadata");
  const { DataSource } = require("typeorm");
  const { User, Post } = require("./microblog");
  const dataSource = new DataSource({
    type: "better-sqlite3",
    database: file,
    entities: [User, Post],
    synchronize: true,
  });
  await dataSource.initialize();
  const made = await dataSource.query(
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
  );
  await dataSource.destroy();
  return made.map(({ sql }) => `${sql};`).join("\n");
}
