import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";
import { ceiling } from "./ceiling.mjs";
import { Scratch } from "./scratch.mjs";
import { bodyOf, userValues } from "./works.mjs";

/** SQLite: each work gets a file of its own. */
export class SqliteScratch extends Scratch {
  ceiling = ceiling;
  mikroOrm = { package: "@mikro-orm/better-sqlite", options: (file) => ({ dbName: file }) };
  /** The statements that make an empty database. */
  #schema = "";
  #filled;
  #copies = 0;

  static async open(repository) {
    const scratch = new SqliteScratch(repository);
    scratch.#schema = await scratch.#schemaOfEntities();
    return scratch;
  }

  connection = (file) => ({ type: "better-sqlite3", database: file });

  get Database() {
    return this.require("better-sqlite3");
  }

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

  prepare(work) {
    const file = path.join(this.folder, `run-${++this.#copies}.sqlite`);
    if (work === "insert") this.#empty(file).close();
    else copyFileSync(this.#filled, file);
    return file;
  }

  discard(file) {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  }

  #empty(file) {
    const database = new this.Database(file);
    database.exec(this.#schema);
    return database;
  }

  /** The statements that make the demo's tables, as TypeORM makes them of the entities. */
  async #schemaOfEntities() {
    const dataSource = this.dataSource(path.join(this.folder, "schema.sqlite"), { synchronize: true });
    await dataSource.initialize();
    const made = await dataSource.query(
      "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    );
    await dataSource.destroy();
    return made.map(({ sql }) => `${sql};`).join("\n");
  }
}
