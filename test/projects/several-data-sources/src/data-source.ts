import { DataSource, type DataSourceOptions } from "typeorm";
import { Entry } from "./audit/entry";
import { Product } from "./shop/product";

const common = { type: "better-sqlite3", logging: ["error"] } satisfies Partial<DataSourceOptions>;

export const shop = new DataSource({
  ...common,
  database: "shop.sqlite",
  entities: { Product },
  migrations: ["src/shop/migrations/*{.ts,.js}"],
});

export const audit = new DataSource({
  ...common,
  database: "audit.sqlite",
  entities: [Entry],
  migrations: ["src/audit/migrations/*{.ts,.js}"],
  migrationsTableName: "audit_migrations",
});
