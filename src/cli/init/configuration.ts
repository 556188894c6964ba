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

/** The package that each driver needs. */
export const DRIVER_PACKAGES: Readonly<Record<Driver, string>> = {
  "better-sqlite3": "better-sqlite3",
  postgres: "pg",
  mysql: "mysql2",
};

const DATABASE: Readonly<Record<Driver, string>> = {
  "better-sqlite3": `  type: "better-sqlite3",
  database: "database.sqlite",`,
  postgres: `  type: "postgres",
  url: process.env.DATABASE_URL || "postgres://postgres@localhost:5432/postgres",`,
  mysql: `  type: "mysql",
  url: process.env.DATABASE_URL || "mysql://root@localhost:3306/mysql",`,
};

/** A first entity for a project that has none: the shell needs one. */
export function firstEntityText(language: "ts" | "js", syntax: "esm" | "cjs"): string {
  if (language === "ts") return TYPED_ENTITY;
  return syntax === "esm"
    ? `import { EntitySchema } from "typeorm";\n\nexport const User = ${SCHEMA};\n`
    : `const { EntitySchema } = require("typeorm");\n\nexports.User = ${SCHEMA};\n`;
}

const TYPED_ENTITY = `import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity()
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ unique: true })
  name!: string;
}
`;

const SCHEMA = `new EntitySchema({
  name: "User",
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: String, unique: true },
  },
})`;

/** What the compiler of a new project needs for entities. */
export const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2022",
    "module": "node16",
    "strict": true,
    "experimentalDecorators": true,
    "emitDecoratorMetadata": true,
    "outDir": "dist"
  }
}
`;
