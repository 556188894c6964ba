import "reflect-metadata";
import { DataSource } from "typeorm";
import * as models from "../models/index.js";
import { SnakeNamingStrategy } from "./snake-naming-strategy.js";

export class Database {
  static readonly dataSource = new DataSource({
    type: "postgres",
    url: process.env["DATABASE_URL"] ?? "",
    schema: "public",
    namingStrategy: new SnakeNamingStrategy(),
    entities: Object.values(models),
    migrations: ["src/db/migrations/*.ts"],
  });
}

export default Database.dataSource;
