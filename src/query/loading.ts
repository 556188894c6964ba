import type { RelationExpression } from "./relation";

/** How a query loads a relation of the entities it finds. */
export interface LoadOption {
  /** `joined`: in the same statement; `selectin`: in one more; `raise`: never. */
  readonly strategy: "joined" | "selectin" | "raise";
  /** The relation, or a path of relations: `posts`, `posts.author`, `User.c.posts`. */
  readonly path: string | RelationExpression;
}

/** Loads a relation in the same statement, with a LEFT JOIN. Best for relations to one. @see SQLAlchemy's `joinedload` */
export function joined(path: LoadOption["path"]): LoadOption {
  return { strategy: "joined", path };
}

/** Loads a relation with one more statement for all entities. Best for relations to many. @see SQLAlchemy's `selectinload` */
export function selectin(path: LoadOption["path"]): LoadOption {
  return { strategy: "selectin", path };
}

/** Makes reading a relation throw where it is not loaded, to find unwanted statements. @see SQLAlchemy's `raiseload` */
export function raise(path: LoadOption["path"]): LoadOption {
  return { strategy: "raise", path };
}
