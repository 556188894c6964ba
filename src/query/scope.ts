import type { EntityModel, RelationModel } from "../metadata/model";
import type { Alias } from "./expression";

/** A table in the FROM of a query. */
export interface Scope {
  readonly model: EntityModel;
  /** The quoted alias. */
  readonly alias: string;
  /** The path of relations from the root of its FROM, `author.posts`; empty for the root. */
  readonly path: string;
  /** Whether it was joined with `join(…)`, so that columns of its entity refer to it. A join that a path or an option needs is private to it. */
  readonly named: boolean;
  /** The alias that this occurrence was given: only expressions of the alias refer to it. */
  readonly as?: Alias | undefined;
}

/** The FROM of one SELECT: a root and what is joined to it. A subquery sees the tables of the outer SELECT too. */
export class SelectScope {
  readonly root: Scope;
  readonly outer: SelectScope | undefined;
  /** Whether a root may be in several rows, because a relation to many is joined. */
  repeats = false;
  /** The JOIN clauses. */
  joins = "";
  /** The aliases of its tables. */
  readonly aliases: string[] = [];
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

  /** The tables that an expression of this entity may refer to; the root has precedence. */
  candidates(model: EntityModel, as: Alias | undefined): Scope[] {
    if (as) return [...this.#scopes.values()].filter((scope) => scope.as === as);
    if (!this.root.as && sharesTable(this.root.model, model)) return [this.root];
    return [...this.#scopes.values()].filter((scope) => scope.named && !scope.as && sharesTable(scope.model, model));
  }
}

function sharesTable(model: EntityModel, other: EntityModel): boolean {
  return model === other || model.root === other.root;
}

/** `author`, `posts` → `author.posts`; the name of a relation in an embedded contains a dot. */
export function pathOf(prefix: string, relations: readonly RelationModel[]): string {
  return relations.reduce((path, { property }) => (path === "" ? property : `${path}.${property}`), prefix);
}

/** The relations along a path like `posts.author`, and the rest of the path. The name of a relation in an embedded contains a dot. */
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
