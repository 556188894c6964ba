import { inspect } from "node:util";
import type { EntityModel, RelationModel } from "../metadata/model";
import { conditionOf } from "./criteria";
import { relationCompared, unknownProperty } from "./errors";
import { Column, ROOT, Scalar, type Alias, type Path } from "./expression";
import { wrongType } from "../metadata/inspection/refusal";
import { RelationExpression } from "./relation";
import { notAValue } from "./value-check";

const known = new WeakMap<EntityModel, object>();

/** `User.c`: an object with an expression for each column and relation; embeddeds are nested objects. */
export function columnsOf(model: EntityModel): object {
  let columns = known.get(model);
  if (!columns) known.set(model, (columns = expressionsOf(model, ROOT)));
  return columns;
}

/** `c` of an alias. */
export function columnsOfAlias(alias: Alias): object {
  return expressionsOf(alias.model, { relations: [], alias });
}

/** @param path the path to the entity */
function expressionsOf(model: EntityModel, path: Path): object {
  const expressions: Record<string, unknown> = {};
  for (const column of [...model.columns, ...model.computed])
    if (!column.isVirtual) put(expressions, column.path, new Column(column, path));
  for (const relation of model.relations) put(expressions, relation.path, relationExpression(relation, path));
  return strict(model.name, expressions);
}

function put(holder: Record<string, unknown>, path: readonly string[], expression: unknown): void {
  for (const name of path.slice(0, -1)) holder = (holder[name] ??= {}) as Record<string, unknown>;
  holder[path.at(-1)!] = expression;
}

/** A relation with the columns of the related entity as properties. They are created on first use, because relations are cyclic. */
function relationExpression(relation: RelationModel, path: Path): RelationExpression {
  let columns: object | undefined;
  const columnsBehind = (): object =>
    (columns ??= expressionsOf(relation.target, { ...path, relations: [...path.relations, relation] }));
  return new Proxy(new RelationExpression(relation, path, conditionOf), {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target || isReadOfAnyObject(name))
        return Reflect.get(target, name, receiver) as unknown;
      const columns = columnsBehind();
      if (name in Scalar.prototype && !(name in columns))
        throw relationCompared(relation.label, relation.property, relation.target.primary[0]?.property ?? "id", name);
      return Reflect.get(columns, name) as unknown;
    },
    ownKeys: (target) => [...new Set([...Reflect.ownKeys(target), ...Reflect.ownKeys(columnsBehind())])],
    getOwnPropertyDescriptor: (target, name) =>
      Reflect.getOwnPropertyDescriptor(target, name) ??
      (name in columnsBehind()
        ? { value: Reflect.get(columnsBehind(), name) as unknown, enumerable: true, configurable: true }
        : undefined),
  });
}

/** Makes a misspelt column throw at once, instead of being `undefined`. */
function strict(name: string, expressions: Record<string, unknown>): object {
  for (const [property, value] of Object.entries(expressions))
    if (Object.getPrototypeOf(value) === Object.prototype)
      expressions[property] = strict(`${name}.${property}`, value as Record<string, unknown>);
  Object.defineProperty(expressions, inspect.custom, { value: () => `[columns of ${name}]` });
  Object.defineProperty(expressions, notAValue, {
    value: wrongType(`it is the columns of ${name}`, `one of them: ${Object.keys(expressions).join(", ")}`),
  });
  return new Proxy(expressions, {
    get(target, property, receiver) {
      if (typeof property === "symbol" || property in target || isReadOfAnyObject(property))
        return Reflect.get(target, property, receiver) as unknown;
      throw unknownProperty(name, property, Object.keys(target));
    },
    set: () => false,
  });
}

/** Properties that JavaScript, Node and test tools read from any object, which must not throw. */
function isReadOfAnyObject(name: string): boolean {
  return (
    name === "then" || name === "toJSON" || name === "constructor" || name === "asymmetricMatch" || name === "nodeType"
  );
}
