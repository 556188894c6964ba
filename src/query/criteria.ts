import type { FindOperator } from "typeorm";
import { isObject, isPlainObject } from "../values";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import {
  keyPartOfUnsaved,
  operatorElsewhere,
  undefinedCriterion,
  unknownProperty,
  unsupportedOperator,
} from "./errors";
import { valueRefused } from "../metadata/errors";
import { relationsAlong } from "./scope";
import {
  and,
  Column,
  Condition,
  condition,
  ROOT,
  isSubquery,
  not,
  or,
  Scalar,
  type Alias,
  type Renderer,
  type Subquery,
  type Path,
} from "./expression";
import { RelationExpression } from "./relation";

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
  if (value === undefined && (column || relation)) throw undefinedCriterion(model.name, property);
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

/**
 * Refuses a value of a type that the column cannot have, as a write does: MySQL finds a text that begins with no digit by
 * the number 0. A value that is only too long or out of range is found in no row, and can be asked for.
 */
function checked(scalar: Column, value: unknown): void {
  if (value === undefined) throw undefinedCriterion(scalar.model.model.name, scalar.model.property);
  if (value === null || value instanceof Scalar || isSubquery(value)) return;
  const refusal = scalar.model.inspect(value);
  if (refusal && USELESS.has(refusal.reason)) throw valueRefused(scalar.model, value, refusal);
}

const USELESS: ReadonlySet<string> = new Set(["wrong-type", "not-a-number", "invalid-date", "cyclic"]);

function columnCriterion(scalar: Column, value: unknown): Condition {
  if (value === null) return scalar.isNull();
  if (isFindOperator(value)) return operatorCriterion(scalar, value);
  if (value instanceof Condition) return value;
  if (value instanceof Scalar || isSubquery(value)) return scalar.eq(value);
  if (Array.isArray(value) && !holdsLists(scalar.model)) return amongChecked(scalar, value);
  checked(scalar, value);
  return scalar.eq(value);
}

function amongChecked(scalar: Column, values: readonly unknown[]): Condition {
  for (const value of values) checked(scalar, value);
  return scalar.in(values);
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
  if (value === null) return at.relation.holdsKey ? keyIsNull(at) : related(at).none();
  if (value === true) return related(at).any();
  if (value === false) return related(at).none();
  if (isFindOperator(value)) return relationOperator(at, value);
  if (Array.isArray(value)) return or(...value.map((one) => relationCriterion(at, one)));
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
  const isEntity = isObject(value);
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
        return new Column(foreign, path).eq(part);
      }),
    );
  return related(at).any(parts(relation.target.primary));
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
      checked(column, value);
      return column.eq(value);
    case "lessThan":
      checked(column, value);
      return column.lt(value);
    case "lessThanOrEqual":
      checked(column, value);
      return column.lte(value);
    case "moreThan":
      checked(column, value);
      return column.gt(value);
    case "moreThanOrEqual":
      checked(column, value);
      return column.gte(value);
    case "between": {
      const [low, high] = value as [unknown, unknown];
      return column.between(low, high);
    }
    case "in":
    case "any":
      return amongChecked(column, value as unknown[]);
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
    if (!renderer.dialect.supportsArrays)
      throw operatorElsewhere(name, column.model.label, renderer.dialect.displayName);
    return `${column.render(renderer)} ${operator} ${renderer.parameter(value)}`;
  });
}

function jsonContains(column: Column, value: unknown): Condition {
  return condition((renderer) => {
    const contains = renderer.dialect.jsonContains;
    if (!contains) throw operatorElsewhere("jsonContains", column.model.label, renderer.dialect.displayName);
    return contains(column.render(renderer), renderer.parameter(JSON.stringify(value)));
  });
}

/** `Raw((alias) => `${alias} > :age`, { age: 18 })`, with named parameters. */
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

/** The operator inside a `Not(…)`, whose `value` skips it. */
function operatorChild(operator: FindOperator<unknown>): unknown {
  return operator.child ?? operator.value;
}

export function isFindOperator(value: unknown): value is FindOperator<unknown> {
  // Not by instanceof: the project may have another copy of TypeORM.
  const mark = (value as { "@instanceof"?: unknown } | null)?.["@instanceof"];
  return mark === Symbol.for("FindOperator") || mark === Symbol.for("EqualOperator");
}
