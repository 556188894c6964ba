import type { Connection, QueryResult } from "../dialect/dialect";
import { DatabaseError } from "../dialect/errors";
import { isTrivia, tokenize, type Quoting } from "../dialect/schema/tokens";
import type { SessionState } from "./session-state";
import { endsTransaction, severalStatements, transactionStatement } from "./state/errors";
import type { Transaction } from "./transaction";

/** The rows of `session.execute`, as objects; `changes` is the number of rows that the statement wrote. */
export type ExecutedRows = Record<string, unknown>[] & { readonly changes: number };

/** Statements that the session's own methods stand for: sent by themselves they would end its transaction behind its back. */
const TRANSACTION = /^(begin|start\s+transaction|commit|rollback|abort|end|savepoint|release|xa)\b/i;
/** Statements that commit an open transaction, where changes of the schema are not part of it (MySQL, MariaDB). */
const COMMITTING =
  /^(alter|analyze|cache|check\s+table|(create|drop)(?!\s+temporary)|flush|grant|install|lock|optimize|rename|repair|revoke|set\s+password|truncate|uninstall)\b/i;
const READING = /^(\(|(select|with|values|table|show|explain|describe|desc)\b)/i;
const LOCKING =
  /\b(for\s+(no\s+key\s+)?update|for\s+(key\s+)?share|lock\s+in\s+share\s+mode|into\s+(outfile|dumpfile))\b/i;

/**
 * Runs a statement in the session's transaction. A reading statement begins none: it runs in a transaction that is read only, and where
 * the database finds that it writes, in the session's own.
 *
 * @throws RetortError `session/transaction-statement`, `session/several-statements`, `session/ends-transaction`
 */
export async function execute(
  state: SessionState,
  transaction: Transaction,
  sql: string,
  parameters: readonly unknown[],
): Promise<ExecutedRows> {
  const { connection, dialect } = state;
  if (hasSeveral(sql, dialect.quoting)) throw severalStatements();
  const text = withoutComments(sql);
  if (TRANSACTION.test(text)) throw transactionStatement(firstWord(text));
  if (!dialect.supportsTransactionalDdl && COMMITTING.test(text)) {
    if (connection.inTransaction) throw endsTransaction(firstWord(text));
    await connection.open();
    const result = await connection.query(sql, parameters);
    expireEverything(state);
    return rowsOf(result);
  }
  const isReading = READING.test(text) && !LOCKING.test(text);
  if (isReading && !connection.inTransaction) {
    const result = await readOnly(connection, transaction, sql, parameters);
    if (result) return rowsOf(result);
  }
  await transaction.begin();
  const result = await connection.query(sql, parameters);
  if (!isReading) expireEverything(state);
  return rowsOf(result);
}

/** Runs a statement in a transaction of its own; undefined where it writes. */
async function readOnly(
  connection: Connection,
  transaction: Transaction,
  sql: string,
  parameters: readonly unknown[],
): Promise<QueryResult | undefined> {
  if (transaction.readsInTransaction) return undefined;
  await connection.open();
  await connection.begin({ readOnly: true });
  try {
    const result = await connection.query(sql, parameters);
    await connection.commit();
    return result;
  } catch (error) {
    await connection.rollback();
    if (error instanceof DatabaseError && error.kind === "read-only") return undefined;
    throw error;
  }
}

/** The statement may have written any row, which a rollback takes back. */
function expireEverything(state: SessionState): void {
  for (const { root } of state.models.all()) state.bulkWritten.add(root);
  state.generation++;
}

function rowsOf({ columns, rows, changes }: QueryResult): ExecutedRows {
  const objects = rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]])));
  return Object.defineProperty(objects, "changes", { value: changes, enumerable: false }) as unknown as ExecutedRows;
}

/** Whether something follows a semicolon: PostgreSQL would execute it, a COMMIT too. */
function hasSeveral(sql: string, quoting: Quoting): boolean {
  if (!sql.includes(";")) return false;
  const tokens = tokenize(sql, quoting).filter((token) => !isTrivia(token));
  const end = tokens.findIndex(({ text }) => text === ";");
  return end >= 0 && tokens.slice(end).some(({ text }) => text !== ";");
}

/** `COMMIT` */
function firstWord(text: string): string {
  return text.split(/[\s;]/, 1)[0]!.toUpperCase();
}

function withoutComments(sql: string): string {
  return sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[^]*?\*\/)+/, "");
}
