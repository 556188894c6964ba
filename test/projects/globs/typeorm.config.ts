import "reflect-metadata";
import { join } from "path";
import { DataSource } from "typeorm";

const isProduction = process.env.NODE_ENV === "production";
const [folder, ending] = isProduction ? ["dist", "js"] : ["src", "ts"];

export default new DataSource({
  type: "better-sqlite3",
  database: join(__dirname, "forum.sqlite"),
  entities: [`${folder}/modules/**/*.entity.${ending}`, `${folder}/modules/*/model/!(*.spec|index).${ending}`],
  subscribers: [`${folder}/**/*.subscriber.${ending}`],
  migrations: [`${folder}/modules/*/migrations/*.${ending}`, `${folder}/migrations/*.${ending}`],
});
