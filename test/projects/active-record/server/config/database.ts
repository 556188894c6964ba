import "reflect-metadata";
import path from "path";
import { DataSource } from "typeorm";
import { Customer, Order } from "../models";

let source: DataSource | undefined;

export function getDataSource(): DataSource {
  source ??= new DataSource({
    type: "better-sqlite3",
    database: path.join(__dirname, "../../shop.sqlite"),
    entities: [Customer, Order],
    migrations: [path.join(__dirname, "../migrations/**/*.ts")],
    migrationsTableName: "schema_migrations",
  });
  return source;
}
