import { randomUUID } from "node:crypto";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import type { Dialect } from "../../../dialect/dialect";
import { dialectOf } from "../../../dialect/dialects";
import { cleanUpOnSignal } from "../../../signals";
import { leaseLost, lockTimeout } from "../../errors";
import { historyTableName, historyTablePath, quotedTablePath } from "../../history/history";
import type { LockWait, RunLock } from "./contract";

/** The holder renews the lease this often, in milliseconds. */
const HEARTBEAT = 2000;

/**
 * A lease that was not renewed for so long is free, in milliseconds. Less than the default wait for the lock, so that a run
 * that was killed never makes the next one give up.
 */
export const EXPIRY = 6000;

/** Time between two tries for the lease, in milliseconds. */
const RETRY_EVERY = 100;

/** How often a renewal is tried that the cluster refuses because another node wrote at the same time. */
const CONFLICT_TRIES = 10;

/** What differs between databases. */
export interface LeaseRules {
  /** The type of a time, and the present one. */
  readonly time: string;
  readonly now: string;
  /** The milliseconds since a time in a column. */
  age(column: string): string;
  /** How far the clocks of the servers that share the table may be apart, in milliseconds: 0 for one server. */
  readonly clockTolerance: number;
  /** Whether the statement is to be repeated, because another server wrote the row at the same time. */
  isConflict(error: unknown): boolean;
  /** Whether the row, or the table, was created by another run at the same time. */
  isDuplicate(error: unknown): boolean;
  /** Runs one try to take the lease where no other try does; false where that is not possible now. */
  exclusively(work: () => Promise<boolean>): Promise<boolean>;
  /** Called when a signal ends the process, before the lease is given back. */
  interrupt?(): Promise<void>;
}

/** Sends statements that are not intercepted. */
export type Sender = Pick<QueryRunner, "query">;

/** A row as another run has left it. */
interface Held {
  readonly owner: string;
  readonly holder: string;
  readonly beat: number;
  /** Milliseconds since it was renewed, by the database's clock. */
  readonly age: number;
}

/**
 * The migration lock where the server has none that holds for all runs: a row in a table of Retort's own, which its owner
 * renews. It is free when the owner deletes the row, or has not renewed it for `EXPIRY`.
 *
 * Time is the database's. Where several servers with a clock each share the table, a run also takes a lease that it has itself
 * seen unchanged for `EXPIRY`. Either way the row is taken by its old owner and count, so that one run gets it.
 *
 * A run may lose its lease without noticing (a stopped process). It confirms it before each statement, and renews the row in
 * the transaction of the migration, so that a commit of a run that has lost it fails.
 */
