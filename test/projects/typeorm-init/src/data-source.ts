import "reflect-metadata";
import { DataSource } from "typeorm";
import { User } from "./entity/User";

export const AppDataSource = new DataSource({
  type: "better-sqlite3",
  database: "database.sqlite",
  synchronize: false,
  logging: false,
  entities: [User],
  migrations: [__dirname + "/migration/*.ts"],
  subscribers: [],
});
