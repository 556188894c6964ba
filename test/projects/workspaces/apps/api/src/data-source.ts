import { Account, Ticket } from "@acme/entities";
import { send } from "@acme/mail";
import path from "node:path";
import { DataSource } from "typeorm";

export const announce = (title: string) => send("ops", title);

export default new DataSource({
  type: "better-sqlite3",
  database: path.join(__dirname, "../api.sqlite"),
  entities: [Account, Ticket],
  migrations: [path.join(__dirname, "migrations/*.ts")],
});
