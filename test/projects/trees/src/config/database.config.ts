import { DataSource, type DataSourceOptions } from "typeorm";
import { Category } from "../category";
import { Place } from "../place";

export const options: DataSourceOptions = {
  type: "better-sqlite3",
  database: "catalog.sqlite",
  entities: [Category, Place],
  migrations: ["src/migrations/*.ts"],
};

const dataSource = new DataSource(options);
export default dataSource;
