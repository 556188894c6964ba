import type { DataSource } from "typeorm";
import { type DeclaredColumn, declaredColumn, partsOf, unionOf } from "../../schema/declared-column";
import type { Column } from "../../schema/model";
import { valuesIn } from "./read";

/** What `@Column` says of a column of MySQL or MariaDB. */
export function declared(dataSource: DataSource, { type, values }: Column): DeclaredColumn {
  const { name: whole, inside } = partsOf(type);
  const [name = "", ...traits] = whole.toLowerCase().split(" ");
  if (name === "enum" && values) return { type: "enum", valueType: unionOf(values), enum: values };
  if (name === "set") {
    const members = valuesIn(inside ?? "");
    return { type: "set", valueType: `(${unionOf(members)})[]`, enum: members };
  }
  if (name === "tinyint" && inside === "1" && traits.length === 0) return { type: "boolean", valueType: "boolean" };
  const column = declaredColumn(dataSource, name, { inside, isArray: false }, { bigint: "string", decimal: "string" });
  if (!column) return { type: "text", valueType: "string" };
  const isFilled = traits.includes("zerofill");
  return {
    ...column,
    unsigned: traits.includes("unsigned") || undefined,
    // TypeORM 1.x has neither of the two.
    ...(isFilled && "withWidthColumnTypes" in dataSource.driver && { zerofill: true, width: Number(inside) }),
  };
}