export class Lease implements RunLock {
  readonly #runner: QueryRunner;
  readonly #rules: LeaseRules;
  readonly #table: LeaseTable;
  readonly #owner = randomUUID();
  readonly #cleanUp: () => Promise<void>;
  #isReleased = false;
  #timer: NodeJS.Timeout | undefined;
  #isPaused = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(runner: QueryRunner, dataSource: DataSource, rules: LeaseRules) {
    this.#runner = runner;
    this.#rules = rules;
    this.#table = new LeaseTable(dataSource, rules);
    this.#cleanUp = cleanUpOnSignal(async () => {
      if (!this.#isReleased) await rules.interrupt?.().catch(() => undefined);
      await this.#giveBack();
    });
  }

  /**
   * Waits for the lease and takes it.
   * @param runner a connection of its own, which is released with the lease
   * @throws migrate/locked
   */
  static async take(runner: QueryRunner, dataSource: DataSource, rules: LeaseRules, wait: LockWait): Promise<Lease> {
    const lease = new Lease(runner, dataSource, rules);
    try {
      await lease.#table.create(runner);
      await lease.#wait(wait);
    } catch (error) {
      await lease.release();
      throw error;
    }
    lease.#timer = setInterval(() => lease.#beat(), HEARTBEAT).unref();
    return lease;
  }

  /** Renews the lease; false when another run has it, or the connection is lost. */
  isHeld(): Promise<boolean> {
    return this.#renew().catch(() => false);
  }

  /**
   * Makes sure, right before a statement, that no other run can have taken the lease. An answer that took as long as the
   * lease lasts says nothing: the process may have been stopped in between.
   * @throws migrate/lock-lost
   */
  async confirm(): Promise<void> {
    if (this.#isPaused) return;
    for (;;) {
      const asked = performance.now();
      if (!(await this.#renew())) throw leaseLost(EXPIRY);
      if (performance.now() - asked < EXPIRY / 2) return;
    }
  }

  /**
   * Renews the lease in a transaction of the migrations: the commit can only succeed while the lease is held.
   * @throws migrate/lock-lost
   */
  async fence(migrations: Sender): Promise<void> {
    let renewed: boolean;
    try {
      renewed = await this.#table.renew(migrations, this.#owner);
    } catch (error) {
      if (this.#rules.isConflict(error)) throw leaseLost(EXPIRY);
      throw error;
    }
    if (!renewed) throw leaseLost(EXPIRY);
  }

  /** While something else keeps others from taking the lease, it is not renewed: the row may be locked. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#last.catch(() => undefined);
  }

  resume(): void {
    this.#isPaused = false;
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#cleanUp();
    await this.#runner.release();
  }

  async #giveBack(): Promise<void> {
    clearInterval(this.#timer);
    await this.#inTurn(() => this.#retried(() => this.#table.remove(this.#runner, this.#owner))).catch(() => undefined);
  }

  async #wait(wait: LockWait): Promise<void> {
    const began = performance.now();
    let seen: { held: Held; since: number } | undefined;
    for (let tries = 0; ; tries++) {
      const held = await this.#try(seen);
      if (held === undefined) return;
      if (seen?.held.owner !== held.owner || seen.held.beat !== held.beat) seen = { held, since: performance.now() };
      if (performance.now() - began >= wait.timeout)
        throw lockTimeout(wait.timeout, `another run of migrations (${held.holder}) has been holding the lock`);
      if (tries === 0) wait.waiting();
      await sleep(RETRY_EVERY);
    }
  }

  /** Takes the lease where it is free; otherwise gives what is known of its holder. */
  async #try(seen: { held: Held; since: number } | undefined): Promise<Held | undefined> {
    let held: Held | undefined;
    const isTaken = await this.#rules.exclusively(async () => {
      held = await this.#table.read(this.#runner);
      return this.#takeFrom(held, seen);
    });
    return isTaken ? undefined : (held ?? UNKNOWN);
  }

  async #takeFrom(held: Held | undefined, seen: { held: Held; since: number } | undefined): Promise<boolean> {
    const { clockTolerance } = this.#rules;
    const isUnchanged = held !== undefined && seen?.held.owner === held.owner && seen.held.beat === held.beat;
    const isExpired =
      held !== undefined &&
      (held.age > EXPIRY + clockTolerance || (isUnchanged && performance.now() - seen!.since > EXPIRY));
    if (held !== undefined && !isExpired) return false;
    try {
      if (held === undefined) await this.#table.insert(this.#runner, this.#owner);
      else return await this.#table.takeOver(this.#runner, this.#owner, held);
      return true;
    } catch (error) {
      if (this.#rules.isConflict(error) || this.#rules.isDuplicate(error)) return false;
      throw error;
    }
  }

  #beat(): void {
    // A renewal that fails is tried again by the next one, or by `confirm`, which counts.
    if (!this.#isPaused) void this.isHeld();
  }

  #renew(): Promise<boolean> {
    return this.#inTurn(() => this.#retried(() => this.#table.renew(this.#runner, this.#owner)));
  }

  async #retried<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (!this.#rules.isConflict(error) || tries === CONFLICT_TRIES) throw error;
      }
    }
  }

  /** One statement at a time on the connection. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** The row is being taken, or the lock of the database is held. */
const UNKNOWN: Held = { owner: "", holder: "another process", beat: 0, age: 0 };

/** Deletes a lease that has expired; gives the holder of one that has not. For a lock that is none, but honours leases. */
export async function liveLease(
  runner: QueryRunner,
  dataSource: DataSource,
  rules: LeaseRules,
): Promise<string | undefined> {
  const table = new LeaseTable(dataSource, rules);
  if (!(await table.exists(runner))) return undefined;
  const held = await table.read(runner);
  if (held === undefined) return undefined;
  if (held.age <= EXPIRY) return held.holder;
  await table.remove(runner, held.owner);
  return undefined;
}

