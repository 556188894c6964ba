import type { RelationExpression } from "./relation";

/** How a query loads a relation of the entities it finds. */
export interface LoadOption {
  /** In the same statement, in one more, or never. */
  readonly strategy: "joined" | "selectin" | "raise";
  /** The relation, or relations one behind the other: `posts`, `posts.author`, `User.c.posts`. */
  readonly path: string | RelationExpression;
}

/** Loads a relation in the same statement, by a LEFT JOIN. Best for relations to one. */
export function joined(path: LoadOption["path"]): LoadOption {
  return { strategy: "joined", path };
}

/** Loads a relation by one more statement for all entities found. Best for relations to many. */
export function selectin(path: LoadOption["path"]): LoadOption {
  return { strategy: "selectin", path };
}

/** Makes touching a relation an error: a guard against statements nobody meant. */
export function raise(path: LoadOption["path"]): LoadOption {
  return { strategy: "raise", path };
}
