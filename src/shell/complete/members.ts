import { shownColumns } from "../print/printer";
import type { Candidate } from "../prompt/menu";
import type { Repl } from "../repl";
import type { ShellModel } from "../world";
import { chainOf, Inference, type Type } from "./types";
import { COLLECTION, DATABASE, EXPRESSION, QUERY, SESSION, type Explained } from "./vocabulary";

/** What may stand after `expression.`; types are asked, nothing is run. */
export function membersOf(expression: string, sitting: Repl): string[] {
  return candidatesOf(new Inference(sitting).ofText(expression), sitting).map(({ text }) => text);
}

/** The members of a type: those of the entities first. */
export function candidatesOf(type: Type, sitting: Repl): Candidate[] {
  switch (type.kind) {
    case "class":
      return [
        { text: "query", note: `Query of ${type.model.name}` },
        { text: "c", note: "its columns" },
        ...own(type.model.target),
      ];
    case "entity":
      return unique([...properties(type.model), ...methodsOf(type.model)]);
    case "columns":
      return properties(type.model);
    case "query":
      return explained(QUERY);
    case "collection":
      return unique([...COLLECTION.map((text) => ({ text, note: QUERY[text]?.says ?? "" })), ...inherited([])]);
    case "list":
      return inherited([]);
    case "page":
      return "items page perPage total pages hasNext hasPrev next prev".split(" ").map((text) => ({ text }));
    case "relation":
    case "column":
    case "expression":
      return EXPRESSION.map((text) => ({ text }));
    case "database":
      return DATABASE.map((text) => ({ text }));
    case "session":
      return unique([...explained(SESSION), ...inherited(sitting.db.session)]);
    case "value":
      return inherited(type.value);
    default:
      return [];
  }
}

/** Columns and relations, with what they are. */
export function properties(model: ShellModel): Candidate[] {
  return [
    ...shownColumns(model).map(({ property, metadata }) => ({
      text: property,
      note: `${model.name}.${property}: ${typeof metadata.type === "function" ? metadata.type.name : metadata.type}${metadata.isNullable ? ", nullable" : ""}`,
    })),
    ...model.relations.map(({ property, toMany, target }) => ({
      text: property,
      note: `${model.name}.${property}: ${toMany ? "many" : "one"} ${target.name}`,
    })),
  ];
}

function explained(words: Readonly<Record<string, Explained>>): Candidate[] {
  return Object.entries(words).map(([text, { signature, says }]) => ({ text, note: `${signature}  ${says}` }));
}

/** Methods that the entity's class has written. */
function methodsOf({ target }: ShellModel): Candidate[] {
  return typeof target === "function" ? inherited((target as { prototype: unknown }).prototype) : [];
}

/** Static members of a class. */
function own(target: unknown): Candidate[] {
  if (typeof target !== "function") return [];
  const names = Object.getOwnPropertyNames(target).filter(
    (name) => !/^(length|name|prototype|query|c|arguments|caller)$/.test(name),
  );
  return names.map((text) => ({ text }));
}

/** Names of a value and of its prototypes; those that every object has come only when nothing else does. */
function inherited(value: unknown): Candidate[] {
  const names = new Set<string>();
  for (const object of chainOf(value)) {
    if (object === Object.prototype) continue;
    for (const name of Object.getOwnPropertyNames(object)) {
      if (isTypable(name) && !/^(constructor|__.*__)$/.test(name)) names.add(name);
    }
  }
  return [...names].map((text) => ({ text }));
}

function isTypable(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ text }) => !seen.has(text) && seen.add(text));
}
