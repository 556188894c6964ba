import { inspect } from "node:util";
import type { DatabaseEvent } from "../../dialect/events";
import { ansi, escapeLine, escapeText, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";
import { MASK, type Secrets } from "../print/secrets";
import { highlightSql } from "./highlight";
import { milliseconds } from "./statement-stats";

/** A statement with its parameters. */
export function statementText(
  sql: string,
  parameters: readonly unknown[] | undefined,
  style: Style,
  secrets: Secrets,
): EscapedText {
  const statement = highlightSql(escapeText(sql), style);
  if (parameters === undefined || parameters.length === 0) return statement;
  return ansi`${statement}  ${style.dim(escapeLine(parameterText(sql, parameters, secrets)))}`;
}

/** What `.echo` prints of an event: the statement, its parameters and its time. */
export function echoLines(event: DatabaseEvent, style: Style, secrets: Secrets): EscapedText[] {
  switch (event.type) {
    case "statement": {
      const outcome = event.failure ? style.bad(ansi`failed`) : style.dim(escapeLine(milliseconds(event.milliseconds)));
      return [ansi`${statementText(event.sql, event.parameters, style, secrets)}  ${outcome}`];
    }
    case "begin":
    case "commit":
    case "rollback":
      return [style.keyword(escapeLine(event.type.toUpperCase()))];
    default:
      return [];
  }
}

/** Parameters that are printed; the rest is counted. */
const MAX_PARAMETERS = 20;

function parameterText(sql: string, parameters: readonly unknown[], secrets: Secrets): string {
  const secret = mentionsSecret(sql, secrets);
  const shown = parameters.slice(0, MAX_PARAMETERS).map((value) => {
    if (secret && typeof value === "string") return MASK;
    return inspect(value, { breakLength: Infinity, compact: true, maxStringLength: 100, depth: 1 });
  });
  if (parameters.length > MAX_PARAMETERS) shown.push(`… ${parameters.length - MAX_PARAMETERS} more`);
  return `[${shown.join(", ")}]`;
}

/** Whether a statement writes or compares a column that holds secrets. Which of its parameters that is cannot be told. */
function mentionsSecret(sql: string, secrets: Secrets): boolean {
  // A SELECT lists all columns of the entity; its parameters are in what follows WHERE.
  const searched = /^\s*select\b/i.test(sql) ? (/\bwhere\b(.*)$/is.exec(sql)?.[1] ?? "") : sql;
  return [...searched.matchAll(/[A-Za-z_][A-Za-z0-9_]*/g)].some(([word]) => secrets.hidesAnywhere(word));
}
