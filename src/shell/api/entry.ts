/** What a member or a call gives, as far as completion and `.save` need to know. */
export type ResultKind =
  /** A query of the same entity, or of the entity in the first argument. */
  | "query"
  /** An entity of the query, the collection, or the first argument. */
  | "entity"
  /** A list of such entities. */
  | "list"
  | "page"
  /** A query in batches. */
  | "batches"
  | "columns"
  | "session"
  | "expression"
  | "number"
  | "boolean"
  /** Objects of any entity. */
  | "objects";

/** Strings or keys that a call takes, for their completion. */
export type ArgumentKind = "properties" | "relations" | "values";

/** One name of the API: help prints it, completion offers it, `.save` decides by it whether to write `await`. */
export interface ApiEntry {
  readonly signature: string;
  /** One line, without a full stop. */
  readonly summary: string;
  readonly example: string;
  /** Whether it gives a promise. */
  readonly isAsync: boolean;
  readonly result?: ResultKind | undefined;
  readonly takes?: ArgumentKind | undefined;
}

export type ApiTable = Readonly<Record<string, ApiEntry>>;

/** An entry of something that gives its value at once. */
export function direct(
  signature: string,
  summary: string,
  example: string,
  result?: ResultKind,
  takes?: ArgumentKind,
): ApiEntry {
  return { signature, summary, example, isAsync: false, result, takes };
}

/** An entry of something that gives a promise, which the prompt awaits. */
export function awaited(
  signature: string,
  summary: string,
  example: string,
  result?: ResultKind,
  takes?: ArgumentKind,
): ApiEntry {
  return { signature, summary, example, isAsync: true, result, takes };
}
