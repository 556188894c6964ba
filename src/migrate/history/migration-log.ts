import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";
import path from "node:path";
import type { DataSource, QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { dialectOf } from "../../dialect/dialects";
import type { MigrationFile } from "../files/files";
import { historyTableName, quotedTablePath, historyTablePath } from "./history";
import type { Send } from "./send";

/** What Retort stores besides TypeORM's history. */
export interface MigrationLogContents {
  /** By the migration's name; a migration that another tool applied has no entry. */
  readonly applied: ReadonlyMap<string, AppliedEntry>;
  /** The migration that was started and did not finish, if there is one. */
  readonly halfApplied: HalfApplied | undefined;
}

export interface AppliedEntry {
  /** Of the file's text when it was applied; undefined where there was no file. */
  readonly checksum: string | undefined;
  /** The file's extension: the checksum does not apply to the same migration compiled to JavaScript. */
  readonly ending: string;
  readonly at: Date;
}

/** A migration that did not run in one transaction and did not finish. */
export interface HalfApplied {
  readonly name: string;
  readonly direction: "up" | "down";
  readonly statements: readonly StatementLogEntry[];
}

/** One statement of a half-applied migration, in the order in which they were sent. */
export interface StatementLogEntry {
  readonly position: number;
  /** The text, as `loggedText` shortens it. */
  readonly sql: string;
  /** `begun`: it was sent, and its outcome is not known. */
  readonly state: "begun" | "done";
  /** Whether it changed anything; reads are logged so that a resumed migration takes the same path. */
  readonly changes: boolean;
  /** The driver's result; undefined when it was too large to store. */
  readonly result: { readonly value: unknown } | undefined;
}

/** Larger results are not stored. */
const MAX_RESULT_BYTES = 512 * 1024;

/** Longer statements are stored as a prefix and a hash, in characters. */
const MAX_STATEMENT_LENGTH = 4000;

const COLUMNS = ["migration", "entry", "position", "state", "checksum", "statement", "result", "at"] as const;

/**
 * Retort's own table, beside TypeORM's: `retort_migrations`. Dropping it loses only the checksums
 * and, for a half-applied migration, which statements were done.
 */
export class MigrationLog {
  readonly #dialect: Dialect;
  readonly #table: string;
  readonly #quoted: string;

  constructor(dataSource: DataSource) {
    this.#dialect = dialectOf(dataSource);
    this.#table = historyTablePath(dataSource, migrationLogTableName(dataSource));
    this.#quoted = quotedTablePath(dataSource, migrationLogTableName(dataSource));
  }

  async read(runner: QueryRunner): Promise<MigrationLogContents> {
    if (!(await runner.hasTable(this.#table))) return { applied: new Map(), halfApplied: undefined };
    const rows = (await runner.query(`SELECT * FROM ${this.#quoted} ORDER BY ${this.#q("id")}`)) as LogRow[];
    return { applied: appliedEntries(rows), halfApplied: halfAppliedEntry(rows) };
  }

  async create(runner: QueryRunner, send: Send): Promise<void> {
    if (await runner.hasTable(this.#table)) return;
    await send(createStatement(this.#quoted, this.#dialect));
  }

  /** Records that the migration is applied. */
  async recordApplied(send: Send, { name, file, checksum }: MigrationFile): Promise<void> {
    await this.remove(send, name);
    // The column `statement` stores the file's extension for entries of this kind.
    const detail = file === undefined ? "" : path.extname(file);
    await this.#insert(send, { migration: name, entry: "applied", checksum: checksum ?? null, statement: detail });
  }

  /** Removes everything about the migration. */
  async remove(send: Send, name: string): Promise<void> {
    await send(`DELETE FROM ${this.#quoted} WHERE ${this.#q("migration")} = ${this.#dialect.placeholder(1)}`, [name]);
  }

  async clear(send: Send): Promise<void> {
    await send(`DELETE FROM ${this.#quoted}`);
  }

  /** Adds a statement that is about to be sent, or that is done. */
  async addStatement(send: Send, name: string, direction: "up" | "down", entry: StatementLogEntry): Promise<void> {
    await this.#insert(send, {
      migration: name,
      entry: direction,
      position: entry.position,
      state: entry.changes ? entry.state : "read",
      statement: loggedText(entry.sql),
      result: entry.result === undefined ? null : serialized(entry.result.value),
    });
  }

  /** Marks a statement that was begun as done. */
  async markDone(send: Send, name: string, direction: "up" | "down", position: number, result: unknown): Promise<void> {
    const set = [
      `${this.#q("state")} = ${this.#dialect.placeholder(1)}`,
      `${this.#q("result")} = ${this.#dialect.placeholder(2)}`,
    ];
    await send(`UPDATE ${this.#quoted} SET ${set.join(", ")} WHERE ${this.#place(3)}`, [
      "done",
      serialized(result),
      name,
      direction,
      position,
    ]);
  }

  /** Removes a statement that the database refused. */
  async removeStatement(send: Send, name: string, direction: "up" | "down", position: number): Promise<void> {
    await send(`DELETE FROM ${this.#quoted} WHERE ${this.#place(1)}`, [name, direction, position]);
  }

  /** Removes the statements of a run. */
  async removeStatements(send: Send, name: string, direction: "up" | "down"): Promise<void> {
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

/** A statement's text as it is stored: long ones end in their hash. */
export function loggedText(sql: string): string {
  if (sql.length <= MAX_STATEMENT_LENGTH) return sql;
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

interface LogRow {
  migration: string;
  entry: "applied" | "up" | "down";
  position: number;
  state: "begun" | "done" | "read" | null;
  checksum: string | null;
  statement: string | null;
  result: string | null;
  at: string;
}

function appliedEntries(rows: readonly LogRow[]): Map<string, AppliedEntry> {
  const applied = rows.filter(({ entry }) => entry === "applied");
  return new Map(
    applied.map(({ migration, checksum, statement, at }) => [
      migration,
      { checksum: checksum ?? undefined, ending: statement ?? "", at: new Date(at) },
    ]),
  );
}

/** A migration that has only read so far is not half-applied. */
function halfAppliedEntry(rows: readonly LogRow[]): HalfApplied | undefined {
  const first = rows.find(({ entry, state }) => entry !== "applied" && state !== "read");
  if (!first) return undefined;
  const { migration, entry } = first;
  const own = rows.filter((row) => row.migration === migration && row.entry === entry);
  const statements = own.map(statementEntry).sort((a, b) => a.position - b.position);
  return { name: migration, direction: entry === "down" ? "down" : "up", statements };
}

function statementEntry({ position, statement, state, result }: LogRow): StatementLogEntry {
  return {
    position: Number(position),
    sql: statement ?? "",
    state: state === "begun" ? "begun" : "done",
    changes: state !== "read",
    result: result === null ? undefined : { value: deserialize(Buffer.from(result, "base64")) as unknown },
  };
}

/** Keeps Dates, Buffers and bigints. Null where the value cannot be serialized or is too large. */
function serialized(value: unknown): string | null {
  let bytes: Buffer;
  try {
    bytes = serialize(value);
  } catch {
    return null;
  }
  return bytes.length > MAX_RESULT_BYTES ? null : bytes.toString("base64");
}
