import type { ObjectName } from "../../schema/model";
import type { Rename } from "../../schema/operation";
import { type Token, isTrivia, nameIn, postgresQuoting, tokenize } from "../../schema/tokens";
import { quote } from "./create";

/*
 * Statements as the server prints them, after a rename. The server rewrites what is there by itself; these texts create again
 * what is dropped for a while. They are tried on the scratch copy.
 */

/** The server prints a name with quotes only where it must. */
export function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quote(name);
}

/** The statement after a table was renamed. */
export function tableRenamed(text: string, from: ObjectName, to: string): string {
  return edited(text, (token) => (isNamed(token, from.name) ? quoteIfNeeded(to) : undefined));
}

type ColumnRename = Extract<Rename, { kind: "renameColumn" }>;

/** The statement after a column was renamed. @param keepsAlias a selected column keeps its old name as an alias, as in views */
export function columnRenamed(text: string, { table, from, to }: ColumnRename, keepsAlias = false): string {
  const tokens = tokenize(text, postgresQuoting).filter((token) => !isTrivia(token));
  const places = new Map(tokens.map((token, at) => [token.start, at]));
  const isTable = relationNames(tokens, table);
  const end = tokens.findIndex((token) => isWord(token, "FROM"));
  return edited(text, (token) => {
    if (!isNamed(token, from)) return undefined;
    const at = places.get(token.start)!;
    const [before, after] = [tokens[at - 1]?.text, tokens[at + 1]?.text.toUpperCase()];
    if (after === "." || after === "(" || before?.toUpperCase() === "AS") return undefined;
    if (before === "." ? !isTable(tokens[at - 2]!.text) : isColumnOfTarget(tokens, at, isTable)) return undefined;
    const isItem = keepsAlias && at < end && (after === "," || after === "FROM");
    return quoteIfNeeded(to) + (isItem ? ` AS ${quoteIfNeeded(from)}` : "");
  });
}

/** What stands for the table before a dot: its name, aliases, and in triggers and rules the row's. */
function relationNames(tokens: readonly Token[], table: ObjectName): (name: string) => boolean {
  const names = new Set(["new", "old"]);
  tokens.forEach((token, at) => {
    const schema = tokens[at - 1]?.text === "." ? nameIn(tokens[at - 2]!.text) : undefined;
    const isOther = schema !== undefined && schema !== (table.schema ?? "public");
    if (!isNamed(token, table.name) || isOther || tokens[at + 1]?.text === ".") return;
    const alias = tokens[at + 1];
    const isAlias = alias && (alias.kind === "identifier" || (alias.kind === "word" && !KEYWORD.test(alias.text)));
    names.add(isAlias ? nameIn(alias.text) : table.name);
  });
  return (name) => names.has(nameIn(name));
}

/** What the server prints after a table that has no alias. */
const KEYWORD =
  /^(as|on|using|where|group|order|having|limit|offset|union|intersect|except|join|left|right|full|inner|cross|natural|for|to|from|do|with|set|values|when|window|fetch|add|drop|referencing|not|deferrable|initially|instead|also|default|returning|tablesample|execute)$/i;

/** Whether the word is a column that is written to: `INSERT INTO other (size)`, `UPDATE other SET size = …`. */
function isColumnOfTarget(tokens: readonly Token[], at: number, isTable: (name: string) => boolean): boolean {
  for (let start = at - 1; start > 0; start--) {
    const token = tokens[start]!;
    if (isWord(token, "SELECT") || isWord(token, "VALUES") || isWord(token, "WHERE")) return false;
    if (isWord(token, "INTO") || isWord(token, "UPDATE")) {
      const target = tokens[start + 2]?.text === "." ? tokens[start + 3] : tokens[start + 1];
      return target !== undefined && !isWord(target, "OF") && !isWord(target, "ON") && !isTable(target.text);
    }
  }
  return false;
}

function isWord(token: Token, word: string): boolean {
  return token.kind === "word" && token.text.toUpperCase() === word;
}

function isNamed({ kind, text }: Token, name: string): boolean {
  return (kind === "word" || kind === "identifier") && nameIn(text) === name;
}

function edited(text: string, edit: (token: Token) => string | undefined): string {
  return tokenize(text, postgresQuoting)
    .map((token) => edit(token) ?? token.text)
    .join("");
}
