import type { EntityModel } from "../../metadata/model";
import { API } from "../api/api";
import type { ApiTable } from "../api/entry";
import type { ShellContext } from "../context";
import { shownColumns } from "../print/printer";
import type { Candidate } from "./completions";
import { hasQuery, Inference, prototypeChain, type Type } from "./types";

/** The members of an expression, found by types: nothing is run. */
export function membersOf(expression: string, shell: ShellContext): string[] {
  return candidatesOf(new Inference(shell).ofText(expression), shell).map(({ text }) => text);
}

/** The members of a type; those of the API and of the entities come first. */
export function candidatesOf(type: Type, shell: ShellContext): Candidate[] {
  switch (type.kind) {
    case "class":
      return [
        ...(hasQuery(type.model) ? [{ text: "query", note: `Query of ${type.model.name}` }] : []),
        { text: "c", note: "its columns" },
        ...staticMembers(type.model.target),
      ];
    case "entity":
      return unique([...properties(type.model), ...methodsOf(type.model)]);
    case "columns":
      return properties(type.model);
    case "collection":
      return unique([...documented(API.collection), ...inherited([])]);
    case "list":
      return inherited([]);
    case "session":
      return unique([...documented(API.session), ...inherited(shell.db.session)]);
    case "query":
    case "batches":
    case "page":
    case "relation":
    case "column":
    case "expression":
    case "database":
      return documented(API[type.kind]);
    case "value":
      return inherited(type.value);
    default:
      return [];
  }
}

/** Columns and relations, with their types. */
export function properties(model: EntityModel): Candidate[] {
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

function documented(table: ApiTable): Candidate[] {
  return Object.entries(table).map(([text, { signature, summary }]) => ({ text, note: `${signature}  ${summary}` }));
}

function methodsOf({ target }: EntityModel): Candidate[] {
  return typeof target === "function" ? inherited((target as { prototype: unknown }).prototype) : [];
}

function staticMembers(target: unknown): Candidate[] {
  if (typeof target !== "function") return [];
  const names = Object.getOwnPropertyNames(target).filter(
    (name) => !/^(length|name|prototype|query|c|arguments|caller)$/.test(name),
  );
  return names.map((text) => ({ text }));
}

/** Names of a value and its prototypes, without those that every object has. */
function inherited(value: unknown): Candidate[] {
  const names = new Set<string>();
  for (const object of prototypeChain(value)) {
    if (object === Object.prototype) continue;
    for (const name of Object.getOwnPropertyNames(object)) {
      if (isIdentifier(name) && !/^(constructor|__.*__)$/.test(name)) names.add(name);
    }
  }
  return [...names].map((text) => ({ text }));
}

function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ text }) => !seen.has(text) && seen.add(text));
}
