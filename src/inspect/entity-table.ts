import type { DataSource } from "typeorm";
import type { SchemaDialect } from "../dialect/schema/dialect";
import type { Column, ObjectName, Schema, Table } from "../dialect/schema/model";
import type { EntityClassName } from "./description";
import type { Names } from "./names";

/** A database as it was read. */
export interface InspectedDatabase {
  readonly dataSource: DataSource;
  readonly dialect: SchemaDialect;
  readonly schema: Schema;
  /** By the key of the view. */
  readonly viewColumns: ReadonlyMap<string, readonly Pick<Column, "name" | "type">[]>;
}

/** A table that becomes an entity, with the names that its class and properties get. */
export interface EntityTable {
  readonly table: Table;
  readonly className: EntityClassName;
  /** Column → property. */
  readonly properties: ReadonlyMap<string, string>;
  /** The names of properties that are given out. */
  readonly names: Names;
}

/** Where a table lies, as the options of an entity say it. */
export function placeOf(
  { dialect, dataSource }: InspectedDatabase,
  { schema }: ObjectName,
): { readonly schema?: string | undefined; readonly database?: string | undefined } {
  // MySQL's schemas are databases.
  return dialect.entities.schemaOf(dataSource, { schema }) === schema ? { schema } : { database: schema };
}
