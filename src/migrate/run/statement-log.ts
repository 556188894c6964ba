import type { LockWait, MigrationDatabase } from "./databases/contract";
import type { HalfApplied, StatementLogEntry, MigrationLog } from "../history/migration-log";
import { loggedText } from "../history/migration-log";
import { cannotResume, isLockLost } from "../errors";
import type { SentStatement } from "./intercept";

/** What a log of statements belongs to. */
export interface StatementLogContext {
  readonly database: MigrationDatabase;
  readonly log: MigrationLog;
  readonly name: string;
  readonly direction: "up" | "down";
  /** Whether changes of rows between two changes of the schema share a transaction. */
  readonly grouped: boolean;
}

/**
 * Logs each statement of a migration that is not one transaction, so that an interrupted run can be resumed.
 *
 * A change of rows and its log entry are one transaction. A schema change that commits by itself is logged before
 * and after it is sent; interrupted in between, it is sent again, and "already exists" then means that it was done. Reads
 * are logged with their results: a resumed migration runs from its beginning, gets the logged results, and so takes the
 * same path up to the first statement that is not done.
 */
export class StatementLog {
  readonly #tools: StatementLogContext;
  /** Statements of an earlier run that are still to be skipped. */
  readonly #earlier: StatementLogEntry[];
  #position = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** Whether a transaction of this log is open. */
  #open = false;
  /** Whether the migration has begun a transaction itself. */
  #foreign = false;

  constructor(tools: StatementLogContext, halfApplied: HalfApplied | undefined) {
    this.#tools = tools;
    this.#earlier = [...(halfApplied?.statements ?? [])];
  }

  /** Skips a statement that is done; sends and logs one that is not. One at a time, also where a migration sends several at once. */
  intercept(statement: SentStatement): Promise<unknown> {
    const turn = this.#turn.then(() => this.#take(statement));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #take(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "transaction") return this.#passTransaction(statement);
    // Settings of the connection are repeated on a new one.
    if (statement.kind === "session") return statement.send();
    const earlier = this.#earlier[0];
    return earlier ? this.#passBy(statement, earlier) : this.#sendNew(statement);
  }

  /** Whether a statement that failed can be sent again: the migration has no transaction of its own open. */
  get canRepeat(): boolean {
    return !this.#foreign;
  }

  /**
   * After the last statement: opens the transaction in which the history is written. Throws when the migration ended before
   * a statement that is done already.
   */
  async finish(): Promise<void> {
    const left = this.#earlier.find(({ changes }) => changes);
    if (left) throw cannotResume(this.#tools.name, left.position, left.sql, undefined);
    if (!this.#open && !this.#foreign) await this.#begin();
  }

  /** Rolls back what is not committed, after the migration threw. */
  async rollback(): Promise<void> {
    await this.#tools.database.rollback();
  }

  async #passBy(statement: SentStatement, earlier: StatementLogEntry): Promise<unknown> {
    if (loggedText(statement.sql) !== earlier.sql) {
      const left = this.#earlier.find(({ changes }) => changes);
      if (left) throw cannotResume(this.#tools.name, left.position, left.sql, statement.sql);
      // Only reads are left in the log: the file may read something else now.
      this.#earlier.length = 0;
      return this.#sendNew(statement);
    }
    if (earlier.state === "begun") return this.#sendAgain(statement, earlier);
    this.#earlier.shift();
    this.#position = earlier.position;
    if (earlier.result) return earlier.result.value;
    return earlier.changes ? undefined : statement.send();
  }

  /** Whether it was done is not known; sending it again shows that. */
  async #sendAgain(statement: SentStatement, { position }: StatementLogEntry): Promise<unknown> {
    const { database, log, name, direction } = this.#tools;
    let result: unknown;
    try {
      result = await statement.send();
    } catch (error) {
      if (isLockLost(error)) throw error;
      // Whether it was done is still not known.
      if (database.isLockTimeout(error)) throw error;
      if (!database.isAlreadyDone(error)) {
        await log.removeStatement(database.send, name, direction, position);
        throw error;
      }
    }
    this.#earlier.shift();
    this.#position = position;
    await log.markDone(database.send, name, direction, position, result);
    return result;
  }

  #sendNew(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "read") return this.#read(statement);
    return this.#tools.database.canRunInTransaction(statement.sql)
      ? this.#change(statement)
      : this.#changeAlone(statement);
  }

  async #read(statement: SentStatement): Promise<unknown> {
    const value = await statement.send();
    await this.#note(statement, { state: "done", changes: false, result: { value } });
    return value;
  }

  /** The change and its log entry are one transaction. */
  async #change(statement: SentStatement): Promise<unknown> {
    if (!this.#open && !this.#foreign) await this.#begin();
    try {
      const value = await statement.send();
      await this.#note(statement, { state: "done", changes: true, result: { value } });
      if (this.#open && !this.#tools.grouped) await this.#commit();
      return value;
    } catch (error) {
      if (this.#open && !this.#tools.grouped) {
        this.#open = false;
        await this.#tools.database.rollback();
      }
      throw error;
    }
  }

  /** The change commits itself and everything before it. */
  async #changeAlone(statement: SentStatement): Promise<unknown> {
    const { database, log, name, direction } = this.#tools;
    const position = await this.#noteBegun(statement);
    let value: unknown;
    try {
      value = await statement.send();
    } catch (error) {
      // The log is another run's now.
      if (isLockLost(error)) throw error;
      // The error decides whether the open transaction was committed; the log entries are in the same transaction as the rows.
      await log.removeStatement(database.send, name, direction, position);
      this.#position = position - 1;
      this.#open = false;
      throw error;
    }
    this.#open = false;
    await log.markDone(database.send, name, direction, position, value);
    return value;
  }

  /** Under a lease the entry is committed first: that commit fails when another run has the lease. */
  async #noteBegun(statement: SentStatement): Promise<number> {
    const isFenced = this.#tools.database.hasLease && !this.#foreign;
    if (isFenced && !this.#open) await this.#begin();
    const position = await this.#note(statement, { state: "begun", changes: true, result: undefined });
    if (isFenced) await this.#commit();
    return position;
  }

  /** The log entries become part of the migration's own transactions. */
  async #passTransaction(statement: SentStatement): Promise<unknown> {
    const begins = /^\s*(begin|start)\b/i.test(statement.sql);
    const ends = /^\s*(commit|rollback(?!\s+to)|end)\b/i.test(statement.sql);
    if (begins && this.#open) await this.#commit();
    const value = await statement.send();
    if (begins) this.#foreign = true;
    if (ends) this.#foreign = false;
    return value;
  }

  async #note(statement: SentStatement, rest: Omit<StatementLogEntry, "position" | "sql">): Promise<number> {
    const { database, log, name, direction } = this.#tools;
    const position = ++this.#position;
    await log.addStatement(database.send, name, direction, { position, sql: statement.sql, ...rest });
    return position;
  }

  async #begin(): Promise<void> {
    await this.#tools.database.begin(WITHOUT_NOTICE);
    this.#open = true;
  }

  async #commit(): Promise<void> {
    await this.#tools.database.commit(WITHOUT_NOTICE);
    this.#open = false;
  }
}

/** The migration lock is held; only an application that writes can delay the commit. */
const WITHOUT_NOTICE: LockWait = { timeout: 10_000, waiting: () => undefined };
