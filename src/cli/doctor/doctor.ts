import path from "node:path";
import { ExitCode } from "../../errors";
import { deadEntityPatterns } from "../../config/entity-patterns";
import { entitiesNotFound, shown } from "../../config/errors";
import { addressOf, declaredEntities } from "../../config/open";
import { packageOf } from "../../config/package";
import type { Project } from "../../config/project";
import { check } from "../../migrate/generate/check";
import { pendingFiles, type MigrationState } from "../../migrate/history/state";
import { pluralize } from "../../text";
import { copyOf } from "../../typeorm/copy";
import { ansi, escapeLine, escapeText } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { printJson } from "../migrate/json";
import { openMigrations, type OpenedMigrations } from "../migrate/open";
import { brokenEntityFiles } from "./entities";
import { doubledPackages, metadataNotEmitted } from "./installation";
import { historyProblems, lostMigrations } from "./migrations";
import { problemOf, type Problem } from "./problem";
import { danglingKeys, leftOvers } from "./rows";

interface Options {
  json?: boolean;
}

/** What was found, by name: `TypeORM` → `1.1.1`. */
type Facts = Record<string, string>;

/**
 * `retort doctor`: what was found of the project, and what is wrong with it, each with the next thing to type. Changes nothing.
 * @returns 1 when something is wrong
 */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const examination = new Examination(command);
  await examination.run();
  const { facts, problems } = examination;
  if (command.options.json)
    printJson(command, { ok: problems.length === 0, found: facts, problems: problems.map(json) });
  else print(command, facts, problems);
  return problems.length === 0 ? ExitCode.done : ExitCode.failure;
}

class Examination {
  readonly facts: Facts = { Node: process.versions.node };
  readonly problems: Problem[] = [];
  readonly #command: CommandContext<Options>;
  #hasEntities = true;

  constructor(command: CommandContext<Options>) {
    this.#command = command;
  }

  /** Each step needs what the one before it has found. */
  async run(): Promise<void> {
    const { cwd } = this.#command.io;
    const root = packageOf(cwd)?.root ?? cwd;
    await this.#add(() => doubledPackages(root));
    const project = await this.#try(() => this.#command.project());
    if (!project) return;
    await this.#examineProject(project);
    const isSynchronized = project.dataSource.options.synchronize === true;
    const opened = await this.#open(project);
    if (project.language === "ts")
      await this.#add(() => metadataNotEmitted(project.root, project.file, project.loadedFiles()));
    if (!opened) return;
    const state = await this.#try(opened.state);
    if (!state) return;
    await this.#examineMigrations(project, opened, state);
    if (isSynchronized) this.#addSynchronize(project, state);
    await this.#examineDatabase(opened, state);
  }

  async #examineProject({ root, file, foundBy, environmentFiles, dataSource }: Project): Promise<void> {
    const typeorm = copyOf(dataSource);
    this.facts["configuration"] = `${shown(file)} (${foundBy})`;
    if (environmentFiles.length > 0) this.facts["environment"] = environmentFiles.map(shown).join(", ");
    if (typeorm) this.facts["TypeORM"] = `${typeorm.version} in ${shown(typeorm.folder)}`;
    this.facts["database"] = databaseOf(dataSource.options, addressOf(dataSource));
    await this.#add(() => {
      const dead = deadEntityPatterns(dataSource, root);
      return dead.length > 0 ? [problemOf(entitiesNotFound(dead, file, true))] : [];
    });
  }

  /** With the entities; without them where they cannot be loaded, which is a problem for each file of theirs that does not load. */
  async #open(project: Project): Promise<OpenedMigrations | undefined> {
    const { migrations = [] } = project.dataSource.options;
    try {
      return await openMigrations(this.#command, { use: "read" });
    } catch (error) {
      const broken = await brokenEntityFiles(project);
      this.problems.push(...(broken.length > 0 ? broken : [problemOf(error)]));
    }
    try {
      this.#hasEntities = false;
      // Opening has taken them over from TypeORM.
      project.dataSource.setOptions({ migrations });
      return await openMigrations(this.#command, { use: "read", entities: false });
    } catch (error) {
      const problem = problemOf(error);
      if (!this.problems.some(({ message }) => message === problem.message)) this.problems.push(problem);
      return undefined;
    }
  }

  async #examineMigrations(
    { root, file }: Project,
    { running, context }: OpenedMigrations,
    state: MigrationState,
  ): Promise<void> {
    const pending = pendingFiles(state).length;
    if (this.#hasEntities) this.facts["entities"] = String(declaredEntities(context.dataSource).length);
    this.facts["migrations"] = `${running.files.length}, ${pending} pending`;
    await this.#add(() => lostMigrations(root, running.files, file));
    await this.#add(() => historyProblems(state));
  }

  #addSynchronize({ file }: Project, { files, history }: MigrationState): void {
    if (files.length + history.length === 0) return;
    this.problems.push({
      code: "doctor/synchronize",
      message: "synchronize changes the schema at each start of the application, besides the migrations",
      hint: `synchronize: false in ${shown(file)}`,
    });
  }

  async #examineDatabase({ context, running }: OpenedMigrations, state: MigrationState): Promise<void> {
    const { dataSource } = context;
    await this.#add(() => leftOvers(dataSource, running));
    if (!this.#hasEntities) return;
    // While migrations are pending the database has to differ from the entities.
    if (pendingFiles(state).length > 0) return;
    const compared = await this.#try(() => check(context));
    if (!compared) return;
    if (compared.agrees) await this.#add(() => danglingKeys(dataSource, running));
    else
      this.problems.push({
        code: "doctor/differs",
        message: `entities and database differ: ${compared.differences.map(({ text }) => text).join("; ")}`,
        hint: "retort migrate generate NAME",
      });
  }

  async #add(find: () => Problem[] | Promise<Problem[]>): Promise<void> {
    this.problems.push(...((await this.#try(find)) ?? []));
  }

  /** An error is a problem, and what depends on the step is left out. */
  async #try<T>(step: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      this.problems.push(problemOf(error));
      return undefined;
    }
  }
}

/** Of a database that is no server, the type and its file. */
function databaseOf({ type, database }: Project["dataSource"]["options"], address: string): string {
  if (address !== type || typeof database !== "string") return address;
  return `${type}, ${path.isAbsolute(database) ? shown(database) : database}`;
}

function json({ code, message, hint = null }: Omit<Problem, "hint"> & { hint?: string | null | undefined }): object {
  return { code, message, hint };
}

function print(command: CommandContext, facts: Facts, problems: readonly Problem[]): void {
  const { style } = command;
  const width = Math.max(...Object.keys(facts).map(({ length }) => length));
  for (const [name, value] of Object.entries(facts))
    command.printStyled(ansi`${style.dim(escapeLine(name.padEnd(width)))}  ${escapeLine(value)}`);
  for (const { message, hint } of problems) {
    command.printStyled(ansi`${style.bad(ansi`problem:`)} ${escapeText(message)}`);
    if (hint !== undefined) command.printStyled(ansi`  ${style.dim(ansi`→`)} ${escapeText(hint)}`);
  }
  command.note(problems.length === 0 ? "No problems found." : `${pluralize(problems.length, "problem")} found.`);
}
