import { randomBytes } from "node:crypto";
import { mariadb } from "./ceiling-mariadb.mjs";
import { postgres } from "./ceiling-postgres.mjs";
import { Scratch } from "./scratch.mjs";
import { bodyOf, userValues } from "./works.mjs";

const SERVERS = {
  postgres: {
    type: "postgres",
    title: "PostgreSQL",
    address: process.env.RETORT_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/postgres",
    ceiling: postgres,
    mikroOrm: "@mikro-orm/postgresql",
    version: "SHOW server_version",
    empty: `TRUNCATE "user", "post" RESTART IDENTITY`,
    drop: (name) => `DROP DATABASE ${name} WITH (FORCE)`,
  },
  mariadb: {
    type: "mariadb",
    title: "MariaDB",
    address: process.env.RETORT_TEST_MARIADB ?? "mysql://root@127.0.0.1:3306/",
    ceiling: mariadb,
    mikroOrm: "@mikro-orm/mariadb",
    version: "SELECT VERSION() AS server_version",
    empty: "SET FOREIGN_KEY_CHECKS = 0; TRUNCATE TABLE `user`; TRUNCATE TABLE `post`; SET FOREIGN_KEY_CHECKS = 1",
    drop: (name) => `DROP DATABASE ${name}`,
  },
};

/** A database of its own on a server, which is emptied and filled again for each work. */
export class ServerScratch extends Scratch {
  #server;
  #name = `retort_bench_${randomBytes(6).toString("hex")}`;
  /** Creates and drops the database. */
  #admin;
  /** Fills it. */
  #filler;

  /** @param server postgres or mariadb */
  static async open(repository, server) {
    const scratch = new ServerScratch(repository);
    scratch.#server = SERVERS[server];
    try {
      await scratch.#create();
    } catch (error) {
      await scratch.close();
      throw error;
    }
    return scratch;
  }

  get title() {
    return this.#server.title;
  }

  /** The address of the database. */
  get url() {
    return new URL(`/${this.#name}`, this.#server.address).href;
  }

  connection = (url) => ({ type: this.#server.type, url });

  get ceiling() {
    return this.#server.ceiling;
  }

  get mikroOrm() {
    return { package: this.#server.mikroOrm, options: (url) => ({ clientUrl: url, dbName: this.#name }) };
  }

  async serverVersion() {
    const [{ server_version }] = await this.#admin.query(this.#server.version);
    return `${this.title} ${server_version.split(/[ -]/)[0]}`;
  }

  async prepare(work, rows) {
    for (const statement of this.#server.empty.split("; ")) await this.#filler.query(statement);
    if (work === "insert") return this.url;
    const { User, Post } = this.entities;
    const numbers = Array.from({ length: rows }, (_, index) => index + 1);
    for (let from = 0; from < rows; from += 1000) {
      const some = numbers.slice(from, from + 1000);
      await this.#filler.manager.insert(User, some.map(userValues));
      await this.#filler.manager.insert(
        Post,
        some.map((number) => ({ body: bodyOf(number), user_id: number })),
      );
    }
    return this.url;
  }

  discard() {
    // The next work empties it.
  }

  async close() {
    await this.#filler?.destroy();
    await this.#admin?.query(this.#server.drop(this.#name));
    await this.#admin?.destroy();
    super.close();
  }

  async #create() {
    const admin = this.dataSource(this.#server.address, { entities: [], poolSize: 1 });
    await admin.initialize();
    await admin.query(`CREATE DATABASE ${this.#name}`);
    this.#admin = admin;
    const filler = this.dataSource(this.url, { synchronize: true, poolSize: 1 });
    this.#filler = await filler.initialize();
  }
}
