import { inspect } from "node:util";
import { wrongType, type Refusal } from "../metadata/inspection/refusal";
import type { EntityModel, RelationModel } from "../metadata/model";
import { isRecord } from "../values";
import { notACondition } from "./errors";
import { Condition, condition, type Alias, type Path } from "./expression";
import { misuseOf, notAValue } from "./value-check";

/** Turns criteria into a condition. It is passed in, because criteria are built on this module. */
export type ConditionMaker = (model: EntityModel, criteria: object, alias?: Alias) => Condition;

/** What a relation in a query leads along; under a symbol, because the names of the related entity's columns are properties beside it. */
const RELATION: unique symbol = Symbol("relation");

/** The relation of an expression, and the path to the entity that declares it. */
export interface RelationAt {
  readonly relation: RelationModel;
  readonly path: Path;
}

/** A relation in a query: `User.c.posts.any({ … })`. Its properties are the columns of the related entity: `Post.c.author.username`. */
export class RelationExpression {
  /** @internal */
  readonly [RELATION]: RelationAt & { readonly conditionOf: ConditionMaker };

  /** @internal Use `User.c.posts`. */
  constructor(relation: RelationModel, path: Path, conditionOf: ConditionMaker) {
    this[RELATION] = { relation, path, conditionOf };
  }

  /** There is a related row that meets the conditions. */
  any(...criteria: [criteria?: object | Condition]): Condition {
    const { relation, path } = this[RELATION];
    const inner = criteria.length === 0 ? undefined : conditionFor(this[RELATION], criteria[0]);
    return condition((renderer) => renderer.exists(relation, path, inner));
  }
  /** The same as `any`, for a relation to one. @see SQLAlchemy's `has` */
  has(...criteria: [criteria?: object | Condition]): Condition {
    return this.any(...criteria);
  }
  /** There is no related row that meets the conditions. */
  none(...criteria: [criteria?: object | Condition]): Condition {
    return this.any(...criteria).not();
  }

  /** Its name, for `console.log` and messages. */
  [inspect.custom](): string {
    return this[RELATION].relation.label;
  }
  /** @internal */
  get [notAValue](): Refusal {
    const { label, target } = this[RELATION].relation;
    const key = target.primary[0]?.property ?? "id";
    return wrongType(
      `${label} is a relation, not a value`,
      `${label}.${key} is its key; ${label}.any({ … }) is a condition`,
    );
  }
}

/** @internal */
export function relationOf(expression: RelationExpression): RelationAt {
  return expression[RELATION];
}

/** Callers of JavaScript may pass anything: `any(undefined)` must not mean any row. */
function conditionFor({ relation, conditionOf }: RelationExpression[typeof RELATION], criteria: unknown): Condition {
  if (criteria instanceof Condition) return criteria;
  if (!isRecord(criteria) || misuseOf(criteria))
    throw notACondition(`${relation.label}.any(…)`, criteria, "any() asks for any row");
  return conditionOf(relation.target, criteria);
}
