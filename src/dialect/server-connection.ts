import type { DataSource, QueryRunner } from "typeorm";
import type {
  Connection,
  ConnectionOptions,
  Dialect,
  MaybePromise,
  QueryResult,
  Row,
  RunResult,
  TransactionOptions,
} from "./dialect";
import type { RetortError } from "../errors";
import { located } from "./error-place";
import { commitUnanswered, DatabaseError, statementFailed, type DriverErrorFacts } from "./errors";
import type { DatabaseAddress } from "./events";
import type { Observers } from "./observers";
import { poolUsersOf, withinPoolTimeout, type PoolUser, type PoolUsers } from "./pool-users";
import { StatementObserver, type Failure, type SentStatement } from "./statement-observer";
import { transactionStep } from "./transaction";

/** What a driver returns for one statement. */
export interface DriverResult {
  /** The names of the columns; undefined where the statement returns no rows. */
  columns?: readonly string[] | undefined;
  rows: Row[];
  result: RunResult;
}

/** The connection that a stream reads over, once it has one. */
interface StreamSource<Client> {
  client: Client | undefined;
}

/**
 * An idle connection can be lost. A statement that fails sooner than this, in milliseconds, found it lost and is sent
 * over another one. A statement that ran for longer was ended on purpose.
 */
const RETRY_WITHIN = 500;
/** How many lost connections of the pool in a row are an error. */
const MAX_ATTEMPTS = 4;

/**
 * A session's connection to a database server. It is taken from the DataSource's pool for a transaction, or for the
 * statements that run outside one, and returned after them. A subclass implements what is the driver's own.
 */
export abstract class ServerConnection<Client> implements Connection {
  readonly dialect: Dialect;
  protected readonly dataSource: DataSource;
  readonly #observers: Observers;
  readonly #observer: StatementObserver;
  readonly #poolTimeout: number;
  /** Whether the connection is that of a query runner of the application, with its transaction. */
  readonly #isJoined: boolean;
  readonly #poolUsers: PoolUsers;
  #queryRunner: QueryRunner | undefined;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  /** What uses the connection now. Outside a transaction it is returned to the pool when nothing does. */
  #uses = 0;
  #returning: NodeJS.Immediate | undefined;
  #poolUser: PoolUser | undefined;
  #lastStatement: string | undefined;
  #begun = false;
  #isReadOnly = false;
  /** The first error after which the transaction only accepts a rollback. */
  #failure: DatabaseError | undefined;
  /** Nothing has to be opened before a statement is sent. */
  readonly isOpen = true;

  readonly #options: ConnectionOptions;
  /** The connection to the replicas, where the DataSource has some. */
  #replica: Connection | undefined;
  /** When a transaction of this session that may have written was committed last. */
  #committed = -Infinity;

  constructor(dialect: Dialect, dataSource: DataSource, observers: Observers, options: ConnectionOptions) {
    this.#options = options;
    this.dialect = dialect;
    this.dataSource = dataSource;
    this.#observers = observers;
    this.#observer = new StatementObserver(dataSource, observers, options.label);
    this.#poolTimeout = options.poolTimeout;
    this.#poolUsers = poolUsersOf(dataSource);
    this.#queryRunner = options.queryRunner;
    this.#isJoined = options.queryRunner !== undefined;
  }

  /** Sends one statement through the driver; its rows are arrays. */
  protected abstract send(client: Client, sql: string, parameters: readonly unknown[]): Promise<DriverResult>;
  protected abstract readonly readDriverError: (error: unknown) => DriverErrorFacts;
  /** Whether somebody waits for a connection of the pool. */
  protected abstract readonly isPoolAwaited: boolean;
  /** Ends a broken connection, so that the pool does not hand it out again. */
  protected abstract discard(client: Client): void;
  /** The server that a connection leads to. */
  protected abstract addressOf(client: Client): DatabaseAddress;
  /** Streams rows over a connection that nothing else uses. */
  protected abstract streamOutsideTransaction(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]>;
  /** Streams rows inside the session's transaction, whose connection must stay free for other statements. */
  protected abstract streamInTransaction(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]>;

