import type { DataSource } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";
import type { DatabaseErrorKind, DriverErrorFacts, OffendingValue } from "./errors";
import { columnsOfParameters, tablesOf, unquoted } from "./statement-columns";

/** The kinds of errors that concern a value of a column. */
const CONCERNS_VALUE: ReadonlySet<DatabaseErrorKind> = new Set([
  "unique",
  "foreign-key",
  "not-null",
  "check",
  "too-long",
  "out-of-range",
  "invalid-value",
]);

/** A statement that failed. */
interface Failure {
  readonly facts: DriverErrorFacts;
  readonly dataSource: DataSource;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * Adds the entity and the property that an error concerns to what the driver says of it. Databases name a table, a column, a constraint, a
 * parameter or a value, or nothing; then the statement itself says which columns it writes or compares.
 */
export function located(
  facts: DriverErrorFacts,
  dataSource: DataSource,
  sql: string,
  parameters: readonly unknown[],
): DriverErrorFacts {
  if (!CONCERNS_VALUE.has(facts.kind)) return facts;
  const failure: Failure = { facts, dataSource, sql, parameters };
  const columns = columnsOfConstraint(failure) ?? namedColumns(failure) ?? columnsOfStatement(failure);
  if (columns.length > 0) {
    const column = facts.column ?? columns.map(({ databaseName }) => databaseName).join(", ");
    return { ...facts, ...placeOf(columns, dataSource), column };
  }
  const [entity] = entitiesOf(failure);
  return entity ? { ...facts, entity: entity.name } : facts;
}

/** The columns of the index, unique constraint, foreign key or check that the driver names. */
function columnsOfConstraint({ facts, dataSource, sql }: Failure): readonly ColumnMetadata[] | undefined {
  const { constraint, kind } = facts;
  if (constraint === undefined) return undefined;
  // MySQL calls every primary key PRIMARY, and puts the table before the name of an index.
  const name = constraint.replace(/^[^.]+\./, "");
  const entities = dataSource.entityMetadatas;
  if (name === "PRIMARY") return entities.find(({ tableName }) => isNamed(tableName, facts, sql))?.primaryColumns;
  for (const entity of entities) {
    const listed = [...entity.indices, ...entity.uniques, ...entity.foreignKeys].find((one) => one.name === name);
    if (listed) return listed.columns;
    const check = [...entity.checks, ...entity.exclusions].find((one) => one.name === name);
    if (check) return mentioned(entity, check.expression);
    const isKey = entity.primaryColumns.some((column) => column.primaryKeyConstraintName === name);
    if (isKey) return entity.primaryColumns;
  }
  // SQLite names a check that has no name by its expression.
  const [entity] = kind === "check" ? entitiesOf({ facts, dataSource, sql, parameters: [] }) : [];
  const columns = entity && mentioned(entity, constraint);
  return columns && columns.length > 0 ? columns : undefined;
}

function isNamed(tableName: string, { table }: DriverErrorFacts, sql: string): boolean {
  return tableName === (table ?? tablesOf(sql)[0]?.table);
}

/** The columns that an expression names. */
function mentioned({ columns }: EntityMetadata, expression: string): ColumnMetadata[] {
  const words = new Set(expression.match(/[\p{L}\p{N}_$]+/gu));
  return columns.filter(({ databaseName }) => words.has(databaseName));
}

/** The columns that the driver names. */
function namedColumns(failure: Failure): readonly ColumnMetadata[] | undefined {
  const { column } = failure.facts;
  if (column === undefined) return undefined;
  const names = column.split(",").map((name) => unquoted(name.trim()));
  for (const entity of entitiesOf(failure)) {
    const columns = names.flatMap((name) => find(entity, name) ?? mentioned(entity, name));
    if (columns.length > 0) return columns;
  }
  return undefined;
}

function find({ columns }: EntityMetadata, name: string): ColumnMetadata | undefined {
  return columns.find(({ databaseName }) => databaseName === name);
}

/** The columns whose parameters the database refuses. */
function columnsOfStatement(failure: Failure): readonly ColumnMetadata[] {
  const { facts, parameters, sql } = failure;
  if (facts.kind === "foreign-key") return foreignKeysOf(failure);
  const places = offending(facts.offending, parameters);
  const columns = columnsOfParameters(sql);
  const found = places.flatMap((place) => {
    const named = columns.get(place);
    const entity = named && entityOf(failure, named.table);
    return (entity && find(entity, named.column)) ?? [];
  });
  return [...new Set(found)];
}

function offending(value: OffendingValue | undefined, parameters: readonly unknown[]): number[] {
  if (!value) return [];
  if (value.parameter !== undefined) return [value.parameter];
  return parameters.flatMap((parameter, place) => (value.matches?.(parameter) ? [place] : []));
}

/** The foreign keys that an INSERT or UPDATE writes, where the database does not say which one dangles. */
function foreignKeysOf(failure: Failure): ColumnMetadata[] {
  const written = [...columnsOfParameters(failure.sql).entries()]
    .filter(([place]) => (failure.parameters[place] ?? null) !== null)
    .map(([, { column }]) => column);
  const [entity] = entitiesOf(failure);
  const keys = entity?.foreignKeys.flatMap(({ columns }) => columns) ?? [];
  return /^\s*(INSERT|UPDATE)/i.test(failure.sql)
    ? keys.filter(({ databaseName }) => written.includes(databaseName))
    : [];
}

/** The entities of the tables that the driver or the statement names, the most likely one first. */
function entitiesOf({ facts, sql, dataSource }: Failure): EntityMetadata[] {
  const tables = facts.table === undefined ? tablesOf(sql).map(({ table }) => table) : [facts.table];
  return tables.flatMap((table) => ofTable(dataSource, table));
}

function entityOf({ dataSource }: Failure, table: string): EntityMetadata | undefined {
  return ofTable(dataSource, table)[0];
}

/** The entities of a table; in single-table inheritance the one that has all columns. */
function ofTable({ entityMetadatas }: DataSource, table: string): EntityMetadata[] {
  const all = entityMetadatas.filter(({ tableName }) => tableName === table);
  return all
    .filter(({ tableType }) => tableType !== "entity-child")
    .concat(all)
    .slice(0, 1);
}

function placeOf(
  columns: readonly ColumnMetadata[],
  dataSource: DataSource,
): Pick<DriverErrorFacts, "entity" | "property"> {
  const [{ entityMetadata, target }] = columns as readonly [ColumnMetadata];
  const relation = relationOfJoinTable(entityMetadata, dataSource);
  if (relation) return { entity: relation.entityMetadata.name, property: relation.propertyPath };
  // In single-table inheritance, the class that declares the column.
  const child = entityMetadata.childEntityMetadatas.find((one) => one.target === target);
  return {
    entity: child?.tableType === "entity-child" ? child.name : entityMetadata.name,
    property: [...new Set(columns.map(propertyOf))].join(", "),
  };
}

/** A foreign key without a property is that of its relation. */
function propertyOf({ isVirtual, relationMetadata, propertyPath }: ColumnMetadata): string {
  return isVirtual && relationMetadata ? relationMetadata.propertyPath : propertyPath;
}

/** The relation of a join table, or the parent of a tree with a closure table. */
function relationOfJoinTable(entity: EntityMetadata, { entityMetadatas }: DataSource): RelationMetadata | undefined {
  const { tableType } = entity;
  if (tableType === "junction")
    return entityMetadatas
      .flatMap(({ relations }) => relations)
      .find(({ isOwning, junctionEntityMetadata }) => isOwning && junctionEntityMetadata === entity);
  if (tableType !== "closure-junction") return undefined;
  return entityMetadatas.find(({ closureJunctionTable }) => closureJunctionTable === entity)?.treeParentRelation;
}
