import type { Theme } from "../print/theme";
import type { Secrets } from "../print/secrets";
import { milliseconds } from "./statement-stats";
import type { ShellEvent } from "../world";
import { highlightSql } from "./highlight";
import { inspect } from "node:util";

/** A statement with its parameters. */
export function statementText(sql: string, parameters: readonly unknown[], theme: Theme, secrets: Secrets): string {
  const shown = parameters.length > 0 ? `  ${theme.quiet(parameterText(sql, parameters, secrets))}` : "";
  return `${highlightSql(sql, theme)}${shown}`;
}

/** What `.echo` shows of an event: the statement, its parameters and its time. */
export function echoLines(event: ShellEvent, theme: Theme, secrets: Secrets): string[] {
  switch (event.type) {
    case "statement": {
      const outcome = event.error ? theme.bad("failed") : theme.quiet(milliseconds(event.milliseconds));
      return [`${statementText(event.sql, event.parameters, theme, secrets)}  ${outcome}`];
    }
    case "begin":
    case "commit":
    case "rollback":
      return [theme.keyword(event.type.toUpperCase())];
    default:
      return [];
  }
}

/** Parameters that are looked at; the rest is counted. */
const SHOWN = 20;

function parameterText(sql: string, parameters: readonly unknown[], secrets: Secrets): string {
  const secret = mentionsSecret(sql, secrets);
  const shown = parameters.slice(0, SHOWN).map((value) => {
    if (secret && typeof value === "string") return "••••";
    return inspect(value, { breakLength: Infinity, compact: true, maxStringLength: 100, depth: 1 });
  });
  if (parameters.length > SHOWN) shown.push(`… ${parameters.length - SHOWN} more`);
  return `[${shown.join(", ")}]`;
}

/** Whether a statement writes or compares a column that holds secrets: which parameter is which is not known then. */
function mentionsSecret(sql: string, secrets: Secrets): boolean {
  // A SELECT names all columns of the entity; what it sends stands after WHERE.
  const sent = /^\s*select\b/i.test(sql) ? (/\bwhere\b(.*)$/is.exec(sql)?.[1] ?? "") : sql;
  return [...sent.matchAll(/[A-Za-z_][A-Za-z0-9_]*/g)].some(([word]) => secrets.hidesAnywhere(word));
}
