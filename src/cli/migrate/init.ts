import { writeNewFile } from "../../new-file";
import fs from "node:fs";
import path from "node:path";
import { dependsOn as isDependency, packageOf, type Package } from "../../config/package";
import { RetortError } from "../../errors";
import { configurationText, type Driver, type NewConfiguration } from "../../migrate/files/configuration";
import { displayPath } from "../../migrate/errors";
import type { CommandContext } from "../command";
import { printJson } from "./json";
import { placeOf } from "./open";

interface Options {
  json?: boolean;
}

/** A path that init checked, and whether it was created. */
interface Place {
  readonly path: string;
  readonly isNew: boolean;
}

/** Creates the configuration and the migrations folder where they are missing. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const configuration = (await existingConfiguration(command)) ?? writeConfiguration(command);
  const folder = makeFolder(configuration.folder);
  const places = [configuration.place, folder];
  const shown = ({ path: name }: Place) => displayPath(configuration.root, name);
  if (command.options.json) {
    printJson(command, {
      created: places.filter(({ isNew }) => isNew).map(shown),
      existing: places.filter(({ isNew }) => !isNew).map(shown),
    });
    return;
  }
  for (const place of places) command.print(`${(place.isNew ? "created" : "exists").padEnd(7)}  ${shown(place)}`);
  if (configuration.place.isNew)
    command.note(`Next: look at ${shown(configuration.place)}, then retort migrate generate`);
}

interface Configuration {
  readonly root: string;
  readonly place: Place;
  /** Of the migrations, absolute. */
  readonly folder: string;
}

async function existingConfiguration(command: CommandContext): Promise<Configuration | undefined> {
  try {
    const project = await command.project();
    return { root: project.root, place: { path: project.file, isNew: false }, folder: placeOf(project).folder };
  } catch (error) {
    if (error instanceof RetortError && error.code === "config/not-found") return undefined;
    throw error;
  }
}

function writeConfiguration({ io, options }: CommandContext): Configuration {
  const owner = packageOf(io.cwd);
  const root = owner?.root ?? io.cwd;
  const isTyped = fs.existsSync(path.join(root, "tsconfig.json")) || dependsOn(owner, "typescript");
  const ending = isTyped ? ".ts" : ".js";
  const file = withEnding(namedFile(io, options.dataSource, owner) ?? path.join(root, "ormconfig"), ending);
  writeNewFile(file, configurationText(settingsFor(file, root, owner)));
  return { root, place: { path: file, isNew: true }, folder: path.join(root, "migrations") };
}

/** The path of the configuration that the options, the environment or package.json name. */
function namedFile(
  io: CommandContext["io"],
  option: string | undefined,
  owner: Package | undefined,
): string | undefined {
  const variable = option ?? io.env["RETORT_DATA_SOURCE"];
  if (variable) return path.resolve(io.cwd, variable);
  const named = (owner?.json.retort as { dataSource?: unknown } | undefined)?.dataSource;
  return owner && typeof named === "string" ? path.resolve(owner.root, named) : undefined;
}

function withEnding(file: string, ending: string): string {
  return /\.[cm]?[jt]s$/.test(file) ? file : file + ending;
}

function settingsFor(file: string, root: string, owner: Package | undefined): NewConfiguration {
  const isTyped = /\.[cm]?ts$/.test(file);
  const isModule = isTyped || file.endsWith(".mjs") || (file.endsWith(".js") && owner?.json.type === "module");
  const ending = isTyped ? "ts" : "js";
  return {
    syntax: isModule ? "esm" : "cjs",
    driver: driverOf(owner),
    entities: `${entityFolder(root)}/*.${ending}`,
    migrations: `migrations/*.${ending}`,
  };
}

/** Usual folders of entities; the first that exists is taken, or else the first. */
const ENTITY_FOLDERS = ["src/entities", "src/entity", "entities", "entity", "src/models", "models"] as const;

function entityFolder(root: string): string {
  return ENTITY_FOLDERS.find((folder) => fs.existsSync(path.join(root, folder))) ?? ENTITY_FOLDERS[0];
}

function driverOf(owner: Package | undefined): Driver {
  if (dependsOn(owner, "better-sqlite3")) return "better-sqlite3";
  if (dependsOn(owner, "pg")) return "postgres";
  return dependsOn(owner, "mysql2") || dependsOn(owner, "mysql") ? "mysql" : "better-sqlite3";
}

function dependsOn(owner: Package | undefined, name: string): boolean {
  return owner !== undefined && isDependency(owner.json, name);
}

function makeFolder(folder: string): Place {
  const isNew = !fs.existsSync(folder);
  fs.mkdirSync(folder, { recursive: true });
  return { path: folder, isNew };
}
