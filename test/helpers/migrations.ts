import fs from "node:fs";
import { DataSource } from "typeorm";
import type { CommandResult } from "./command";
import type { ScratchDatabase } from "./databases";
import { hosted } from "./host";
import { asError } from "./typeorm";
import { scratchProject, type ScratchProject } from "./project";

/** What a migration file is to do: statements, or JavaScript with `queryRunner` at hand. */
export interface MigrationText {
  readonly up?: readonly string[] | string;
  readonly down?: readonly string[] | string;
  /** More members of the class: `transaction = false;` */
  readonly members?: string;
}

type Query = (sql: string) => Promise<Record<string, unknown>[]>;

export interface MigrationProject extends ScratchProject {
  /** Writes (or overwrites) a migration: `project.migration(1, "Users", { up: ["CREATE TABLE …"] })`. */
  migration(number: number, name: string, text: MigrationText): void;
  /** Moves a file inside the project. */
  move(from: string, to: string): void;
  /** Runs SQL on the project's database, past Retort. */
  query: Query;
  /** Runs more of it through one connection. */
  connected<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** Runs TypeORM's own command: `typeorm("migration:show")`. */
  typeorm(...argv: string[]): Promise<CommandResult>;
}

/** The timestamp of the nth migration of a project. */
export function stampOf(number: number): number {
  return 1_700_000_000_000 + number;
}

/** The class name of the nth migration. */
export function nameOf(number: number, name: string): string {
  return `${name}${stampOf(number)}`;
}

/** A project in plain JavaScript (nothing has to be compiled) whose migrations are written by the test. */
export function migrationProject(
  scratch: ScratchDatabase,
  { options = "", entities = "[]" }: { options?: string; entities?: string } = {},
): MigrationProject {
  const { type, ...rest } = scratch.options as unknown as Record<string, unknown>;
  const database = JSON.stringify({ type, ...rest }).slice(1, -1);
  const project = scratchProject({
    files: {
      "ormconfig.js": `require("reflect-metadata");
const { DataSource, EntitySchema } = require("typeorm");
exports.default = new DataSource({ ${database}, entities: ${entities}, migrations: ["migrations/*.js"], ${options} });
`,
    },
  });
  const connected: MigrationProject["connected"] = async (work) => {
    const dataSource = await new DataSource(scratch.options).initialize();
    try {
      return await work((sql) => dataSource.query<Record<string, unknown>[]>(sql).catch(asError));
    } finally {
      await dataSource.destroy();
    }
  };
  return {
    ...project,
    migration: (number, name, text) => {
      project.write(`migrations/${stampOf(number)}-${name.toLowerCase()}.js`, fileText(nameOf(number, name), text));
    },
    move: (from, to) => {
      project.write(to, project.read(from));
      fs.rmSync(project.path(from));
    },
    query: (sql) => connected((query) => query(sql)),
    connected,
    typeorm: (...argv) => hosted("typeorm", [...argv, "-d", "ormconfig.js"], { cwd: project.root }),
  };
}

function fileText(name: string, { up = [], down = [], members = "" }: MigrationText): string {
  return `exports.${name} = class ${name} {
  name = "${name}";
  ${members}
  async up(queryRunner) {
${body(up)}
  }
  async down(queryRunner) {
${body(down)}
  }
};
`;
}

function body(work: readonly string[] | string): string {
  if (typeof work === "string") return work;
  return work.map((sql) => `    await queryRunner.query(${JSON.stringify(sql)});`).join("\n");
}
