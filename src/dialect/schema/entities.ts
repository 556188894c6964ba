import type { DataSource, EntityMetadata } from "typeorm";
import type { SchemaDialect } from "./dialect";
import type { Column, EnumType, ForeignKey, Index, ObjectName, PrimaryKey, Schema, Table, View } from "./model";
import { emptySchema, keyOf } from "./model";
import { quotedText } from "../literals";
import { viewsInOrder } from "./view-order";
import { exclusionDeferrable, indexMethod, normalizedDefault } from "../../typeorm/metadata";

type ColumnMetadata = EntityMetadata["columns"][number];

/** The schema that the entities declare, in their own spelling, with the entities that declare it. */
export interface Declared {
  readonly schema: Schema;
  readonly entities: readonly DeclaredEntity[];
  /** Tables and indexes that entities declare with `synchronize: false`. */
  readonly ignored: readonly string[];
}

export interface DeclaredEntity {
  /** The entity's name, or the table's for a join table that has no class. */
  readonly name: string;
  readonly table: ObjectName;
  readonly metadata: EntityMetadata;
}

/** Reads the schema out of the entities' metadata: names by the naming strategy, types and defaults by the driver. */
export function declaredSchema(dataSource: DataSource, dialect: SchemaDialect): Declared {
  const tables = new Map<string, Table>();
  const views: View[] = [];
  const entities: DeclaredEntity[] = [];
  const leftAlone: string[] = [];
  for (const metadata of dataSource.entityMetadatas) {
    if (metadata.tableType === "entity-child") continue;
    if (!metadata.synchronize) {
      leftAlone.push(metadata.tableName);
      continue;
    }
    const table = nameOf(dataSource, dialect, metadata);
    entities.push({ name: metadata.isJunction ? metadata.tableName : metadata.name, table, metadata });
    for (const index of metadata.indices) if (!index.synchronize && index.name) leftAlone.push(index.name);
    if (metadata.tableType === "view") views.push(viewOf(dataSource, metadata, table));
    else {
      const declared = tableOf(dataSource, dialect, metadata, table);
      const other = tables.get(keyOf(table));
      tables.set(keyOf(table), other ? merged(other, declared) : declared);
    }
  }
  const named = [...tables.values()].map(withoutValues);
  return {
    schema: {
      ...emptySchema,
      tables: named,
      enums: enumsOf([...tables.values()]),
      views: viewsInOrder(views, dialect),
    },
    entities,
    ignored: leftAlone,
  };
}

/** The named enum types; columns can share one. */
function enumsOf(tables: readonly Table[]): EnumType[] {
  const enums = new Map<string, EnumType>();
  for (const { columns } of tables)
    for (const { enumType, values } of columns)
      if (enumType && values && !enums.has(keyOf(enumType))) enums.set(keyOf(enumType), { ...enumType, values });
  return [...enums.values()];
}

function withoutValues(table: Table): Table {
  return {
    ...table,
    columns: table.columns.map((column) => (column.enumType ? { ...column, values: undefined } : column)),
  };
}

function nameOf(dataSource: DataSource, dialect: SchemaDialect, metadata: EntityMetadata): ObjectName {
  return { schema: dialect.entities.schemaOf(dataSource, metadata), name: metadata.tableName };
}

function tableOf(dataSource: DataSource, dialect: SchemaDialect, metadata: EntityMetadata, name: ObjectName): Table {
  const own = ownColumns(metadata);
  const primary = own.filter((column) => column.isPrimary);
  return {
    ...name,
    columns: own.map((column) => dialect.entities.column(dataSource, column, columnOf(dataSource, column), name)),
    primaryKey: primary.length === 0 ? undefined : primaryKeyOf(dataSource, dialect, primary, metadata),
    uniques: distinct(
      metadata.uniques.map((unique) => ({
        name: unique.name,
        columns: unique.columns.map((column) => column.databaseName),
        deferrable: dialect.entities.supportsDeferrable ? deferrable(unique.deferrable) : undefined,
      })),
    ),
    // A unique index comes first: of two with the same name it serves for both.
    indexes: distinct(
      metadata.indices
        .filter((index) => index.synchronize)
        .map(indexOf)
        .sort((a, b) => Number(b.unique) - Number(a.unique)),
    ),
    checks: distinct(metadata.checks.map((check) => ({ name: check.name, expression: check.expression.trim() }))),
    exclusions: dialect.entities.supportsExclusions
      ? metadata.exclusions.map((exclusion) => ({
          name: exclusion.name,
          expression: exclusion.expression,
          deferrable: deferrable(exclusionDeferrable(exclusion)),
        }))
      : [],
    foreignKeys: metadata.foreignKeys.map((key): ForeignKey => ({
      name: key.name,
      columns: key.columnNames,
      references: nameOf(dataSource, dialect, key.referencedEntityMetadata),
      referencedColumns: key.referencedColumnNames,
      onDelete: key.onDelete ?? "NO ACTION",
      onUpdate: key.onUpdate ?? "NO ACTION",
      deferrable: dialect.entities.supportsDeferrable ? deferrable(key.deferrable) : undefined,
    })),
    triggers: [],
    comment: metadata.comment || undefined,
    engine: metadata.engine || undefined,
    withoutRowid: metadata.withoutRowid || undefined,
  };
}

