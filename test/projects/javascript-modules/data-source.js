import { DataSource } from "typeorm";
import * as models from "./models/index.js";

const { FILE = "todo.sqlite" } = process.env;

export const dataSource = new DataSource({
  type: "better-sqlite3",
  database: await Promise.resolve(FILE),
  entities: Object.values(models),
  migrations: [`${import.meta.dirname}/migrations/*.js`],
});
