import type { DataSource } from "typeorm";
import type { Project } from "../config/project";
import type { Database } from "../session/database";
import type { DatabaseUse } from "../config/open";
import type { CommandContext, GlobalOptions, IO } from "./command";
import { escapeText, type EscapedText } from "../terminal/escaped-text";
import { styleFor, type Style } from "../terminal/style";
import { writeData, writeLines } from "../terminal/write";

/** Makes the database of every command refuse writes, whatever the command is. */
export const READ_ONLY_VARIABLE = "RETORT_READ_ONLY";

/** The context of one command; closes what it opened. */
export class Context<Options extends object> implements CommandContext<Options> {
  readonly io: IO;
  readonly args: readonly string[];
  readonly options: Options & GlobalOptions;
  #project: Promise<Project> | undefined;
  #dataSource: Promise<DataSource> | undefined;
  #database: Promise<Database> | undefined;
  #style: Style | undefined;
  #noteStyle: Style | undefined;
  #hasPrinted = false;

  constructor(io: IO, args: readonly string[], options: Options & GlobalOptions) {
    this.io = io;
    this.args = args;
    this.options = options;
  }

  get style(): Style {
    return (this.#style ??= styleFor(this.io.stdout, this.io.env));
  }

  get noteStyle(): Style {
    return (this.#noteStyle ??= styleFor(this.io.stderr, this.io.env));
  }

  /** Whether anything was printed to stdout. */
  get hasPrinted(): boolean {
    return this.#hasPrinted;
  }

  print(line = ""): void {
    this.#hasPrinted = true;
    writeData(this.io.stdout, `${line}\n`);
  }

  printStyled(line: EscapedText): void {
    this.#hasPrinted = true;
    writeLines(this.io.stdout, [line]);
  }

  note(line: string): void {
    this.noteStyled(escapeText(line));
  }

  noteStyled(line: EscapedText): void {
    writeLines(this.io.stderr, [line]);
  }

  remark(line: string): void {
    this.noteStyled(this.noteStyle.dim(escapeText(`retort: ${line}`)));
  }

  project(): Promise<Project> {
    return (this.#project ??= this.#loadProject());
  }

  useProject(load: () => Promise<Project>): void {
    this.#project = load();
  }

  dataSource(access: DatabaseUse): Promise<DataSource> {
    return (this.#dataSource ??= this.#openDataSource(access).catch((error: unknown) => {
      // Another access may do without what has failed.
      this.#dataSource = undefined;
      throw error;
    }));
  }

  database(access: DatabaseUse): Promise<Database> {
    return (this.#database ??= this.#connect(access));
  }

  /** Closes what was opened, in reverse order. */
  async close(): Promise<void> {
    const database = await settled(this.#database);
    const dataSource = await settled(this.#dataSource);
    await database?.close();
    if (dataSource?.isInitialized) await dataSource.destroy();
  }

  #loadProject(): Promise<Project> {
    const { loadProject } = require("../config/project") as typeof import("../config/project");
    const { dataSource, name } = this.options;
    const note = (line: string) => this.remark(line);
    return loadProject({ dataSource, name, cwd: this.io.cwd, env: this.io.env, note });
  }

  async #openDataSource(access: DatabaseUse): Promise<DataSource> {
    const { openDataSource } = require("../config/open") as typeof import("../config/open");
    const dataSource = await openDataSource(await this.project(), access);
    if (this.io.env[READ_ONLY_VARIABLE]) await forbidWrites(dataSource);
    return dataSource;
  }

  async #connect(access: DatabaseUse): Promise<Database> {
    const dataSource = await this.dataSource({ ...access, tablesInMemory: true });
    const { connect } = require("../session/database") as typeof import("../session/database");
    return connect(dataSource);
  }
}

/** What was opened; undefined where nothing was, or where it failed, which has been reported already. */
async function settled<T>(opening: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await opening;
  } catch {
    return undefined;
  }
}

async function forbidWrites(dataSource: DataSource): Promise<void> {
  const { databaseControlOf } = require("../dialect/dialects") as typeof import("../dialect/dialects");
  await databaseControlOf(dataSource).forbidWrites(dataSource);
}
