import type { Connection, QueryResult } from "../dialect/dialect";
import { DatabaseError } from "../dialect/errors";
import { SavepointConnection } from "../dialect/savepoint-connection";
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
  /^(alter|(create|drop)(?!\s+temporary)|grant|install|lock|rename|revoke|set\s+password|truncate|uninstall)\b/i;
/** Those that give rows, and can be sent again. */
const MAINTAINING =
  /^((analyze|check|optimize|repair)\s+((no_write_to_binlog|local)\s+)?tables?|cache\s+index|flush)\b/i;
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
  const text = statementIn(sql, dialect.quoting);
  if (text === undefined) throw severalStatements();
  if (TRANSACTION.test(text)) throw transactionStatement(firstWord(text));
  if (!dialect.supportsTransactionalDdl && (COMMITTING.test(text) || MAINTAINING.test(text))) {
    if (connection.inTransaction || connection instanceof SavepointConnection) throw endsTransaction(firstWord(text));
    return committed(state, text, sql, parameters);
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
  await connection.begin({ readOnly: true, isForOne: true });
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

/**
 * The statement without the comments before it, and with what MySQL executes of its comments; undefined where something follows a
 * semicolon: PostgreSQL would execute it, a COMMIT too.
 */
function statementIn(sql: string, quoting: Quoting): string | undefined {
  const executed = quoting.hash ? sql.replace(/\/\*M?!\d*/gi, " ") : sql;
  const text = executed.replace(quoting.hash ? LEADING_WITH_HASH : LEADING, "");
  return text.includes(";") && hasSeveral(text, quoting) ? undefined : text;
}

/** Spaces and comments before a statement. */
const LEADING = /^(\s+|--[^\n]*(\n|$)|\/\*[^]*?\*\/)+/;
const LEADING_WITH_HASH = /^(\s+|(--|#)[^\n]*(\n|$)|\/\*[^]*?\*\/)+/;

/** The body of a trigger or a routine is part of the statement. */
function hasSeveral(text: string, quoting: Quoting): boolean {
  const words = tokenize(text, quoting).filter((token) => !isTrivia(token));
  const hasBody = /^create$/i.test(words[0]?.text ?? "") && words.some((word) => /^begin$/i.test(word.text));
  const body = hasBody ? words.findLastIndex((word) => /^end$/i.test(word.text)) : -1;
  const end = words.findIndex((word, place) => place > body && word.text === ";");
  return end >= 0 && words.slice(end).some((word) => word.text !== ";");
}

/** Runs a statement that is no part of a transaction. One that changes something is not sent again when the connection is lost. */
async function committed(
  state: SessionState,
  text: string,
  sql: string,
  parameters: readonly unknown[],
): Promise<ExecutedRows> {
  const { connection } = state;
  await connection.open();
  const result = MAINTAINING.test(text)
    ? await connection.query(sql, parameters)
    : { columns: [], rows: [], changes: (await connection.run(sql, parameters)).changes };
  expireEverything(state);
  return rowsOf(result);
}

/** `COMMIT` */
function firstWord(text: string): string {
  return text.split(/[\s;]/, 1)[0]!.toUpperCase();
}
