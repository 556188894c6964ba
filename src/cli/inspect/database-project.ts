import path from "node:path";
import type { DataSource, DataSourceOptions } from "typeorm";
import { Loader } from "../../config/loader";
import { openDataSource } from "../../config/open";
import { moduleFormatOf } from "../../config/package";
import type { Project } from "../../config/project";
import { ProjectTypeorm } from "../../config/typeorm";
import { typeormMissing } from "../../config/errors";
import { makeClasses, type Typeorm } from "../../inspect/classes";
import { inspect } from "../../inspect/inspect";
import { copyFor } from "../../typeorm/copy";
import type { CommandContext } from "../command";
import { optionsOfAddress } from "./address";

/** What errors name as the place of the address. */
const OPTION = "--database";

/** A database without a project. */
export interface NamedDatabase {
  readonly address: string;
  /** Whether entities are made of its tables. */
  readonly entities: boolean;
}

/**
 * A project that consists of a database: its address is an option of the command line, its entities are made in memory.
 * @throws cli/unknown-address, cli/no-database, config/typeorm-missing
 */
export async function databaseProject(context: CommandContext, database: NamedDatabase): Promise<Project> {
  const { cwd } = context.io;
  const file = path.join(cwd, OPTION);
  const options = optionsOfAddress(database.address, cwd);
  const copy = copyFor(file) ?? copyFor(__filename);
  if (!copy) throw typeormMissing(file);
  const note = (line: string) => context.remark(line);
  const loader = new Loader(cwd, note);
  loader.install();
  const typeorm = new ProjectTypeorm(path.join(copy.folder, "package.json"), (name) => loader.load(name), note);
  const load = async (): Promise<Project> => {
    const project = projectOf(typeorm.construct({ ...options, entities: [] }));
    if (!database.entities) return project;
    const entities = await entitiesOf(project, copy.load() as Typeorm);
    return projectOf(typeorm.construct({ ...options, entities } as DataSourceOptions));
  };
  const projectOf = (dataSource: DataSource): Project => ({
    root: cwd,
    file,
    foundBy: OPTION,
    environmentFiles: [],
    dataSource,
    settings: {},
    language: "ts",
    moduleFormat: moduleFormatOf(file),
    load: (name, { isMain } = {}) => loader.load(name, isMain),
    reload: () => load(),
    loadedFiles: () => loader.loaded(),
    exports: () => loader.exports(),
    note,
    isOwn: () => false,
  });
  return load();
}

async function entitiesOf(project: Project, typeorm: Typeorm): Promise<(new () => object)[]> {
  const dataSource = await openDataSource(project, { use: "read", entities: false });
  try {
    const { entities, readOnly } = await inspect(dataSource);
    for (const line of readOnly) project.note(line);
    return makeClasses(entities, typeorm);
  } finally {
    await dataSource.destroy();
  }
}
