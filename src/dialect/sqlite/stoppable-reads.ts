import { fork, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource } from "typeorm";
import type { Unstoppable } from "../database-control";
import type { Row } from "../dialect";
import type { BusyThreadData } from "./busy-thread";
import { scans } from "./plan";
import type { ReadAnswer, ReadProcessOptions, ReadRequest } from "./read-process";
import { isMemory } from "./write-mutex";

/** In a smaller file no table is long; in bytes. */
const LARGE_FILE = 16 * 2 ** 20;

/** Statements that change how later ones of the same connection read. */
const CHANGES_CONNECTION = /^\s*(pragma|attach|detach|create\s+temp)/i;

/** Thrown by a read whose process was ended. */
export class ReadStopped extends Error {
  constructor() {
    super("interrupted");
    this.name = "ReadStopped";
  }
}

const known = new WeakMap<DataSource, StoppableReads>();

/**
 * Lets reads that may take long run in a process of their own, outside of transactions, so that `cancel` can end them.
 *
 * @param unstoppable where, and with which text, it is said of another statement that runs for a second
 */
export function makeReadsStoppable(dataSource: DataSource, unstoppable: Unstoppable | undefined): void {
  const options = processOptions(dataSource);
  if (options) known.set(dataSource, new StoppableReads(options, unstoppable));
}

export function stoppableReadsOf(dataSource: DataSource): StoppableReads | undefined {
  return known.get(dataSource);
}

/** Undefined where another connection could read otherwise than the application's. */
function processOptions(dataSource: DataSource): ReadProcessOptions | undefined {
  const { database, timeout, prepareDatabase, key, nativeBinding } = dataSource.options as {
    database: string;
    timeout?: number;
    prepareDatabase?: unknown;
    key?: unknown;
    nativeBinding?: string;
  };
  const { sqlite, attachedDatabases } = dataSource.driver as unknown as {
    sqlite: unknown;
    attachedDatabases: object;
  };
  const driver = Object.values(require.cache).find((loaded) => loaded?.exports === sqlite)?.filename;
  if (isMemory(database) || prepareDatabase || key || Object.keys(attachedDatabases).length > 0 || !driver)
    return undefined;
  return { driver, database: path.resolve(database), timeout: timeout ?? 5_000, nativeBinding };
}

/** The process that reads, and the thread that watches what it cannot read. */
export class StoppableReads {
  readonly #options: ReadProcessOptions;
  readonly #unstoppable: Unstoppable | undefined;
  #process: ChildProcess | undefined;
  #pending: { resolve(answer: ReadAnswer): void; reject(error: Error): void } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #running: Int32Array | undefined;
  #statements = 0;
  #isUseless = false;

  constructor(options: ReadProcessOptions, unstoppable: Unstoppable | undefined) {
    this.#options = options;
    this.#unstoppable = unstoppable;
  }

  /** Call it with each statement of the connection before it is sent. */
  prepared(sql: string): void {
    if (CHANGES_CONNECTION.test(sql)) this.#isUseless = true;
  }

  /** Whether a statement that only reads may take long enough to be ended by hand. */
  mayTakeLong(handle: BetterSqlite3.Database, sql: string, parameters: readonly unknown[]): boolean {
    if (this.#isUseless) return false;
    const statement = handle.prepare<unknown[], Row>(`EXPLAIN QUERY PLAN ${sql}`).raw(true);
    const plan = statement.all(...parameters);
    const steps = plan.map((row) => String(row[3]));
    if (scans(plan).length > 1 || steps.some((step) => step.startsWith("RECURSIVE"))) return true;
    return this.#isLarge() && steps.some((step) => /^(SCAN|SEARCH)/.test(step) && !step.endsWith("(rowid=?)"));
  }

  /** Reads in the other process. @throws ReadStopped */
  read(request: ReadRequest): Promise<ReadAnswer> {
    const answer = this.#queue.then(() => this.#ask(request));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /** Ends what is being read. */
  stop(): void {
    this.#process?.kill("SIGKILL");
  }

  #ask(request: ReadRequest): Promise<ReadAnswer> {
    const child = (this.#process ??= this.#started());
    return new Promise<ReadAnswer>((resolve, reject) => {
      this.#pending = { resolve, reject };
      // Only a read that runs keeps this process alive.
      child.ref();
      child.channel?.ref();
      child.send({ ...request, options: this.#options });
    }).finally(() => {
      this.#pending = undefined;
      child.unref();
      child.channel?.unref();
    });
  }

  #started(): ChildProcess {
    const child = fork(path.join(__dirname, "read-process.js"), {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.on("message", (answer) => this.#pending?.resolve(answer as ReadAnswer));
    const ended = (): void => {
      if (this.#process === child) this.#process = undefined;
      this.#pending?.reject(new ReadStopped());
    };
    // A statement would go on when nobody waits for it any more.
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    child.once("exit", ended);
    child.once("error", ended);
    return child;
  }

  #isLarge(): boolean {
    return (fs.statSync(this.#options.database, { throwIfNoEntry: false })?.size ?? 0) >= LARGE_FILE;
  }

  /** Runs a statement in this process, where nothing can end it; says so where it takes a second. */
  watched<T>(work: () => T): T {
    const running = this.#watcher();
    if (!running) return work();
    Atomics.store(running, 0, ++this.#statements);
    Atomics.notify(running, 0);
    try {
      return work();
    } finally {
      Atomics.store(running, 0, 0);
      Atomics.notify(running, 0);
    }
  }

  #watcher(): Int32Array | undefined {
    if (this.#running || !this.#unstoppable || !this.#isLarge()) return this.#running;
    const running = new Int32Array(new SharedArrayBuffer(4));
    const { fd, text } = this.#unstoppable;
    const workerData: BusyThreadData = { running, fd, text };
    new Worker(path.join(__dirname, "busy-thread.js"), { workerData }).unref();
    return (this.#running = running);
  }
}
