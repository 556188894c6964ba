import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { dependsOn, packageOf, type Package } from "../../config/package";
import type { Project } from "../../config/project";
import { packageFolder } from "../../config/resolve";
import { RetortError } from "../../errors";
import { displayPath } from "../../migrate/errors";
import { writeNewFile } from "../../new-file";
import { installCommand } from "../../package-manager";
import { escapeText } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { printJson } from "../migrate/json";
import { placeOf } from "../migrate/open";
import { choose, confirm, isTerminal } from "../migrate/prompt";
import { configurationText, DRIVER_PACKAGES, firstEntityText, TSCONFIG, type Driver } from "./configuration";
import { addressOfNoServer, addressOfOther, installFailed } from "./errors";
import { nestApplication, nestConfigurationText } from "./nest";

interface Options {
  database?: "sqlite" | "postgres" | "mysql";
  url?: string;
  install?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** What is missing of a project. */
interface Missing {
  readonly root: string;
  /** Absolute path → text. */
  readonly files: ReadonlyMap<string, string>;
  /** Of the migrations, absolute. */
  readonly folder: string;
  /** What is there already, absolute. */
  readonly existing: readonly string[];
  readonly packages: readonly string[];
}

/**
 * `retort init`: writes what a project lacks to be opened, and installs the packages that it needs. On a terminal it is shown first and
 * asked about; nothing that exists is changed.
 */
export function run(command: CommandContext<Options>): Promise<void> {
  return init(command, command.options);
}

/** The same with options of another command's: the shell has asked already. */
export async function init(command: CommandContext, options: Options): Promise<void> {
  const { dryRun = false, yes = false, json = false } = options;
  const project = await existingProject(command);
  const missing = project ? withoutConfiguration(project) : await newConfiguration(command, options);
  const isNew = missing.files.size > 0 || missing.packages.length > 0;
  const asks = isNew && !yes && !json && isTerminal(command);
  if (dryRun || asks) show(command, missing);
  if (dryRun || (asks && !(await confirm(command, "Write this?")))) return;
  const report = write(missing);
  const hasInstalled = options.install !== false && install(command, missing);
  if (json) printJson(command, report);
  else print(command, report, missing, hasInstalled);
  if (options.url !== undefined && missing.existing.some((file) => path.basename(file) === ".env"))
    command.note(".env was there already and is not changed: write the address into it as DATABASE_URL");
}

async function existingProject(command: CommandContext): Promise<Project | undefined> {
  try {
    return await command.project();
  } catch (error) {
    if (error instanceof RetortError && error.code === "config/not-found") return undefined;
    throw error;
  }
}

function withoutConfiguration(project: Project): Missing {
  const { folder } = placeOf(project);
  return { root: project.root, files: new Map(), folder, existing: [project.file], packages: [] };
}

// What a project lacks that has no configuration

async function newConfiguration(command: CommandContext, options: Options): Promise<Missing> {
  const { io } = command;
  const owner = packageOf(io.cwd);
  const root = owner?.root ?? io.cwd;
  const named = namedFile(io, command.options.dataSource, owner);
  const nest = owner && dependsOn(owner.json, "@nestjs/typeorm") ? nestApplication(root) : undefined;
  if (nest) {
    const file = withEnding(named ?? path.join(root, "src/data-source"), ".ts");
    const folder = path.join(path.dirname(file), "migrations");
    return { root, files: new Map([[file, nestConfigurationText(nest, file)]]), folder, existing: [], packages: [] };
  }
  const isTyped = !owner || fs.existsSync(path.join(root, "tsconfig.json")) || dependsOn(owner.json, "typescript");
  const file = withEnding(named ?? path.join(root, "ormconfig"), isTyped ? ".ts" : ".js");
  const language = /\.[cm]?ts$/.test(file) ? "ts" : "js";
  const isModule =
    language === "ts" || file.endsWith(".mjs") || (file.endsWith(".js") && owner?.json.type === "module");
  const syntax = isModule ? "esm" : "cjs";
  const driver = await driverFor(command, options, owner);
  const entityFolder = ENTITY_FOLDERS.find((folder) => fs.existsSync(path.join(root, folder)));
  const entities = `${entityFolder ?? ENTITY_FOLDERS[0]}/*.${language}`;
  const files = new Map([
    [file, configurationText({ syntax, driver, entities, migrations: `migrations/*.${language}` })],
  ]);
  const isEmpty = entityFolder === undefined && !(owner && dependsOn(owner.json, "typeorm"));
  if (isEmpty) files.set(path.join(root, `${ENTITY_FOLDERS[0]}/user.${language}`), firstEntityText(language, syntax));
  for (const [name, text] of surroundings(owner, language, options.url)) files.set(path.join(root, name), text);
  const absent = [...files].filter(([name]) => !fs.existsSync(name));
  const existing = [...files.keys()].filter((name) => fs.existsSync(name));
  return {
    root,
    files: new Map(absent),
    folder: path.join(root, "migrations"),
    existing,
    packages: ["typeorm-retort", "typeorm", "reflect-metadata", DRIVER_PACKAGES[driver]].filter(
      (name) => packageFolder(name, root) === undefined,
    ),
  };
}

/** Usual folders of entities; the first that exists is taken, or else the first. */
const ENTITY_FOLDERS = ["src/entities", "src/entity", "entities", "entity", "src/models", "models"] as const;

/** The files of a new package, and the address of the database. */
function surroundings(owner: Package | undefined, language: "ts" | "js", url: string | undefined): [string, string][] {
  const address: [string, string][] = url === undefined ? [] : [[".env", `DATABASE_URL=${JSON.stringify(url)}\n`]];
  if (owner) return address;
  return [
    ["package.json", `${JSON.stringify({ private: true }, null, 2)}\n`],
    [".gitignore", "node_modules/\ndist/\n.env\n*.sqlite\n"],
    ...(language === "ts" ? ([["tsconfig.json", TSCONFIG]] as [string, string][]) : []),
    ...address,
  ];
}

/** The path of the configuration that the options, the environment or package.json name. */
function namedFile(io: CommandContext["io"], option: string | undefined, owner: Package | undefined) {
  const variable = option ?? io.env["RETORT_DATA_SOURCE"];
  if (variable) return path.resolve(io.cwd, variable);
  const named = (owner?.json.retort as { dataSource?: unknown } | undefined)?.dataSource;
  return owner && typeof named === "string" ? path.resolve(owner.root, named) : undefined;
}

function withEnding(file: string, ending: string): string {
  return /\.[cm]?[jt]s$/.test(file) ? file : file + ending;
}

const DRIVERS: Readonly<Record<NonNullable<Options["database"]>, Driver>> = {
  sqlite: "better-sqlite3",
  postgres: "postgres",
  mysql: "mysql",
};

/** @throws cli/unknown-address */
function serverOf(url: string): Driver {
  const scheme = /^[\w+.-]*(?=:)/.exec(url)?.[0].toLowerCase() ?? "";
  if (/^(mysql|mariadb)$/.test(scheme)) return "mysql";
  if (/^postgres(ql)?$/.test(scheme)) return "postgres";
  throw addressOfNoServer();
}

/** What is said, else by the address, else the driver that the project depends on, else what is asked. */
async function driverFor(command: CommandContext, options: Options, owner: Package | undefined): Promise<Driver> {
  const { database, url, yes, json } = options;
  const server = url === undefined ? undefined : serverOf(url);
  if (database && server && DRIVERS[database] !== server) throw addressOfOther(database, server);
  if (database) return DRIVERS[database];
  if (server) return server;
  const installed = (Object.keys(DRIVER_PACKAGES) as Driver[]).find(
    (driver) => owner && dependsOn(owner.json, DRIVER_PACKAGES[driver]),
  );
  if (installed) return installed;
  if (owner && dependsOn(owner.json, "mysql")) return "mysql";
  if (yes || json || !isTerminal(command)) return "better-sqlite3";
  const chosen = await choose(command, "Which database?", [
    { flag: "sqlite", text: "SQLite, a file in this folder" },
    { flag: "postgres", text: "PostgreSQL" },
    { flag: "mysql", text: "MySQL or MariaDB" },
  ]);
  return DRIVERS[chosen as keyof typeof DRIVERS];
}

// Showing and writing

function show(command: CommandContext, { root, files, folder, packages }: Missing): void {
  for (const [file, text] of files) {
    command.printStyled(command.style.bold(escapeText(`create  ${displayPath(root, file)}`)));
    for (const line of text.trimEnd().split("\n")) command.print(`  ${line}`);
  }
  if (!fs.existsSync(folder))
    command.printStyled(command.style.bold(escapeText(`create  ${displayPath(root, folder)}`)));
  if (packages.length > 0)
    command.printStyled(command.style.bold(escapeText(`run     ${installCommand(root, ...packages)}`)));
}

interface Report {
  readonly created: readonly string[];
  readonly existing: readonly string[];
}

function write({ root, files, folder, existing }: Missing): Report {
  for (const [file, text] of files) writeNewFile(file, text);
  const isNew = !fs.existsSync(folder);
  fs.mkdirSync(folder, { recursive: true });
  const shown = (names: readonly string[]) => names.map((name) => displayPath(root, name));
  return {
    created: shown([...files.keys(), ...(isNew ? [folder] : [])]),
    existing: shown([...existing, ...(isNew ? [] : [folder])]),
  };
}

/** @throws cli/install-failed */
function install({ io }: CommandContext, { root, packages }: Missing): boolean {
  if (packages.length === 0) return true;
  const line = installCommand(root, ...packages);
  const [program, ...argv] = line.split(" ");
  // What the package manager prints is no data.
  const { status } = spawnSync(program!, argv, { cwd: root, env: io.env, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw installFailed(line);
  return true;
}

function print(
  command: CommandContext,
  { created, existing }: Report,
  { root, files, packages }: Missing,
  hasInstalled: boolean,
): void {
  for (const name of created) command.print(`created  ${name}`);
  for (const name of existing) command.print(`exists   ${name}`);
  if (files.size === 0) return;
  const first = hasInstalled || packages.length === 0 ? "" : `${installCommand(root, ...packages)}, then `;
  command.note(`Next: ${first}npx retort    (the prompt), npx retort migrate generate first`);
}
