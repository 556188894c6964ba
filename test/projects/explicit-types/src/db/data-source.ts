import { DataSource, type DataSourceOptions } from "typeorm";
import { Reading } from "./reading";

const url = new URL(process.env["DATABASE_URL"]!);

export const options = {
  type: "mysql",
  host: url.hostname,
  port: Number(url.port || 3306),
  username: url.username,
  password: url.password,
  database: url.pathname.slice(1),
  timezone: "Z",
  entities: [Reading],
  migrations: ["src/db/migrations/*.ts"],
} satisfies DataSourceOptions;

export default new DataSource(options);
