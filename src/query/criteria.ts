import type { FindOperator } from "typeorm";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import { keyPartOfUnsaved, undefinedCriterion, unknownProperty, unsupportedOperator } from "./errors";
import { and, Column, Condition, Expression, isSubquery, not, or, RelationExpression, Scalar, type Renderer } from "./expression";

/** The condition that `filterBy({ … })` means: equality, `null`, lists, TypeORM's operators, nested relations. */
export function conditionOf(model: EntityModel, criteria: object, prefix = ""): Condition {
  const conditions = Object.entries(criteria).map(([property, value]) => criterion(model, prefix + property, value));
  return and(...conditions);
}

function criterion(model: EntityModel, property: string, value: unknown): Condition {
  const column = model.column(property);
  const relation = model.relation(property);
  if (value === undefined) throw undefinedCriterion(model.name, property);
  if (column && !column.isVirtual) return columnCriterion(column, value);
  if (relation) return relationCriterion(relation, value);
  // `name: { first: "Susan" }` goes on inside an embedded; `"author.username"` inside a relation.
  if (isPlainObject(value) && model.columns.some(({ property: path }) => path.startsWith(`${property}.`)))
    return conditionOf(model, value, `${property}.`);
  const [first, ...rest] = property.split(".");
  const outer = rest.length > 0 ? model.relation(first!) : undefined;
  if (outer) return new RelationExpression(outer, conditionOf).any(criterion(outer.target, rest.join("."), value));
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

/** A relation is compared with entities, keys, null, or conditions on its other side. */
function relationCriterion(relation: RelationModel, value: unknown): Condition {
  const related = new RelationExpression(relation, conditionOf);
  if (value === null) return relation.holdsKey ? keyIsNull(relation) : related.any().not();
  if (value === true) return related.any();
  if (value === false) return related.any().not();
  if (isFindOperator(value)) return relationOperator(relation, value);
  if (Array.isArray(value)) return or(...value.map((one) => relationCriterion(relation, one)));
  if (typeof value === "object" && isPlainObject(value)) return related.any(value);
  return isTheOne(relation, value);
}

function relationOperator(relation: RelationModel, operator: FindOperator<unknown>): Condition {
  switch (operator.type) {
    case "not":
      return relationCriterion(relation, operatorChild(operator)).not();
    case "isNull":
      return relationCriterion(relation, null);
    case "in":
      return relationCriterion(relation, operator.value);
    default:
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
  return new RelationExpression(relation, conditionOf).any(parts(relation.target.primary));
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
      return contained(column, "@>", value);
    case "arrayContainedBy":
      return contained(column, "<@", value);
    case "arrayOverlap":
      return contained(column, "&&", value);
    case "jsonContains":
      return contained(column, "@>", JSON.stringify(value));
    default:
      throw unsupportedOperator(type, column.model.label);
  }
}

function contained(column: Column, operator: string, value: unknown): Condition {
  return new Condition((renderer) => `${column.render(renderer)} ${operator} ${renderer.parameter(value)}`);
}

/** `Raw((alias) => `${alias} > :age`, { age: 18 })`: named parameters become ours. */
function rawCriterion(column: Column, operator: FindOperator<unknown>): Condition {
  return new Condition((renderer: Renderer) => {
    const text = operator.getSql ? operator.getSql(column.render(renderer)) : `${column.render(renderer)} = ${String(operator.value)}`;
    const named = operator.objectLiteralParameters ?? {};
    return text.replace(/(?<!:):(\.\.\.)?(\w+)/g, (whole, spread: string | undefined, name: string) => {
      if (!(name in named)) return whole;
      const given = (named as Record<string, unknown>)[name];
      return spread ? (given as unknown[]).map((one) => renderer.parameter(one)).join(", ") : renderer.parameter(given);
    });
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
  if (typeof value !== "object" || value === null || value instanceof Expression) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
