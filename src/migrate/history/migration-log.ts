import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";
import path from "node:path";
import type { DataSource, QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { dialectOf } from "../../dialect/dialects";
import type { MigrationFile } from "../files/files";
import { historyTableName, quotedPath, tableBeside } from "./history";
import type { Send } from "./send";

/** What Retort remembers besides TypeORM's history. */
export interface MigrationLogContents {
  /** By the migration's name; a migration that another tool applied has no entry. */
  readonly applied: ReadonlyMap<string, AppliedEntry>;
  /** The migration that was begun and not finished, if there is one. */
  readonly halfApplied: HalfApplied | undefined;
}

export interface AppliedEntry {
  /** Of the file's text when it was applied; undefined where there was no file. */
  readonly checksum: string | undefined;
  /** The file's ending: a checksum says nothing about the same migration compiled to JavaScript. */
  readonly ending: string;
  readonly at: Date;
}

/** A migration whose statements could not be, or were not to be, part of one transaction, and that did not come to its end. */
export interface HalfApplied {
  readonly name: string;
  readonly direction: "up" | "down";
  readonly statements: readonly StatementLogEntry[];
}

/** One statement of a half-applied migration, in the order in which they were sent. */
export interface StatementLogEntry {
  readonly position: number;
  /** The text, as `noted` shortens it. */
  readonly sql: string;
  /** `begun`: it was sent, and what became of it is not known. */
  readonly state: "begun" | "done";
  /** Whether it changed anything; what only read is kept so that the migration takes the same way again. */
  readonly changes: boolean;
  /** What the driver gave; undefined when that was too much to keep. */
  readonly result: { readonly value: unknown } | undefined;
}

/** Results up to here are kept, in bytes. */
const KEPT_RESULT = 512 * 1024;

/** Statements up to here are kept whole, in characters. */
const KEPT_STATEMENT = 4000;

const COLUMNS = ["migration", "entry", "position", "state", "checksum", "statement", "result", "at"] as const;

/**
 * Retort's own table, beside TypeORM's: `retort_migrations`. It may be dropped at any time; what is lost are checksums
 * and, of a half-applied migration, how far it came.
 */
export class MigrationLog {
  readonly #dialect: Dialect;
  readonly #table: string;
  readonly #quoted: string;

  constructor(dataSource: DataSource) {
    this.#dialect = dialectOf(dataSource);
    this.#table = tableBeside(dataSource, migrationLogTableName(dataSource));
    this.#quoted = quotedPath(dataSource, migrationLogTableName(dataSource));
  }

  async read(runner: QueryRunner): Promise<MigrationLogContents> {
    if (!(await runner.hasTable(this.#table))) return { applied: new Map(), halfApplied: undefined };
    const rows = (await runner.query(`SELECT * FROM ${this.#quoted} ORDER BY ${this.#q("id")}`)) as LedgerRow[];
    return { applied: appliedEntries(rows), halfApplied: halfAppliedEntry(rows) };
  }

  async create(runner: QueryRunner, send: Send): Promise<void> {
    if (await runner.hasTable(this.#table)) return;
    await send(createStatement(this.#quoted, this.#dialect));
  }

  /** The migration came to its end. */
  async recordApplied(send: Send, { name, file, checksum }: MigrationFile): Promise<void> {
    await this.forget(send, name);
    const detail = file === undefined ? "" : path.extname(file);
    await this.#insert(send, { migration: name, entry: "applied", checksum: checksum ?? null, statement: detail });
  }

  /** Removes everything about the migration. */
  async forget(send: Send, name: string): Promise<void> {
    await send(`DELETE FROM ${this.#quoted} WHERE ${this.#q("migration")} = ${this.#dialect.placeholder(1)}`, [name]);
  }

  async clear(send: Send): Promise<void> {
    await send(`DELETE FROM ${this.#quoted}`);
  }

  /** Says that a statement is about to be sent, or that it is done. */
  async note(send: Send, name: string, direction: "up" | "down", entry: StatementLogEntry): Promise<void> {
    await this.#insert(send, {
      migration: name,
      entry: direction,
      position: entry.position,
      state: entry.changes ? entry.state : "read",
      statement: noted(entry.sql),
      result: entry.result === undefined ? null : packed(entry.result.value),
    });
  }

  /** What was begun is done. */
  async noteDone(send: Send, name: string, direction: "up" | "down", position: number, result: unknown): Promise<void> {
    const set = [
      `${this.#q("state")} = ${this.#dialect.placeholder(1)}`,
      `${this.#q("result")} = ${this.#dialect.placeholder(2)}`,
    ];
    await send(`UPDATE ${this.#quoted} SET ${set.join(", ")} WHERE ${this.#place(3)}`, [
      "done",
      packed(result),
      name,
      direction,
      position,
    ]);
  }

  /** Takes back that a statement was begun: the database refused it. */
  async noteUndone(send: Send, name: string, direction: "up" | "down", position: number): Promise<void> {
    await send(`DELETE FROM ${this.#quoted} WHERE ${this.#place(1)}`, [name, direction, position]);
  }

  /** Removes what was noted about the statements of a run. */
  async forgetStatements(send: Send, name: string, direction: "up" | "down"): Promise<void> {
    const where = [
      `${this.#q("migration")} = ${this.#dialect.placeholder(1)}`,
      `${this.#q("entry")} = ${this.#dialect.placeholder(2)}`,
    ];
    await send(`DELETE FROM ${this.#quoted} WHERE ${where.join(" AND ")}`, [name, direction]);
  }

  #place(first: number): string {
    return ["migration", "entry", "position"]
      .map((column, index) => `${this.#q(column)} = ${this.#dialect.placeholder(first + index)}`)
      .join(" AND ");
  }

  async #insert(send: Send, values: Partial<Record<(typeof COLUMNS)[number], unknown>>): Promise<void> {
    const row = {
      position: 0,
      state: null,
      checksum: null,
      statement: null,
      result: null,
      at: new Date().toISOString(),
      ...values,
    };
    const names = COLUMNS.map((column) => this.#q(column)).join(", ");
    const places = COLUMNS.map((_, index) => this.#dialect.placeholder(index + 1)).join(", ");
    await send(
      `INSERT INTO ${this.#quoted} (${names}) VALUES (${places})`,
      COLUMNS.map((column) => (row as Record<string, unknown>)[column]),
    );
  }

  #q(name: string): string {
    return this.#dialect.quote(name);
  }
}

/** A statement's text as the ledger keeps it: long ones end in their hash. */
export function noted(sql: string): string {
  if (sql.length <= KEPT_STATEMENT) return sql;
  return `${sql.slice(0, 500)} … sha256:${createHash("sha256").update(sql).digest("hex")}`;
}

export function migrationLogTableName(dataSource: DataSource): string {
  return `retort_${historyTableName(dataSource)}`;
}

/** A plain CREATE TABLE: the table is no entity, and must exist before any entity's table does. */
function createStatement(table: string, dialect: Dialect): string {
  const { id, name, word, text, options } = dialect.internalTable;
  const quote = (column: string) => dialect.quote(column);
  const columns = [
    `${quote("id")} ${id}`,
    `${quote("migration")} ${name} NOT NULL`,
    `${quote("entry")} ${word} NOT NULL`,
    `${quote("position")} int NOT NULL`,
    `${quote("state")} ${word} NULL`,
    `${quote("checksum")} ${word} NULL`,
    `${quote("statement")} ${text} NULL`,
    `${quote("result")} ${text} NULL`,
    `${quote("at")} ${word} NOT NULL`,
  ];
  return `CREATE TABLE IF NOT EXISTS ${table} (${columns.join(", ")})${options}`;
}

interface LedgerRow {
  migration: string;
  entry: "applied" | "up" | "down";
  position: number;
  state: "begun" | "done" | "read" | null;
  checksum: string | null;
  statement: string | null;
  result: string | null;
  at: string;
}

function appliedEntries(rows: readonly LedgerRow[]): Map<string, AppliedEntry> {
  const applied = rows.filter(({ entry }) => entry === "applied");
  return new Map(
    applied.map(({ migration, checksum, statement, at }) => [
      migration,
      { checksum: checksum ?? undefined, ending: statement ?? "", at: new Date(at) },
    ]),
  );
}

/** A migration that has only read so far is not half-applied: nothing of it is there. */
function halfAppliedEntry(rows: readonly LedgerRow[]): HalfApplied | undefined {
  const first = rows.find(({ entry, state }) => entry !== "applied" && state !== "read");
  if (!first) return undefined;
  const { migration, entry } = first;
  const own = rows.filter((row) => row.migration === migration && row.entry === entry);
  const statements = own.map(journalEntry).sort((a, b) => a.position - b.position);
  return { name: migration, direction: entry === "down" ? "down" : "up", statements };
}

function journalEntry({ position, statement, state, result }: LedgerRow): StatementLogEntry {
  return {
    position: Number(position),
    sql: statement ?? "",
    state: state === "begun" ? "begun" : "done",
    changes: state !== "read",
    result: result === null ? undefined : { value: deserialize(Buffer.from(result, "base64")) as unknown },
  };
}

/** Dates, Buffers and bigints come back as what they were. Undefined rather than more than can be kept. */
function packed(value: unknown): string | null {
  let bytes: Buffer;
  try {
    bytes = serialize(value);
  } catch {
    return null;
  }
  return bytes.length > KEPT_RESULT ? null : bytes.toString("base64");
}
