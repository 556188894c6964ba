import type { EntityModel, RelationModel } from "../metadata/model";
import { Condition, condition, type Alias, type Path } from "./expression";

/** Turns criteria into a condition. It is passed in, because criteria are built on this module. */
export type ConditionMaker = (model: EntityModel, criteria: object, alias?: Alias) => Condition;

/** A relation in a query: `User.c.posts.any({ … })`. Its properties are the columns of the related entity: `Post.c.author.username`. */
export class RelationExpression {
  /** The relation's metadata. */
  readonly model: RelationModel;
  /** @internal The path to the entity that declares it. The name must not hide a column of the related entity. */
  readonly ownerPath: Path;
  /** @internal */
  readonly conditionOf: ConditionMaker;

  /** @internal Use `User.c.posts`. */
  constructor(model: RelationModel, ownerPath: Path, conditionOf: ConditionMaker) {
    this.model = model;
    this.ownerPath = ownerPath;
    this.conditionOf = conditionOf;
  }

  /** There is a related row that meets the conditions. */
  any(criteria?: object | Condition): Condition {
    const inner =
      criteria === undefined || criteria instanceof Condition
        ? criteria
        : this.conditionOf(this.model.target, criteria);
    return condition((renderer) => renderer.exists(this.model, this.ownerPath, inner));
  }
  /** The same as `any`, for a relation to one. @see SQLAlchemy's `has` */
  has(criteria?: object | Condition): Condition {
    return this.any(criteria);
  }
  /** There is no related row that meets the conditions. */
  none(criteria?: object | Condition): Condition {
    return this.any(criteria).not();
  }
}