/** The table of the lease, beside TypeORM's history. It has one row, or none. */
class LeaseTable {
  readonly #dialect: Dialect;
  readonly #rules: LeaseRules;
  readonly #path: string;
  readonly #quoted: string;

  constructor(dataSource: DataSource, rules: LeaseRules) {
    const name = `retort_${historyTableName(dataSource)}_lease`;
    this.#dialect = dialectOf(dataSource);
    this.#rules = rules;
    this.#path = historyTablePath(dataSource, name);
    this.#quoted = quotedTablePath(dataSource, name);
  }

  exists(runner: QueryRunner): Promise<boolean> {
    return runner.hasTable(this.#path);
  }

  async create(runner: QueryRunner): Promise<void> {
    if (await this.exists(runner)) return;
    const { word, name, options } = this.#dialect.internalTable;
    const columns = [
      `${this.#q("name")} ${word} NOT NULL PRIMARY KEY`,
      `${this.#q("owner")} ${name} NOT NULL`,
      `${this.#q("holder")} ${name} NOT NULL`,
      `${this.#q("beat")} int NOT NULL`,
      `${this.#q("beat_at")} ${this.#rules.time} NOT NULL`,
    ];
    try {
      await runner.query(`CREATE TABLE IF NOT EXISTS ${this.#quoted} (${columns.join(", ")})${options}`);
    } catch (error) {
      if (!this.#rules.isDuplicate(error)) throw error;
    }
  }

  async read(runner: Sender): Promise<Held | undefined> {
    const columns = ["owner", "holder", "beat"].map((name) => this.#q(name)).join(", ");
    const age = `${this.#rules.age(this.#q("beat_at"))} AS ${this.#q("age")}`;
    const rows = (await runner.query(`SELECT ${columns}, ${age} FROM ${this.#quoted}`)) as Record<string, string>[];
    const [row] = rows;
    if (!row) return undefined;
    return { owner: row["owner"]!, holder: row["holder"]!, beat: Number(row["beat"]), age: Number(row["age"]) };
  }

  async insert(runner: Sender, owner: string): Promise<void> {
    const columns = ["name", "owner", "holder", "beat", "beat_at"].map((name) => this.#q(name)).join(", ");
    const values = [1, 2, 3].map((position) => this.#dialect.placeholder(position)).join(", ");
    await runner.query(`INSERT INTO ${this.#quoted} (${columns}) VALUES (${values}, 0, ${this.#rules.now})`, [
      "migrations",
      owner,
      holder(),
    ]);
  }

  /** Whether the row was still that one. */
  takeOver(runner: Sender, owner: string, held: Held): Promise<boolean> {
    const set = [`${this.#q("owner")} = ${this.#p(1)}`, `${this.#q("holder")} = ${this.#p(2)}`, this.#beaten()];
    const where = `${this.#q("owner")} = ${this.#p(3)} AND ${this.#q("beat")} = ${this.#p(4)}`;
    return this.#update(runner, `SET ${set.join(", ")} WHERE ${where}`, [owner, holder(), held.owner, held.beat]);
  }

  /** Whether the row is still the owner's. */
  renew(runner: Sender, owner: string): Promise<boolean> {
    return this.#update(runner, `SET ${this.#beaten()} WHERE ${this.#q("owner")} = ${this.#p(1)}`, [owner]);
  }

  async remove(runner: Sender, owner: string): Promise<void> {
    await runner.query(`DELETE FROM ${this.#quoted} WHERE ${this.#q("owner")} = ${this.#p(1)}`, [owner]);
  }

  #beaten(): string {
    return `${this.#q("beat")} = ${this.#q("beat")} + 1, ${this.#q("beat_at")} = ${this.#rules.now}`;
  }

  async #update(runner: Sender, rest: string, parameters: unknown[]): Promise<boolean> {
    const { affected } = await runner.query(`UPDATE ${this.#quoted} ${rest}`, parameters, true);
    return Number(affected) === 1;
  }

  #q(name: string): string {
    return this.#dialect.quote(name);
  }

  #p(position: number): string {
    return this.#dialect.placeholder(position);
  }
}

/** For the message of a run that waits in vain. */
function holder(): string {
  return `process ${process.pid} at ${os.hostname()}`;
}
