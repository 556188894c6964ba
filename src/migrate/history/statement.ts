/**
 * What a statement does, by its first words:
 * - `read`: gives rows and changes nothing;
 * - `rows`: changes rows, and is part of a transaction in every database;
 * - `schema`: changes the schema, or anything else that MySQL commits by itself;
 * - `session`: concerns the connection only (SET, PRAGMA …, temporary tables) and has to be repeated on a new one;
 * - `transaction`: begins, ends or divides one.
 */
export type StatementKind = "read" | "rows" | "schema" | "session" | "transaction";

const TRANSACTION = /^(begin|start\s+transaction|commit|end\b|rollback|savepoint|release|abort)\b/i;
const SESSION = /^(set|reset|use|discard|listen|unlisten|attach|detach|create\s+(local\s+|global\s+)?temp(orary)?)\b/i;
const ROWS = /^(insert|update|delete|replace|merge)\b/i;
const READ = /^(select|values|table|show|describe|desc|explain)\b/i;
const WRITING_WORDS = /\b(insert\s+into|update|delete\s+from|merge\s+into)\b/i;

/** PRAGMAs of SQLite that only read, though they have an argument. */
const READING_PRAGMAS =
  /^pragma\s+(?:"?\w+"?\.)?(table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list|foreign_key_check|integrity_check|quick_check)\b/i;

export function statementKind(sql: string): StatementKind {
  const text = withoutLeadingComments(sql);
  if (TRANSACTION.test(text)) return "transaction";
  if (SESSION.test(text)) return "session";
  if (/^pragma\b/i.test(text)) return READING_PRAGMAS.test(text) || !/[=(]/.test(text) ? "read" : "session";
  if (ROWS.test(text)) return "rows";
  if (/^with\b/i.test(text)) return WRITING_WORDS.test(text) ? "rows" : "read";
  if (READ.test(text)) return isSelectInto(text) || isExplainAnalyze(text) ? "rows" : "read";
  return "schema";
}

function isSelectInto(text: string): boolean {
  return /^select\b/i.test(text) && /\binto\s+(outfile|dumpfile|@|table\b|temp)/i.test(withoutStrings(text));
}

function isExplainAnalyze(text: string): boolean {
  return /^explain\s*\(?\s*analy[sz]e\b/i.test(text) && WRITING_WORDS.test(text);
}

/**
 * Whether the statement cannot leave a dangling foreign key: it only creates objects, or changes no rows.
 * False for everything that is not known to be safe.
 */
export function cannotBreakForeignKeys(sql: string): boolean {
  const kind = statementKind(sql);
  if (kind === "read" || kind === "session" || kind === "transaction") return true;
  if (kind === "rows") return false;
  const text = withoutLeadingComments(sql);
  if (/^create\s+(unique\s+index|index|view|trigger)\b/i.test(text)) return true;
  if (/^drop\s+(index|view|trigger)\b/i.test(text)) return true;
  if (/^create\s+table\b/i.test(text)) return !/\)?\s*\bas\s+(select|with|values)\b/i.test(withoutStrings(text));
  return /^alter\s+table\s+\S+\s+add\b/i.test(text) && !/\breferences\b/i.test(text);
}

/** The statement on one line, shortened for a message. */
export function shorten(sql: string, length = 100): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/|\()+/, "");
}

function withoutStrings(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'/g, "''");
}
