import type { LockWait, MigrationDatabase } from "./databases/contract";
import type { HalfApplied, StatementLogEntry, MigrationLog } from "../history/migration-log";
import { noted } from "../history/migration-log";
import { cannotGoOn } from "../errors";
import type { SentStatement } from "./watch";

/** What the journal of one migration writes with. */
export interface StatementLogTools {
  readonly database: MigrationDatabase;
  readonly ledger: MigrationLog;
  readonly name: string;
  readonly direction: "up" | "down";
  /** Whether rows that are changed between two changes of the schema are kept together in a transaction. */
  readonly grouped: boolean;
}

/**
 * Writes down each statement of a migration that is not one transaction, so that it can go on where it was stopped.
 *
 * Rows change in a transaction together with the note about it. A schema change that commits by itself is noted before
 * and after; killed in between, it is sent again, and "already exists" then means that it was done. What was only read
 * is kept with its answer: going on, the migration runs from its beginning, is given the old answers, and so takes the
 * same way up to the first statement that is not done.
 */
export class StatementLog {
  readonly #tools: StatementLogTools;
  /** What an earlier run did, still to be passed by. */
  readonly #earlier: StatementLogEntry[];
  #position = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** A transaction of the journal's own is open. */
  #open = false;
  /** The migration has begun a transaction by itself. */
  #foreign = false;

  constructor(tools: StatementLogTools, halfApplied: HalfApplied | undefined) {
    this.#tools = tools;
    this.#earlier = [...(halfApplied?.statements ?? [])];
  }

  /** The interceptor: passes by what is done, sends and notes what is not. One at a time, also where a migration sends several at once. */
  pass(statement: SentStatement): Promise<unknown> {
    const turn = this.#turn.then(() => this.#take(statement));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #take(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "transaction") return this.#passTransaction(statement);
    // What concerns the connection has to be said again on a new one.
    if (statement.kind === "session") return statement.send();
    const earlier = this.#earlier[0];
    return earlier ? this.#passBy(statement, earlier) : this.#sendNew(statement);
  }

  /**
   * The migration came to its end: opens the transaction in which the history is written. Throws when it ended before
   * what is done already.
   */
  async finish(): Promise<void> {
    const left = this.#earlier.find(({ changes }) => changes);
    if (left) throw cannotGoOn(this.#tools.name, left.position, left.sql, undefined);
    if (!this.#open && !this.#foreign) await this.#begin();
  }

  /** The migration threw: takes back what is not committed. */
  async abandon(): Promise<void> {
    await this.#tools.database.rollback();
  }

  async #passBy(statement: SentStatement, earlier: StatementLogEntry): Promise<unknown> {
    if (noted(statement.sql) !== earlier.sql) {
      const left = this.#earlier.find(({ changes }) => changes);
      if (left) throw cannotGoOn(this.#tools.name, left.position, left.sql, statement.sql);
      // Only looking is left of what was noted, and the file looks at something else now: it may.
      this.#earlier.length = 0;
      return this.#sendNew(statement);
    }
    if (earlier.state === "begun") return this.#sendAgain(statement, earlier);
    this.#earlier.shift();
    this.#position = earlier.position;
    if (earlier.result) return earlier.result.value;
    return earlier.changes ? undefined : statement.send();
  }

  /** Nobody knows whether it was done; the database will say. */
  async #sendAgain(statement: SentStatement, { position }: StatementLogEntry): Promise<unknown> {
    const { database, ledger, name, direction } = this.#tools;
    let result: unknown;
    try {
      result = await statement.send();
    } catch (error) {
      if (!database.isDoneAlready(error)) {
        await ledger.noteUndone(database.send, name, direction, position);
        throw error;
      }
    }
    this.#earlier.shift();
    this.#position = position;
    await ledger.noteDone(database.send, name, direction, position, result);
    return result;
  }

  #sendNew(statement: SentStatement): Promise<unknown> {
    if (statement.kind === "read") return this.#read(statement);
    return this.#tools.database.fitsTransaction(statement.sql) ? this.#change(statement) : this.#changeAlone(statement);
  }

  async #read(statement: SentStatement): Promise<unknown> {
    const value = await statement.send();
    await this.#note(statement, { state: "done", changes: false, result: { value } });
    return value;
  }

  /** The change and its note are one transaction: both are there, or neither is. */
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

  /** The change commits by itself, and everything before it. */
  async #changeAlone(statement: SentStatement): Promise<unknown> {
    const { database, ledger, name, direction } = this.#tools;
    const position = await this.#note(statement, { state: "begun", changes: true, result: undefined });
    let value: unknown;
    try {
      value = await statement.send();
    } catch (error) {
      // Whether the attempt has committed what was open depends on the error; the notes are with the rows either way.
      await ledger.noteUndone(database.send, name, direction, position);
      this.#position = position - 1;
      this.#open = false;
      throw error;
    }
    this.#open = false;
    await ledger.noteDone(database.send, name, direction, position, value);
    return value;
  }

  /** The migration's own transactions take the notes into them. */
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
    const { database, ledger, name, direction } = this.#tools;
    const position = ++this.#position;
    await ledger.note(database.send, name, direction, { position, sql: statement.sql, ...rest });
    return position;
  }

  async #begin(): Promise<void> {
    await this.#tools.database.begin(NOT_WAITING);
    this.#open = true;
  }

  async #commit(): Promise<void> {
    await this.#tools.database.commit(NOT_WAITING);
    this.#open = false;
  }
}

/** Other runs are locked out by now; what is waited for is an application that writes. */
const NOT_WAITING: LockWait = { timeout: 10_000, waiting: () => undefined };