  get inTransaction(): boolean {
    return this.#isJoined ? this.queryRunner.isTransactionActive : this.#begun;
  }

  get queryRunner(): QueryRunner {
    return (this.#queryRunner ??= this.#newQueryRunner());
  }

  #newQueryRunner(): QueryRunner {
    return this.dataSource.createQueryRunner(this.#options.isReplica ? "slave" : "master");
  }

  open(): void {
    // Nothing: the first statement takes a connection.
  }

  // The pool

  /** Runs work that may use the connection, which is returned to the pool after it, unless a transaction is open. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await work();
    } finally {
      this.#uses--;
      this.#returnIfUnused();
    }
  }

  /** Concurrent calls share one connection. */
  #connected(): Promise<Client> {
    return (this.#connecting ??= this.#connect());
  }

  async #connect(): Promise<Client> {
    try {
      this.#client = await this.#takeFromPool(this.queryRunner);
    } catch (error) {
      // It would return the same failure for ever.
      this.#queryRunner = undefined;
      throw this.#failureOf(error, "", []).error;
    } finally {
      this.#connecting = undefined;
    }
    this.#poolUser = this.#addPoolUser(() => (this.#begun ? "transaction" : "statement"));
    return this.#client;
  }

  /** @throws the driver's error, or RetortError `database/pool-timeout` */
  #takeFromPool(queryRunner: QueryRunner): Promise<Client> {
    const connecting = queryRunner.connect() as Promise<Client>;
    return withinPoolTimeout(connecting, this.#poolTimeout, this.#poolUsers, () => void queryRunner.release());
  }

