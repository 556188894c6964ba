import "reflect-metadata";
import { DataSource } from "typeorm";

export = new DataSource({
  type: "mariadb",
  url: process.env.DATABASE_URL,
  charset: "utf8mb4",
  entities: ["src/*.entity.ts"],
  migrations: ["migrations/*.ts"],
});
