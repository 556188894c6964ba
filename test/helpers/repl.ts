import "reflect-metadata";
import { PassThrough, Readable } from "node:stream";
import { DataSource, type EntityTarget } from "typeorm";
import { connect, type Database } from "../../src/session/database";
import { isCommand, runCommand } from "../../src/shell/commands/commands";
import type { Terminal } from "../../src/shell/context";
import type { OutputMode, ShellOptions } from "../../src/shell/options";
import { Repl } from "../../src/shell/repl";
import { openShell } from "../../src/shell/shell";
import { Article, Shop } from "./entities/shop";

/** A shell over a database in memory, whose output is kept. */
export interface TestRepl {
  readonly repl: Repl;
  readonly db: Database;
  /** Runs a statement or a dot-command, and gives the lines it printed. */
  readonly type: (text: string) => Promise<string[]>;
  /** What was written since the last call. */
  output(): string;
  notes(): string;
  close(): Promise<void>;
}

export interface TestReplOptions extends Partial<Omit<ShellOptions, "output" | "input" | "error">> {
  readonly entities?: EntityTarget<object>[];
  readonly mode?: OutputMode;
  readonly terminal?: Terminal;
  readonly columns?: number;
  readonly rows?: number;
}

export async function openRepl({
  entities = [Shop, Article],
  mode = "terminal",
  columns = 100,
  rows = 30,
  ...options
}: TestReplOptions = {}): Promise<TestRepl> {
  const dataSource = new DataSource({
    type: "better-sqlite3",
    database: ":memory:",
    synchronize: true,
    entities: entities as (() => void)[],
  });
  const db = await connect(dataSource);
  const opened = replOver(db, { mode, columns, rows, ...options });
  return {
    ...opened,
    db,
    async close() {
      opened.repl.close();
      await db.close();
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}

/** A shell and what it writes. */
export type OpenRepl = Omit<TestRepl, "db" | "close">;

/** A shell over a database that the caller closes. */
export function replOver(
  db: Database,
  { mode = "terminal", terminal, columns = 100, rows = 30, ...options }: Omit<TestReplOptions, "entities"> = {},
): OpenRepl {
  const [output, error] = [new Sink(columns, rows), new Sink(columns, rows)];
  const repl = new Repl(
    { db, root: process.cwd(), input: new PassThrough(), output, error, env: { NO_COLOR: "1" }, ...options },
    mode,
    undefined,
    terminal,
  );
  return {
    repl,
    async type(text) {
      output.taken();
      if (isCommand(text)) await runCommand(text, repl);
      else await repl.run(text);
      return output.taken().trimEnd().split("\n");
    },
    output: () => output.taken(),
    notes: () => error.taken(),
  };
}

/** What a shell printed whose input was a pipe, or `-e`. */
export interface Piped {
  readonly exitCode: number;
  readonly output: string;
  readonly notes: string;
}

/** Runs a shell over an open database, with lines of a pipe as its input. */
export async function pipe(dataSource: DataSource, input: string, options: Partial<ShellOptions> = {}): Promise<Piped> {
  const db = await connect(dataSource);
  const [output, error] = [new Sink(100, 30), new Sink(100, 30)];
  try {
    const exitCode = await openShell({
      db,
      root: process.cwd(),
      input: Readable.from([input]),
      output,
      error,
      env: {},
      ...options,
    });
    return { exitCode, output: output.taken(), notes: error.taken() };
  } finally {
    await db.close();
  }
}

/** A terminal that answers no question, to be overridden in part. */
export const noTerminal: Terminal = {
  history: { entries: [] },
  page: () => Promise.resolve(),
  ask: () => Promise.resolve(""),
  compose: () => undefined,
};

/** A stream of a size, as a terminal is. */
class Sink extends PassThrough {
  private text = "";

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    super();
  }

  override write(chunk: unknown): boolean {
    this.text += String(chunk);
    return true;
  }

  taken(): string {
    const { text } = this;
    this.text = "";
    return text;
  }
}
