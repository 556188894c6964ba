import { COLLECTION, PAGE } from "./collection";
import { DATABASE } from "./database";
import type { ApiEntry, ApiTable } from "./entry";
import { ALIASED, CASE, CONDITION, EXPRESSION, ORDER, RELATION } from "./expression";
import { NAMES } from "./names";
import { BATCHES, QUERY } from "./query";
import { SESSION } from "./session";

/*
 * The API as the prompt explains and completes it. It is written down because neither types nor docstrings can be read at run
 * time; a test compares it with the classes.
 */
export const API = {
  names: NAMES,
  query: QUERY,
  batches: BATCHES,
  session: SESSION,
  database: DATABASE,
  collection: COLLECTION,
  page: PAGE,
  column: EXPRESSION,
  expression: { ...EXPRESSION, ...CONDITION, ...ORDER, ...CASE },
  relation: RELATION,
  aliased: ALIASED,
} as const satisfies Readonly<Record<string, ApiTable>>;

export type ApiKind = keyof typeof API;

/** A member of a kind of object; undefined where there is none, or no such kind. */
export function memberEntry(kind: string, name: string): ApiEntry | undefined {
  return Object.hasOwn(API, kind) ? entryIn(API[kind as ApiKind], name) : undefined;
}

/** A name at the prompt; else the members of that name, each once. */
export function entriesNamed(name: string): ApiEntry[] {
  const atPrompt = entryIn(NAMES, name);
  if (atPrompt) return [atPrompt];
  return [...new Set(Object.values(API).flatMap((table) => entryIn(table, name) ?? []))];
}

/** Every name that there is help on. */
export function apiNames(): string[] {
  return Object.values(API).flatMap((table) => Object.keys(table));
}

function entryIn(table: ApiTable, name: string): ApiEntry | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
