import "reflect-metadata";
import { Item } from "#db/item";
import { DataSource } from "typeorm";

export const createDataSource = async () =>
  new DataSource({
    type: "better-sqlite3",
    database: "inventory.sqlite",
    entities: [Item],
    migrations: ["migrations/*.ts"],
  });