  #addPoolUser(purpose: PoolUser["purpose"]): PoolUser {
    const user = {
      session: this.#options.label,
      isReplica: this.#options.isReplica === true,
      since: performance.now(),
      purpose,
      lastStatement: () => this.#lastStatement,
    };
    this.#poolUsers.add(user);
    return user;
  }

  /** Returns the connection at the end of this turn of the event loop, so that statements sent one after the other share it. */
  #returnIfUnused(): void {
    if (!this.#isUnused) return;
    if (this.isPoolAwaited) return void this.#release();
    this.#returning ??= setImmediate(() => {
      this.#returning = undefined;
      if (this.#isUnused) void this.#release();
    });
  }

  get #isUnused(): boolean {
    return this.#uses === 0 && !this.#begun && !this.#isJoined && this.#queryRunner !== undefined;
  }

  #release(): MaybePromise<void> {
    const queryRunner = this.#queryRunner;
    this.#queryRunner = undefined;
    this.#client = undefined;
    if (this.#poolUser) this.#poolUsers.remove(this.#poolUser);
    return queryRunner?.release();
  }

  // Replicas

  /** The connection for a statement that reads outside a transaction; undefined where this one is to be used. */
  #replicaToRead(): Connection | undefined {
    const { dataSource } = this;
    const { isReplica, queryRunner, readYourWrites } = this.#options;
    if (this.inTransaction || isReplica || queryRunner || !dataSource.driver.isReplicated) return undefined;
    if (performance.now() - this.#committed < readYourWrites) return undefined;
    return (this.#replica ??= this.dialect.connect(dataSource, this.#observers, { ...this.#options, isReplica: true }));
  }

  // Statements

  rows(sql: string, parameters: readonly unknown[] = []): MaybePromise<Row[]> {
    const replica = this.#replicaToRead();
    if (replica) return replica.rows(sql, parameters);
    return this.#retryIfLost(() => this.#sendObserved(sql, parameters, rowsOf));
  }

  query(sql: string, parameters: readonly unknown[] = []): Promise<QueryResult> {
    return this.#retryIfLost(() => this.#sendObserved(sql, parameters, queryResultOf));
  }

  run(sql: string, parameters: readonly unknown[] = []): Promise<RunResult> {
    return this.#sendObserved(sql, parameters, runResultOf);
  }

  async runMany(sql: string, batches: readonly (readonly unknown[])[]): Promise<number[]> {
    const changes: number[] = [];
    for (const parameters of batches) changes.push((await this.run(sql, parameters)).changes);
    return changes;
  }

  /** Outside a transaction a stream uses a connection of its own; inside one it must see what the transaction wrote. */
  async *stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncGenerator<Row[], void> {
    const replica = this.#replicaToRead();
    if (replica) {
      yield* replica.stream(sql, parameters, batchSize);
      return;
    }
    this.#lastStatement = sql;
    const source: StreamSource<Client> = { client: this.inTransaction ? this.#client : undefined };
    const address = (): DatabaseAddress => this.#addressOf(source.client);
    const statement = this.#observer.sending(sql, parameters, this.queryRunner, address);
    yield* this.#observer.stream(statement, this.#retriedBatches(source, statement, batchSize), (error) =>
      this.#failureOf(error, sql, parameters),
    );
  }

  /** Begins again over another connection where one was lost before it has given any row. */
  async *#retriedBatches(
    source: StreamSource<Client>,
    { sql, parameters, started }: SentStatement,
    batchSize: number,
  ): AsyncIterable<Row[]> {
    let hasRows = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        for await (const rows of this.#batches(source, sql, parameters, batchSize)) {
          hasRows = true;
          yield rows;
        }
        return;
      } catch (error) {
        const failure = this.#failureOf(error, sql, parameters);
        if (hasRows || !this.#canRetry(failure.error, started, attempt)) throw error;
        this.#notify("reconnect");
      }
    }
  }

  async *#batches(
    source: StreamSource<Client>,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    if (this.inTransaction) {
      // The stream may outlive the transaction.
      this.#uses++;
      try {
        yield* this.streamInTransaction(this.#client!, sql, parameters, batchSize);
      } finally {
        this.#uses--;
        this.#returnIfUnused();
      }
      return;
    }
    const own = this.#newQueryRunner();
    const client = (source.client = await this.#takeFromPool(own));
    const poolUser = this.#addPoolUser(() => "stream");
    try {
      yield* this.streamOutsideTransaction(client, sql, parameters, batchSize);
    } finally {
      this.#poolUsers.remove(poolUser);
      await own.release();
    }
  }

  // The transaction

  begin(options: TransactionOptions): Promise<void> {
    return this.hold(async () => {
      await this.#retryIfLost(() =>
        transactionStep(this.queryRunner, "Start", async () => {
          for (const statement of this.dialect.beginTransaction(options)) await this.run(statement);
          // A subscriber that throws afterwards leaves it open, to be rolled back.
          this.#begun = true;
          this.#failure = undefined;
          this.#isReadOnly = options.readOnly === true;
        }),
      );
      this.#notify("begin");
    });
  }

  async commit(): Promise<void> {
    try {
      await transactionStep(this.queryRunner, "Commit", () => this.run("COMMIT"));
    } catch (error) {
      throw isLost(error) && isCommit(error) && !error.notSent ? commitUnanswered(error) : error;
    }
    if (!this.#isReadOnly) this.#committed = performance.now();
    this.#ended("commit");
  }

  async rollback(): Promise<void> {
    const client = this.#client;
    this.#failure = undefined;
    try {
      await transactionStep(this.queryRunner, "Rollback", () => this.run("ROLLBACK"));
    } catch (error) {
      // The server rolls back a connection that is lost, or ended here; the next statement takes another one.
      this.#begun = false;
      this.#discardLost(client);
      if (!isLost(error)) throw error;
    }
    this.#ended("rollback");
  }

  #ended(type: "commit" | "rollback"): void {
    this.#begun = false;
    this.#failure = undefined;
    this.#notify(type);
    this.#returnIfUnused();
  }

  #notify(type: "begin" | "commit" | "rollback" | "reconnect"): void {
    if (this.#observers.areThere) this.#observers.notify({ type, session: this.#options.label });
  }

  savepoint(name: string): Promise<unknown> {
    return this.run(`SAVEPOINT ${this.dialect.quote(name)}`);
  }

  releaseSavepoint(name: string): Promise<unknown> {
    return this.run(`RELEASE SAVEPOINT ${this.dialect.quote(name)}`);
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    const failure = this.#failure;
    // The savepoint is gone with the transaction. What is reported is why.
    if (failure && this.dialect.transactionAfter(failure.kind) === "ended") throw failure;
    this.#failure = undefined;
    await this.run(`ROLLBACK TO SAVEPOINT ${this.dialect.quote(name)}`);
  }

  close(): MaybePromise<void> {
    if (this.#isJoined) return;
    if (this.#replica || this.#begun) return this.#end();
    // A statement that nobody awaited, and that still runs, returns the connection at its end.
    if (this.#uses === 0) return this.#release();
  }

  async #end(): Promise<void> {
    await this.#replica?.close();
    this.#replica = undefined;
    if (this.#begun) await this.rollback();
    await this.close();
  }

  /**
   * Retries over another connection where the connection was lost outside a transaction: then nothing was lost with
   * it.
   */
  #retryIfLost<T>(work: () => Promise<T>, attempt = 1): Promise<T> {
    const started = performance.now();
    return work().catch((error: unknown) => {
      if (!this.#canRetry(error, started, attempt)) throw error;
      this.#notify("reconnect");
      return this.#retryIfLost(work, attempt + 1);
    });
  }

  #canRetry(error: unknown, started: number, attempt: number): boolean {
    return !this.inTransaction && isLost(error) && performance.now() - started < RETRY_WITHIN && attempt < MAX_ATTEMPTS;
  }

  async #sendObserved<T>(
    sql: string,
    parameters: readonly unknown[],
    resultOf: (answer: DriverResult) => T,
  ): Promise<T> {
    this.#uses++;
    try {
      // On MySQL it would be written outside a transaction; PostgreSQL would only say that the transaction is aborted.
      if (this.#failure) throw this.#failure;
      const client = this.#client ?? (await this.#connected());
      this.#lastStatement = sql;
      const address = (): DatabaseAddress => this.#addressOf(client);
      const statement = this.#observer.sending(sql, parameters, this.queryRunner, address);
      try {
        const answer = await this.send(client, sql, parameters);
        this.#observer.sent(statement, answer.rows.length || answer.result.changes);
        return resultOf(answer);
      } catch (error) {
        const failure = this.#failureOf(error, sql, parameters);
        this.#observer.failed(statement, error, failure);
        this.#noteFailure(failure.error, client);
        throw failure.error;
      }
    } finally {
      this.#uses--;
      this.#returnIfUnused();
    }
  }

  #noteFailure(failure: RetortError, client: Client): void {
    if (!(failure instanceof DatabaseError)) return;
    // Inside a transaction the connection is discarded by the rollback that has to follow.
    if (!this.inTransaction && isLost(failure)) this.#discardLost(client);
    if (this.inTransaction && this.dialect.transactionAfter(failure.kind) !== "open") this.#failure = failure;
  }

  #failureOf(error: unknown, sql: string, parameters: readonly unknown[]): Failure {
    const { dataSource } = this;
    const facts = located(this.readDriverError(error), dataSource, sql, parameters);
    const failed = statementFailed({ facts, error, sql, parameters, dataSource }, !this.#begun);
    return { error: failed, statusCode: facts.statusCode };
  }

  /** Before a stream has its connection, only the database is known. */
  #addressOf(client: Client | undefined): DatabaseAddress {
    if (client !== undefined) return this.addressOf(client);
    const { database } = this.dataSource.driver;
    return { system: this.dialect.systemName, namespace: database, address: undefined, port: undefined };
  }

  /** Discards a lost connection, once. */
  #discardLost(client: Client | undefined): void {
    if (client === undefined || client !== this.#client) return;
    this.discard(client);
    void this.#release();
  }
}

const rowsOf = ({ rows }: DriverResult): Row[] => rows;
const runResultOf = ({ result }: DriverResult): RunResult => result;
const queryResultOf = ({ columns = [], rows, result: { changes } }: DriverResult): QueryResult => ({
  columns,
  rows,
  changes,
});

function isLost(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.kind === "connection-lost";
}

/** Not a statement of a subscriber's `beforeTransactionCommit`, after which nothing is committed. */
function isCommit({ sql }: DatabaseError): boolean {
  return sql === "COMMIT";
}
