import type { DataSource } from "typeorm";
import { type DeclaredColumn, declaredColumn, partsOf, unionOf } from "../../schema/declared-column";
import type { Column } from "../../schema/model";

/** What `@Column` says of a column of SQLite. A type that TypeORM does not know is replaced by that of its affinity. */
export function declared(dataSource: DataSource, { type, values }: Column): DeclaredColumn {
  const parts = partsOf(type.toLowerCase());
  const numbers = { bigint: "number | string", decimal: "number" };
  const column =
    declaredColumn(dataSource, parts.name, parts, numbers) ??
    declaredColumn(dataSource, affinity(parts.name), { inside: undefined, isArray: false }, numbers)!;
  return values ? { ...column, valueType: unionOf(values), enum: values } : column;
}

/** https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
function affinity(type: string): string {
  if (type.includes("int")) return "integer";
  if (/char|clob|text/.test(type)) return "text";
  if (type === "" || type.includes("blob")) return "blob";
  return /real|floa|doub/.test(type) ? "real" : "numeric";
}
