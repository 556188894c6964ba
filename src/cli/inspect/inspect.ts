import fs from "node:fs";
import path from "node:path";
import type { DataSource, DataSourceOptions } from "typeorm";
import { addressOf } from "../../config/open";
import { moduleFormatOf } from "../../config/package";
import type { Project } from "../../config/project";
import type { EntityDescription } from "../../inspect/description";
import { makeClasses } from "../../inspect/classes";
import { inspect } from "../../inspect/inspect";
import { renderEntities, renderEntity } from "../../inspect/render";
import { displayPath } from "../../migrate/errors";
import { openDataSource } from "../../migrate/context";
import { check } from "../../migrate/generate/check";
import { writeNewFile } from "../../new-file";
import { pluralize } from "../../text";
import { typeormOf } from "../../typeorm/copy";
import type { CommandContext } from "../command";
import { printJson } from "../migrate/json";
import { placeOf } from "../migrate/open";
import { databaseProject } from "./database-project";
import { filesExist, nothingFound } from "./errors";

interface Options {
  database?: string;
  out?: string;
  schema?: string[];
  json?: boolean;
}

/** `retort inspect`: entity classes of the tables of a database, on stdout or as files. Changes nothing of the database. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const { args, options } = command;
  if (options.database !== undefined) {
    const address = options.database;
    command.useProject(() => databaseProject(command, { address, entities: false }));
  }
  const project = await command.project();
  const dataSource = await command.dataSource({ use: "read", entities: false });
  const settings = project.settings.migrations ?? {};
  const schemas = options.schema ?? [];
  const { entities, remarks, readOnly } = await inspect(dataSource, { tables: args, schemas, settings });
  if (entities.length === 0) throw nothingFound(nameOf(dataSource), args);
  const isWhole = args.length === 0;
  const differences = isWhole ? await leftToSay(project, dataSource, entities) : [];
  const notes = [
    ...remarks,
    ...readOnly,
    ...differences.map((text) => `${text}: no entity of TypeORM says it as it is`),
  ];
  const files =
    options.out === undefined ? undefined : writeFiles(project, path.resolve(command.io.cwd, options.out), entities);
  if (options.json) printJson(command, report(project, entities, files, notes));
  else {
    if (files) for (const file of files.keys()) command.print(`created  ${displayPath(project.root, file)}`);
    else command.print(renderEntities(entities).trimEnd());
    for (const note of notes) command.note(note);
    command.note(
      `${pluralize(entities.length, "entity class", "entity classes")}${next(files, isWhole && differences.length === 0)}`,
    );
  }
}

/** Of a database that is a file, the file. */
function nameOf(dataSource: DataSource): string {
  const { type, database } = dataSource.options;
  const address = addressOf(dataSource);
  return address === type && typeof database === "string" ? displayPath(process.cwd(), database) : address;
}

function next(files: ReadonlyMap<string, string> | undefined, agrees: boolean): string {
  const agree = agrees ? "; retort migrate check agrees with them" : "";
  return files ? agree : `${agree}. --out FOLDER writes a file each`;
}

function report(
  project: Project,
  entities: readonly EntityDescription[],
  files: ReadonlyMap<string, string> | undefined,
  notes: readonly string[],
): object {
  return {
    entities: entities.map(({ className }) => className),
    files: files ? [...files.keys()].map((file) => displayPath(project.root, file)) : [],
    ...(!files && { source: renderEntities(entities) }),
    notes,
  };
}

/** What `migrate check` would say of the classes: what they cannot express of the database. */
async function leftToSay(
  project: Project,
  inspected: DataSource,
  entities: readonly EntityDescription[],
): Promise<string[]> {
  const typeorm = typeormOf(inspected);
  const own = { entities: makeClasses(entities, typeorm), subscribers: [], migrations: [] };
  const options = { ...inspected.options, ...own } as DataSourceOptions;
  const dataSource = await openDataSource(new typeorm.DataSource(options));
  try {
    const settings = project.settings.migrations ?? {};
    const { differences } = await check({ dataSource, root: project.root, place: placeOf(project), settings });
    return differences.map(({ text }) => text);
  } finally {
    await dataSource.destroy();
  }
}

/** @throws cli/files-exist before anything is written */
function writeFiles(
  { root }: Project,
  folder: string,
  entities: readonly EntityDescription[],
): ReadonlyMap<string, string> {
  const ending = moduleFormatOf(path.join(folder, "entity.ts")) === "esm" ? ".js" : "";
  const fileOf = (className: string) => `./${className}${ending}`;
  const files = new Map(
    entities.map((entity) => [path.join(folder, `${entity.className}.ts`), renderEntity(entity, fileOf)]),
  );
  const existing = [...files.keys()].filter((file) => fs.existsSync(file));
  if (existing.length > 0) throw filesExist(root, existing);
  const written: string[] = [];
  try {
    for (const [file, text] of files) {
      writeNewFile(file, text);
      written.push(file);
    }
  } catch (error) {
    // All or none: what was written refers to the others.
    for (const file of written) fs.rmSync(file, { force: true });
    throw error;
  }
  return files;
}
