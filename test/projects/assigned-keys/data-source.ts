import { DataSource } from "typeorm";
import { Account, Booking } from "./src/ledger";

export = new DataSource({
  type: "better-sqlite3",
  database: "ledger.sqlite",
  entities: [Account, Booking],
  migrations: ["migrations/*.ts"],
});
