import type { EntityModel, RelationModel } from "../metadata/model";
import { Condition, condition, type Alias, type Path } from "./expression";

/** Makes the condition that criteria mean. The module of the criteria hands it down, since it builds on expressions. */
export type ConditionMaker = (model: EntityModel, criteria: object, alias?: Alias) => Condition;

/** A relation in a condition: `User.c.posts.any({ … })`, and the way to its columns: `Post.c.author.username`. */
export class RelationExpression {
  /** What is known of the relation. */
  readonly model: RelationModel;
  /** @internal How one comes to its owner. */
  readonly way: Path;
  /** @internal */
  readonly conditionOf: ConditionMaker;

  /** @internal Relations are had as `User.c.posts`. */
  constructor(model: RelationModel, way: Path, conditionOf: ConditionMaker) {
    this.model = model;
    this.way = way;
    this.conditionOf = conditionOf;
  }

  /** At least one related row for which the conditions hold. */
  any(criteria?: object | Condition): Condition {
    const inner =
      criteria === undefined || criteria instanceof Condition
        ? criteria
        : this.conditionOf(this.model.target, criteria);
    return condition((renderer) => renderer.exists(this.model, this.way, inner));
  }
  /** The same, as one says of a relation to one. */
  has(criteria?: object | Condition): Condition {
    return this.any(criteria);
  }
  /** No related row for which the conditions hold. */
  none(criteria?: object | Condition): Condition {
    return this.any(criteria).not();
  }
}
