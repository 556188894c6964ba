import type { EntityModel, RelationModel } from "../metadata/model";
import type { Alias } from "./expression";

/** A table in the FROM of a query, under the name that it has there. */
export interface Scope {
  readonly model: EntityModel;
  /** Quoted. */
  readonly alias: string;
  /** The relations that lead to it from the root of its FROM, `author.posts`; empty for the root. */
  readonly path: string;
  /** Joined by `join(…)`, so that a column of its entity means it; what only a path or an option needed is nobody's to mean. */
  readonly named: boolean;
  /** The name that somebody gave this occurrence: only what begins with it means it. */
  readonly as?: Alias | undefined;
}

/** The FROM of one SELECT: a root and what is joined to it. The SELECT may stand inside another one, whose tables it sees too. */
export class SelectScope {
  readonly root: Scope;
  readonly outer: SelectScope | undefined;
  /** Rows of one root may come several times, since a relation to many is joined. */
  repeats = false;
  /** The JOIN clauses. */
  joins = "";
  readonly #scopes = new Map<string, Scope>();

  constructor(model: EntityModel, alias: string, outer: SelectScope | undefined, as?: Alias) {
    this.root = { model, alias, path: "", named: true, as };
    this.outer = outer;
    this.#scopes.set("", this.root);
  }

  at(path: string): Scope | undefined {
    return this.#scopes.get(path);
  }

  add(scope: Scope, clause: string): void {
    this.#scopes.set(scope.path, scope);
    this.joins += clause;
  }

  /** The scopes that an expression of this entity may mean: the root before what is joined. */
  meant(model: EntityModel, as: Alias | undefined): Scope[] {
    if (as) return [...this.#scopes.values()].filter((scope) => scope.as === as);
    if (!this.root.as && sharesTable(this.root.model, model)) return [this.root];
    return [...this.#scopes.values()].filter((scope) => scope.named && !scope.as && sharesTable(scope.model, model));
  }
}

function sharesTable(model: EntityModel, other: EntityModel): boolean {
  return model === other || model.root === other.root;
}

/** `author`, `posts` → `author.posts`; an embedded relation's own path has dots already. */
export function pathOf(prefix: string, relations: readonly RelationModel[]): string {
  return relations.reduce((path, { property }) => (path === "" ? property : `${path}.${property}`), prefix);
}

/**
 * The relations along `posts.author`, as far as there are any. A relation inside an embedded has a dot in its own name, so
 * each step takes as many names as one relation needs.
 */
export function relationsAlong(model: EntityModel, path: string): { relations: RelationModel[]; rest: string } {
  const relations: RelationModel[] = [];
  let rest = path;
  let current = model;
  while (rest !== "") {
    const relation = current.relations.find(({ property }) => rest === property || rest.startsWith(`${property}.`));
    if (!relation) break;
    relations.push(relation);
    rest = rest.slice(relation.property.length + 1);
    current = relation.target;
  }
  return { relations, rest };
}
