import type { FindOperator } from "typeorm";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import {
  keyPartOfUnsaved,
  operatorElsewhere,
  undefinedCriterion,
  unknownProperty,
  unsupportedOperator,
} from "./errors";
import { relationsAlong } from "./scope";
import {
  and,
  Column,
  Condition,
  condition,
  isSubquery,
  not,
  or,
  RelationExpression,
  Scalar,
  type Renderer,
} from "./expression";

/** The condition that `filterBy({ … })` means: equality, `null`, lists, TypeORM's operators, nested relations. */
export function conditionOf(model: EntityModel, criteria: object, prefix = ""): Condition {
  const conditions = Object.entries(criteria).map(([property, value]) => criterion(model, prefix + property, value));
  return and(...conditions);
}

function criterion(model: EntityModel, property: string, value: unknown): Condition {
  const column = model.column(property);
  const relation = model.relation(property);
  if (value === undefined && (column || relation)) throw undefinedCriterion(model.name, property);
  if (column && !column.isVirtual) return columnCriterion(column, value);
  if (relation) return relationCriterion(relation, value);
  // `name: { first: "Susan" }` goes on inside an embedded; `"author.username"` inside a relation.
  if (isPlainObject(value) && model.properties.some((path) => path.startsWith(`${property}.`)))
    return conditionOf(model, value, `${property}.`);
  const { relations } = relationsAlong(model, property);
  const [outer] = relations;
  if (outer) return related(outer).any(criterion(outer.target, property.slice(outer.property.length + 1), value));
  throw unknownProperty(model.name, property, model.properties);
}

function columnCriterion(column: ColumnModel, value: unknown): Condition {
  const scalar = new Column(column);
  if (value === null) return scalar.isNull();
  if (isFindOperator(value)) return operatorCriterion(scalar, value);
  if (value instanceof Condition) return value;
  if (value instanceof Scalar || isSubquery(value)) return scalar.eq(value);
  if (Array.isArray(value) && !holdsLists(column)) return scalar.in(value);
  return scalar.eq(value);
}

function holdsLists(column: ColumnModel): boolean {
  const { isArray, type } = column.metadata;
  return isArray || type === "simple-array" || type === "json" || type === "jsonb" || type === "simple-json";
}

function related(relation: RelationModel): RelationExpression {
  return new RelationExpression(relation, [], conditionOf);
}

/** A relation is compared with entities, keys, null, or conditions on its other side. */
function relationCriterion(relation: RelationModel, value: unknown): Condition {
  if (value === null) return relation.holdsKey ? keyIsNull(relation) : related(relation).none();
  if (value === true) return related(relation).any();
  if (value === false) return related(relation).none();
  if (isFindOperator(value)) return relationOperator(relation, value);
  if (Array.isArray(value)) return or(...value.map((one) => relationCriterion(relation, one)));
  if (value instanceof Condition || isPlainObject(value)) return related(relation).any(value);
  return isTheOne(relation, value);
}

function relationOperator(relation: RelationModel, operator: FindOperator<unknown>): Condition {
  switch (operator.type) {
    case "not":
      return relationCriterion(relation, operatorChild(operator)).not();
    case "isNull":
      return relationCriterion(relation, null);
    case "in":
    case "any":
    case "equal":
      return relationCriterion(relation, operator.value);
    case "and":
      return and(...(operator.value as unknown as unknown[]).map((one) => relationCriterion(relation, one)));
    case "or":
      return or(...(operator.value as unknown as unknown[]).map((one) => relationCriterion(relation, one)));
    default:
      // What else there is compares the key.
      if (relation.holdsKey && relation.joins.length === 1)
        return operatorCriterion(new Column(relation.joins[0]!.foreign), operator);
      throw unsupportedOperator(operator.type, relation.label);
  }
}

function keyIsNull(relation: RelationModel): Condition {
  return and(...relation.joins.map(({ foreign }) => new Column(foreign).isNull()));
}

/** Related to this entity, or to the entity of this key. */
function isTheOne(relation: RelationModel, value: unknown): Condition {
  const isEntity = typeof value === "object" && value !== null;
  const parts = (columns: readonly ColumnModel[]): Condition =>
    and(
      ...columns.map((column) => {
        const part = isEntity ? column.read(value) : value;
        if (part === undefined || part === null) throw keyPartOfUnsaved(relation.label, column.label);
        return new Column(column).eq(part);
      }),
    );
  if (relation.holdsKey)
    return and(
      ...relation.joins.map(({ foreign, referenced }) => {
        const part = isEntity ? referenced.read(value) : value;
        if (part === undefined || part === null) throw keyPartOfUnsaved(relation.label, referenced.label);
        return new Column(foreign).eq(part);
      }),
    );
  return related(relation).any(parts(relation.target.primary));
}

/** TypeORM's find operators: `Like("s%")`, `Not(In([1, 2]))`, `Raw(…)`. */
function operatorCriterion(column: Column, operator: FindOperator<unknown>): Condition {
  const { type, value } = operator;
  switch (type) {
    case "not": {
      const child = operatorChild(operator);
      return isFindOperator(child) ? not(operatorCriterion(column, child)) : columnCriterion(column.model, child).not();
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
      return and(...(value as FindOperator<unknown>[]).map((one) => operatorCriterion(column, one)));
    case "or":
      return or(...(value as FindOperator<unknown>[]).map((one) => operatorCriterion(column, one)));
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

function overArray(column: Column, name: string, operator: string, value: unknown): Condition {
  return condition((renderer) => {
    if (!renderer.dialect.hasArrays) throw operatorElsewhere(name, column.model.label, renderer.dialect.name);
    return `${column.render(renderer)} ${operator} ${renderer.parameter(value)}`;
  });
}

function jsonContains(column: Column, value: unknown): Condition {
  return condition((renderer) => {
    const contains = renderer.dialect.jsonContains;
    if (!contains) throw operatorElsewhere("jsonContains", column.model.label, renderer.dialect.name);
    return contains(column.render(renderer), renderer.parameter(JSON.stringify(value)));
  });
}

/** `Raw((alias) => `${alias} > :age`, { age: 18 })`: named parameters become ours. */
function rawCriterion(column: Column, operator: FindOperator<unknown>): Condition {
  return condition((renderer: Renderer) => {
    const own = column.render(renderer);
    const text = operator.getSql ? operator.getSql(own) : `${own} = ${String(operator.value)}`;
    const named: Record<string, unknown> = operator.objectLiteralParameters ?? {};
    const filled = text.replace(/(?<!:):(\.\.\.)?(\w+)/g, (whole, spread: string | undefined, name: string) => {
      if (!(name in named)) return whole;
      return spread
        ? (named[name] as unknown[]).map((one) => renderer.parameter(one)).join(", ")
        : renderer.parameter(named[name]);
    });
    return `(${filled})`;
  });
}

/** What a `Not(…)` negates: TypeORM hides the inner operator behind the outer one's `value`. */
function operatorChild(operator: FindOperator<unknown>): unknown {
  return operator.child ?? operator.value;
}

export function isFindOperator(value: unknown): value is FindOperator<unknown> {
  // By its mark, not by instanceof: the project has its own copy of TypeORM.
  const mark = (value as { "@instanceof"?: unknown } | null)?.["@instanceof"];
  return mark === Symbol.for("FindOperator") || mark === Symbol.for("EqualOperator");
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
