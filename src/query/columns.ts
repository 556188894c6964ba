import type { EntityModel } from "../metadata/model";
import { conditionOf } from "./criteria";
import { unknownProperty } from "./errors";
import { Column, RelationExpression } from "./expression";

const known = new WeakMap<EntityModel, object>();

/** `User.c`: an object with an expression for every column and relation; embedded ones by their path. */
export function columnsOf(model: EntityModel): object {
  let columns = known.get(model);
  if (!columns) known.set(model, (columns = strict(model, expressionsOf(model))));
  return columns;
}

function expressionsOf(model: EntityModel): Record<string, unknown> {
  const expressions: Record<string, unknown> = {};
  for (const column of model.columns) {
    if (column.isVirtual) continue;
    let holder = expressions;
    for (const name of column.path.slice(0, -1)) holder = (holder[name] ??= {}) as Record<string, unknown>;
    holder[column.path.at(-1)!] = new Column(column);
  }
  for (const relation of model.relations)
    if (relation.path.length === 1) expressions[relation.property] = new RelationExpression(relation, conditionOf);
  return expressions;
}

/** A misspelt column is an error at once, not `undefined` that fails later. */
function strict(model: EntityModel, expressions: Record<string, unknown>): object {
  return new Proxy(Object.freeze(expressions), {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target || name === "then" || name === "toJSON") return Reflect.get(target, name, receiver) as unknown;
      throw unknownProperty(model.name, name, Object.keys(target));
    },
  });
}
