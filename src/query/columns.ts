import type { EntityModel, RelationModel } from "../metadata/model";
import { conditionOf } from "./criteria";
import { unknownProperty } from "./errors";
import { Column, ROOT, type Alias, type Path } from "./expression";
import { RelationExpression } from "./relation";

const known = new WeakMap<EntityModel, object>();

/** `User.c`: an object with an expression for every column and relation; embedded ones by their path. */
export function columnsOf(model: EntityModel): object {
  let columns = known.get(model);
  if (!columns) known.set(model, (columns = expressionsOf(model, ROOT)));
  return columns;
}

/** The same of an alias. */
export function columnsOfAlias(alias: Alias): object {
  return expressionsOf(alias.model, { relations: [], alias });
}

/** @param way how one comes to the entity, where the expressions begin at another one */
function expressionsOf(model: EntityModel, way: Path): object {
  const expressions: Record<string, unknown> = {};
  for (const column of [...model.columns, ...model.computed])
    if (!column.isVirtual) put(expressions, column.path, new Column(column, way));
  for (const relation of model.relations) put(expressions, relation.path, relationExpression(relation, way));
  return strict(model.name, expressions);
}

function put(holder: Record<string, unknown>, path: readonly string[], expression: unknown): void {
  for (const name of path.slice(0, -1)) holder = (holder[name] ??= {}) as Record<string, unknown>;
  holder[path.at(-1)!] = expression;
}

/** A relation, with the columns of its other side as its properties. They are made when one is asked for, since relations go in circles. */
function relationExpression(relation: RelationModel, way: Path): RelationExpression {
  let columns: object | undefined;
  const beyond = (): object =>
    (columns ??= expressionsOf(relation.target, { ...way, relations: [...way.relations, relation] }));
  return new Proxy(new RelationExpression(relation, way, conditionOf), {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target || isAsked(name))
        return Reflect.get(target, name, receiver) as unknown;
      return Reflect.get(beyond(), name) as unknown;
    },
    ownKeys: (target) => [...new Set([...Reflect.ownKeys(target), ...Reflect.ownKeys(beyond())])],
    getOwnPropertyDescriptor: (target, name) =>
      Reflect.getOwnPropertyDescriptor(target, name) ??
      (name in beyond()
        ? { value: Reflect.get(beyond(), name) as unknown, enumerable: true, configurable: true }
        : undefined),
  });
}

/** A misspelt column is an error at once, not `undefined` that fails later. */
function strict(name: string, expressions: Record<string, unknown>): object {
  for (const [property, value] of Object.entries(expressions))
    if (Object.getPrototypeOf(value) === Object.prototype)
      expressions[property] = strict(`${name}.${property}`, value as Record<string, unknown>);
  return new Proxy(expressions, {
    get(target, property, receiver) {
      if (typeof property === "symbol" || property in target || isAsked(property))
        return Reflect.get(target, property, receiver) as unknown;
      throw unknownProperty(name, property, Object.keys(target));
    },
    set: () => false,
  });
}

/** What JavaScript, Node and test tools ask of any object, and must not be told off for. */
function isAsked(name: string): boolean {
  return (
    name === "then" || name === "toJSON" || name === "constructor" || name === "asymmetricMatch" || name === "nodeType"
  );
}
