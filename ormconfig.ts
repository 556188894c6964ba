import "reflect-metadata";
import { DataSource, type DataSourceOptions } from "typeorm";
import { Post, User } from "./examples/microblog";

/** The demo's database: an SQLite file beside this one, or the server that DATABASE_URL names. */
function database(url = process.env["DATABASE_URL"]): DataSourceOptions {
  if (!url) return { type: "better-sqlite3", database: `${__dirname}/microblog.sqlite` };
  if (/^postgres(ql)?:/.test(url)) return { type: "postgres", url };
  if (/^(mysql|mariadb):/.test(url)) return { type: "mariadb", url };
  throw new Error(`DATABASE_URL begins with neither postgres: nor mysql: ${url.split("//")[0]}`);
}

export default new DataSource({
  ...database(),
  entities: [User, Post],
  migrations: [`${__dirname}/migrations/*.ts`],
} as DataSourceOptions);
