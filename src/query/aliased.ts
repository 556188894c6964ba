import type { EntityModel } from "../metadata/model";
import { columnsOfAlias } from "./columns";
import type { QueryContext } from "./context";
import type { Alias } from "./expression";
import { Query } from "./query";
import type { Columns } from "./types";

/**
 * An entity under a second name, for questions in which its table stands twice: a subquery of the same entity, or a join to it.
 *
 * ```ts
 * const other = db.aliased(User);
 * User.query.filter(exists(other.query.filter(other.c.email.eq(User.c.email), other.c.id.ne(User.c.id))));
 * User.query.join("mentor", other).filter(other.c.age.gt(60));
 * ```
 */
export class Aliased<T extends object = object> {
  /** Its columns and relations as expressions, which mean this occurrence and no other. */
  readonly c: Columns<T>;
  /** @internal */
  readonly alias: Alias;
  readonly #context: () => QueryContext;

  /** @internal Aliases are made by `db.aliased(User)` and `session.aliased(User)`. */
  constructor(context: () => QueryContext, model: EntityModel, name: string) {
    this.#context = context;
    this.alias = { name, model };
    this.c = columnsOfAlias(this.alias) as Columns<T>;
  }

  /** A query of every row of the entity, under this name. */
  get query(): Query<T> {
    return Query.of<T>(this.#context, this.alias.model, this.alias);
  }
}