/** Declared both on the class and on the property, it is one. */
function distinct<T extends { readonly name?: string | undefined }>(constraints: readonly T[]): T[] {
  return constraints.filter((constraint, at) => constraints.findIndex(({ name }) => name === constraint.name) === at);
}

function primaryKeyOf(
  dataSource: DataSource,
  dialect: SchemaDialect,
  primary: readonly ColumnMetadata[],
  metadata: EntityMetadata,
): PrimaryKey {
  const columns = primary.map((column) => column.databaseName);
  if (!dialect.entities.supportsNamedPrimaryKeys) return { columns };
  const given = primary[0]!.primaryKeyConstraintName;
  const name = given ?? dataSource.namingStrategy.primaryKeyName(metadata.tableName, columns);
  return { name, isNameDerived: given === undefined, columns };
}

/** Columns by their name in the database; two properties may stand for one column (a relation's and its key's). */
function ownColumns(metadata: EntityMetadata): ColumnMetadata[] {
  const columns = new Map<string, ColumnMetadata>();
  for (const column of metadata.columns)
    if (!column.isVirtualProperty && !columns.has(column.databaseName)) columns.set(column.databaseName, column);
  return [...columns.values()];
}

function columnOf(dataSource: DataSource, column: ColumnMetadata): Column {
  const { driver } = dataSource;
  return {
    name: column.databaseName,
    type: driver.createFullType({
      name: column.databaseName,
      type: driver.normalizeType(column),
      length: driver.getColumnLength(column),
      // TypeORM 1.x has no such option.
      width: (column as { width?: number }).width,
      precision: column.precision,
      scale: column.scale,
      isArray: column.isArray,
      enum: column.enum?.map(String),
      spatialFeatureType: column.spatialFeatureType,
      srid: column.srid,
    } as unknown as Parameters<typeof driver.createFullType>[0]),
    nullable: column.isNullable,
    default: defaultOf(dataSource, column),
    generated: column.asExpression
      ? {
          expression: column.asExpression,
          stored: column.generatedType === "STORED",
          declared: column.asExpression,
          recordedIn: dataSource.metadataTableName,
        }
      : undefined,
    increment: column.isGenerated && column.generationStrategy === "increment" ? "increment" : undefined,
    collation: column.collation || undefined,
    charset: column.charset || undefined,
    comment: column.comment || undefined,
    onUpdate: column.onUpdate || undefined,
    values: undefined,
  };
}

/**
 * The default as an SQL expression. TypeORM's drivers do not escape quotes in strings, so that `it's` breaks the
 * statement; a quote that is doubled in the entity because of that is left as it is.
 */
function defaultOf(dataSource: DataSource, column: ColumnMetadata): string | undefined {
  const value: unknown = column.default;
  if (typeof value === "string" && column.type !== "set") return textLiteral(value);
  return normalizedDefault(dataSource, column);
}

function textLiteral(value: string): string {
  const doubled = value.replaceAll("''", "");
  return value.includes("'") && !doubled.includes("'") ? `'${value}'` : quotedText(value);
}

function indexOf(index: EntityMetadata["indices"][number]): Index {
  return {
    name: index.name,
    columns: index.columns.map((column) => ({ name: column.databaseName })),
    unique: Boolean(index.isUnique),
    where: index.where || undefined,
    kind: index.isFulltext ? "fulltext" : index.isSpatial ? "spatial" : undefined,
    method: indexMethod(index),
    parser: index.parser,
  };
}

function viewOf(dataSource: DataSource, metadata: EntityMetadata, name: ObjectName): View {
  const { expression } = metadata;
  const definition = typeof expression === "string" ? expression : (expression?.(dataSource).getQuery() ?? "");
  return {
    ...name,
    definition: definition.trim().replace(/;$/, ""),
    declared: definition.trim(),
    recordedIn: dataSource.metadataTableName,
    materialized: Boolean(metadata.tableMetadataArgs.materialized),
    indexes: metadata.indices.filter((index) => index.synchronize).map(indexOf),
  };
}

function deferrable(type: string | undefined): ForeignKey["deferrable"] {
  return type === "INITIALLY DEFERRED" || type === "INITIALLY IMMEDIATE" ? type : undefined;
}

/** Two entities on one table: what either of them declares. */
function merged(a: Table, b: Table): Table {
  const more = <T extends { name?: string | undefined }>(some: readonly T[], others: readonly T[]): T[] => [
    ...some,
    ...others.filter((other) => !some.some((one) => one.name === other.name)),
  ];
  return {
    ...a,
    columns: more(a.columns, b.columns),
    uniques: more(a.uniques, b.uniques),
    indexes: more(a.indexes, b.indexes),
    checks: more(a.checks, b.checks),
    exclusions: more(a.exclusions, b.exclusions),
    foreignKeys: more(a.foreignKeys, b.foreignKeys),
  };
}
