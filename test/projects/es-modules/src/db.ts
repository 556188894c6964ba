import "reflect-metadata";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DataSource } from "typeorm";
import { Author } from "./entities/author.js";
import { Book } from "./entities/book.js";

const settings = JSON.parse(await readFile(new URL("../settings.json", import.meta.url), "utf8")) as { file: string };

export const db = new DataSource({
  type: "better-sqlite3",
  database: fileURLToPath(new URL(`../${settings.file}`, import.meta.url)),
  entities: [Author, Book],
  migrations: [fileURLToPath(new URL("./migrations/*.{ts,js}", import.meta.url))],
});
