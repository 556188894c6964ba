import { DataSource } from "typeorm";
import { env } from "../env";
import { Note } from "../modules/notes/note.model";

export const AppDataSource = Promise.resolve().then(
  () =>
    new DataSource({
      type: "better-sqlite3",
      database: env("DB_FILE"),
      entityPrefix: env("TABLE_PREFIX"),
      entities: [Note],
      migrations: ["src/database/migrations/*.ts"],
    }),
);
