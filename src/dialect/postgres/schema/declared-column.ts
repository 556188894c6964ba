import type { DataSource } from "typeorm";
import { type DeclaredColumn, declaredColumn, partsOf, unionOf } from "../../schema/declared-column";
import { type Column, type EnumType, type ObjectName, isSameObject } from "../../schema/model";

/** TypeORM's usual names of types that the catalog prints at length. */
const SHORT: Readonly<Record<string, string>> = {
  "character varying": "varchar",
  character: "char",
  integer: "int",
  "bit varying": "varbit",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  "time without time zone": "time",
  "time with time zone": "timetz",
};

/** What `@Column` says of a column of PostgreSQL. @param derived the name of an enum type that TypeORM would make */
export function declared(
  dataSource: DataSource,
  { type, enumType }: Column,
  enums: readonly EnumType[],
  derived: ObjectName,
): DeclaredColumn {
  const parts = partsOf(type);
  const values = { bigint: "string", decimal: "string" };
  const found = enumType && enums.find((one) => isSameObject(one, enumType));
  if (found) {
    const union = unionOf(found.values);
    return {
      type: "enum",
      valueType: parts.isArray ? `(${union})[]` : union,
      enum: found.values,
      enumName: isSameObject(found, derived) ? undefined : [found.schema, found.name].filter(Boolean).join("."),
      array: parts.isArray || undefined,
    };
  }
  const spatial = /^(geometry|geography)$/.test(parts.name) && parts.inside?.split(",");
  if (spatial) {
    const column = declaredColumn(dataSource, parts.name, { ...parts, inside: undefined }, values);
    return { ...column!, spatialFeatureType: spatial[0], srid: spatial[1] ? Number(spatial[1]) : undefined };
  }
  const column = declaredColumn(dataSource, SHORT[parts.name] ?? parts.name, parts, values);
  // A domain, a composite type: the driver reads texts.
  return column ?? { type: "text", valueType: "string" };
}
