import type { FindOperator } from "typeorm";
import { isObject, isPlainObject } from "../values";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import {
  keyPartOfUnsaved,
  operandRefused,
  operatorElsewhere,
  undefinedOperand,
  unknownProperty,
  unsupportedOperator,
} from "./errors";
import { jsonInspector } from "../metadata/inspection/documents";
import { relationsAlong } from "./scope";
import {
  and,
  checkParameter,
  Column,
  Condition,
  condition,
  ROOT,
  isPartOfQuery,
  isSubquery,
  not,
  or,
  sqlValue,
  type Alias,
  type Renderer,
  type Subquery,
  type Path,
} from "./expression";
import { RelationExpression } from "./relation";
import { misuseOf } from "./value-check";

/**
 * The condition of `filterBy({ … })`: equality, `null`, lists, TypeORM's operators, nested relations.
 *
 * @param alias the alias of the entity, where the criteria refer to one
 */
export function conditionOf(model: EntityModel, criteria: object, alias?: Alias): Condition {
  return conditionAt(model, criteria, { relations: [], alias }, "");
}

/** @param prefix the path of the embedded that the criteria refer to, with a trailing dot */
function conditionAt(model: EntityModel, criteria: object, path: Path, prefix: string): Condition {
  const conditions = Object.entries(criteria).map(([property, value]) =>
    criterion(model, prefix + property, value, path),
  );
  return and(...conditions);
}

function criterion(model: EntityModel, property: string, value: unknown, path: Path): Condition {
  const column = model.column(property);
  const relation = model.relation(property);
  if (column && !column.isVirtual) return columnCriterion(new Column(column, path), value);
  if (relation) return relationCriterion({ relation, path }, value);
  // `name: { first: "Susan" }` is about an embedded, `"author.username"` about a relation.
  if (isPlainObject(value) && model.properties.some((path) => path.startsWith(`${property}.`)))
    return conditionAt(model, value, path, `${property}.`);
  const { relations } = relationsAlong(model, property);
  const [outer] = relations;
  if (outer)
    return related({ relation: outer, path }).any(
      criterion(outer.target, property.slice(outer.property.length + 1), value, ROOT),
    );
  throw unknownProperty(model.name, property, model.properties);
}

function columnCriterion(scalar: Column, value: unknown): Condition {
  if (isFindOperator(value)) return operatorCriterion(scalar, value);
  if (value instanceof Condition) return value;
  return Array.isArray(value) && !holdsLists(scalar.model) ? scalar.in(value) : scalar.eq(value);
}

function holdsLists(column: ColumnModel): boolean {
  const { isArray, type } = column.metadata;
  return isArray || type === "simple-array" || type === "json" || type === "jsonb" || type === "simple-json";
}

/** A relation, and the path to its owner. */
interface RelationPath {
  readonly relation: RelationModel;
  readonly path: Path;
}

function related({ relation, path }: RelationPath): RelationExpression {
  return new RelationExpression(relation, path, conditionOf);
}

/** A relation is compared with entities, keys, null, or conditions on its other side. */
function relationCriterion(at: RelationPath, value: unknown): Condition {
  if (value === undefined) throw undefinedOperand(at.relation.label, at.relation);
  const misuse = misuseOf(value);
  if (misuse) throw operandRefused(at.relation.label, at.relation, value, misuse);
  if (value === null) return at.relation.holdsKey ? keyIsNull(at) : related(at).none();
  if (value === true) return related(at).any();
  if (value === false) return related(at).none();
  if (isFindOperator(value)) return relationOperator(at, value);
  if (Array.isArray(value)) return or(...value.map((one: unknown) => relationCriterion(at, one)));
  if (isSubquery(value)) return isAmong(at, value);
  if (value instanceof Condition || isPlainObject(value)) return related(at).any(value);
  return isTheOne(at, value);
}

function relationOperator(at: RelationPath, operator: FindOperator<unknown>): Condition {
  const { relation, path } = at;
  switch (operator.type) {
    case "not":
      return relationCriterion(at, operatorChild(operator)).not();
    case "isNull":
      return relationCriterion(at, null);
    case "in":
    case "any":
    case "equal":
      return relationCriterion(at, operator.value);
    case "and":
      return and(...(operator.value as unknown as unknown[]).map((one) => relationCriterion(at, one)));
    case "or":
      return or(...(operator.value as unknown as unknown[]).map((one) => relationCriterion(at, one)));
    default:
      // Any other operator compares the key.
      if (relation.holdsKey && relation.joins.length === 1)
        return operatorCriterion(new Column(relation.joins[0]!.foreign, path), operator);
      throw unsupportedOperator(operator.type, relation.label);
  }
}

function keyIsNull({ relation, path }: RelationPath): Condition {
  return and(...relation.joins.map(({ foreign }) => new Column(foreign, path).isNull()));
}

/** The entity is related to one of a query's entities. */
function isAmong(at: RelationPath, query: Subquery): Condition {
  const { relation, path } = at;
  if (relation.holdsKey && relation.joins.length === 1) return new Column(relation.joins[0]!.foreign, path).in(query);
  const [key, ...others] = relation.target.primary;
  if (!key || others.length > 0) throw unsupportedOperator("subquery", relation.label);
  return related(at).any(new Column(key).in(query));
}

