/** The content of a new configuration file. */
export interface NewConfiguration {
  /** `esm` also for TypeScript, whose imports look alike in both. */
  readonly syntax: "esm" | "cjs";
  readonly driver: Driver;
  /** Globs, relative to the project's folder. */
  readonly entities: string;
  readonly migrations: string;
}

export type Driver = "better-sqlite3" | "postgres" | "mysql";

/** The text of a configuration that exports a DataSource. */
export function configurationText({ syntax, driver, entities, migrations }: NewConfiguration): string {
  const [head, exported] = syntax === "esm" ? [ESM_HEAD, "export default"] : [CJS_HEAD, "module.exports ="];
  return `${head}
${exported} new DataSource({
${DATABASE[driver]}
  entities: [${JSON.stringify(entities)}],
  migrations: [${JSON.stringify(migrations)}],
});
`;
}

const ESM_HEAD = `import "reflect-metadata";
import { DataSource } from "typeorm";
`;

const CJS_HEAD = `require("reflect-metadata");
const { DataSource } = require("typeorm");
`;

const DATABASE: Record<Driver, string> = {
  "better-sqlite3": `  type: "better-sqlite3",
  database: "database.sqlite",`,
  postgres: `  type: "postgres",
  url: process.env.DATABASE_URL || "postgres://postgres@localhost:5432/postgres",`,
  mysql: `  type: "mysql",
  url: process.env.DATABASE_URL || "mysql://root@localhost:3306/mysql",`,
};
