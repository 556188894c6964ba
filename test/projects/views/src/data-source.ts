import { DataSource } from "typeorm";
import { KindOfSale, Sale, TopSale } from "./entity/sale";

export default new DataSource({
  type: "postgres",
  url: process.env["DATABASE_URL"]!,
  entities: [Sale, KindOfSale, TopSale],
  migrations: ["src/migrations/*.ts"],
});