/** The entity is related to this entity, or to the entity of this key. */
function isTheOne(at: RelationPath, value: unknown): Condition {
  const { relation, path } = at;
  const part = (column: ColumnModel): unknown => {
    const own = isObject(value) && !isValueOf(column, value) ? column.read(value) : value;
    if (own === undefined || own === null) throw keyPartOfUnsaved(relation.label, column.label);
    return own;
  };
  if (relation.holdsKey)
    return and(...relation.joins.map(({ foreign, referenced }) => new Column(foreign, path).eq(part(referenced))));
  return related(at).any(and(...relation.target.primary.map((column) => new Column(column).eq(part(column)))));
}

/** Keys that are objects themselves: dates, bytes. */
function isValueOf(column: ColumnModel, value: object): boolean {
  return (value instanceof Date || value instanceof Uint8Array) && column.inspect(value) === undefined;
}

/** TypeORM's find operators: `Like("s%")`, `Not(In([1, 2]))`, `Raw(…)`. */
function operatorCriterion(column: Column, operator: FindOperator<unknown>): Condition {
  const { type, value } = operator;
  switch (type) {
    case "not": {
      const child = operatorChild(operator);
      return isFindOperator(child) ? not(operatorCriterion(column, child)) : columnCriterion(column, child).not();
    }
    case "equal":
      return column.eq(value);
    case "lessThan":
      return column.lt(value);
    case "lessThanOrEqual":
      return column.lte(value);
    case "moreThan":
      return column.gt(value);
    case "moreThanOrEqual":
      return column.gte(value);
    case "between": {
      const [low, high] = value as [unknown, unknown];
      return column.between(low, high);
    }
    case "in":
    case "any":
      return column.in(value as unknown[]);
    case "isNull":
      return column.isNull();
    case "like":
      return column.like(value as string);
    case "ilike":
      return column.ilike(value as string);
    case "and":
      return and(...(value as unknown[]).map((one) => columnCriterion(column, one)));
    case "or":
      return or(...(value as unknown[]).map((one) => columnCriterion(column, one)));
    case "raw":
      return rawCriterion(column, operator);
    case "arrayContains":
      return overArray(column, type, "@>", value);
    case "arrayContainedBy":
      return overArray(column, type, "<@", value);
    case "arrayOverlap":
      return overArray(column, type, "&&", value);
    case "jsonContains":
      return jsonContains(column, value);
    default:
      throw unsupportedOperator(type, column.model.label);
  }
}

/** A list, or one of its members. */
function overArray(column: Column, name: string, operator: string, value: unknown): Condition {
  const list = isPartOfQuery(value)
    ? value
    : column.encode(Array.isArray(value) || value === undefined ? value : [value]);
  return condition((renderer) => {
    if (!renderer.dialect.supportsArrays)
      throw operatorElsewhere(name, column.model.label, renderer.dialect.displayName);
    return `${column.render(renderer)} ${operator} ${sqlValue(list, renderer)}`;
  });
}

/** A part of the document is checked as one, and passes no transformer, which takes whole documents. */
function jsonContains(column: Column, value: unknown): Condition {
  const { model } = column;
  if (value === undefined) throw undefinedOperand(model.label, model);
  const refusal = misuseOf(value) ?? (value === null ? undefined : jsonInspector(value));
  if (refusal) throw operandRefused(model.label, model, value, refusal);
  const text = JSON.stringify(value);
  return condition((renderer) => {
    const contains = renderer.dialect.jsonContains;
    if (!contains) throw operatorElsewhere("jsonContains", model.label, renderer.dialect.displayName);
    return contains(column.render(renderer), renderer.parameter(text));
  });
}

/** `Raw((alias) => `${alias} > :age`, { age: 18 })`, with named parameters. */
function rawCriterion(column: Column, operator: FindOperator<unknown>): Condition {
  const named: Record<string, unknown> = operator.objectLiteralParameters ?? {};
  for (const [name, value] of Object.entries(named))
    checkParameter(value, `:${name} of Raw(…) for ${column.model.label}`);
  return condition((renderer: Renderer) => {
    const own = column.render(renderer);
    const text = operator.getSql ? operator.getSql(own) : `${own} = ${String(operator.value)}`;
    const filled = text.replace(/(?<!:):(\.\.\.)?(\w+)/g, (whole, spread: string | undefined, name: string) => {
      if (!(name in named)) return whole;
      return spread
        ? (named[name] as unknown[]).map((one) => sqlValue(one, renderer)).join(", ")
        : sqlValue(named[name], renderer);
    });
    return `(${filled})`;
  });
}

/** The operator inside a `Not(…)`, whose `value` skips it. */
function operatorChild(operator: FindOperator<unknown>): unknown {
  return operator.child ?? operator.value;
}

export function isFindOperator(value: unknown): value is FindOperator<unknown> {
  // Not by instanceof: the project may have another copy of TypeORM.
  const mark = (value as { "@instanceof"?: unknown } | null)?.["@instanceof"];
  return mark === Symbol.for("FindOperator") || mark === Symbol.for("EqualOperator");
}
