import "reflect-metadata";
import { DataSource } from "typeorm";
import { Meter } from "./meter";

export default new DataSource({
  type: "better-sqlite3",
  database: "meters.sqlite",
  entities: [Meter],
  migrations: ["src/migrations/*.ts"],
});
