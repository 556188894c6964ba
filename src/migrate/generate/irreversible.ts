import type { SchemaDialect, Step } from "../../dialect/schema/dialect";
import { displayName } from "../../dialect/schema/model";
import type { DropColumn, Operation } from "../../dialect/schema/operation";

/** What `down` restores without its rows or values, a line each. */
export function losses(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => {
    switch (operation.kind) {
      case "dropTable":
        return [
          `down creates table ${displayName(operation.table)} again, without its rows${operation.rows ? ` (${operation.rows})` : ""}`,
        ];
      case "dropColumn":
        if (operation.column.generated) return [];
        return [`down creates "${operation.column.name}" of ${displayName(operation.table)} again, without its values`];
      case "alterColumn":
        if (operation.backfill === undefined && !operation.replaced && !operation.narrowing) return [];
        return [
          `down leaves the values that were put into "${operation.after.name}" of ${displayName(operation.table)}`,
        ];
      case "changeEnum":
        return operation.replaced || operation.removed
          ? [`down cannot restore which values of ${displayName(operation.name)} were others before`]
          : [];
      default:
        return [];
    }
  });
}

/** Changes that `down` refuses while there are rows, because it has no values for them. */
export function refusals(operations: readonly Operation[], dialect: SchemaDialect): Step[] {
  return operations.flatMap((operation) => {
    if (operation.kind !== "dropColumn") return [];
    if (needsValues(operation)) return [refusal(operation, "was NOT NULL", dialect.count(operation.table))];
    // One value for all rows: at most one row may have it.
    if (isKeyAlone(operation, operations) && isOneForAll(operation)) {
      const others = `SELECT (${dialect.count(operation.table)}) - 1 AS ${dialect.quote("rows")}`;
      return [refusal(operation, "was unique", others)];
    }
    return [];
  });
}

function needsValues({ column, backfill }: DropColumn): boolean {
  const fills = column.nullable || column.default !== undefined || column.generated !== undefined || column.increment;
  return !fills && backfill === undefined;
}

/** Whether the column, with other dropped ones, was a key. */
function isKeyAlone({ column, table }: DropColumn, operations: readonly Operation[]): boolean {
  const gone = operations.flatMap((one) =>
    one.kind === "dropColumn" && one.table.name === table.name ? [one.column.name] : [],
  );
  const keys = operations.flatMap((one): readonly (string | undefined)[][] => {
    if (!("table" in one) || one.table.name !== table.name) return [];
    if (one.kind === "changePrimaryKey") return one.before ? [[...one.before.columns]] : [];
    if (one.kind !== "dropConstraint") return [];
    if (one.constraint.kind === "unique") return [[...one.constraint.value.columns]];
    return one.constraint.kind === "index" && one.constraint.value.unique
      ? [one.constraint.value.columns.map(({ name }) => name)]
      : [];
  });
  return keys.some(
    (key) => key.includes(column.name) && key.every((name) => name !== undefined && gone.includes(name)),
  );
}

function isOneForAll({ column, backfill }: DropColumn): boolean {
  if (column.increment || column.generated) return false;
  const value = backfill ?? column.default;
  return value !== undefined && !/^\(/.test(value) && !/^null$/i.test(value);
}

function refusal({ column, table }: DropColumn, what: string, query: string): Step {
  const name = `"${column.name}" of ${displayName(table)}`;
  return {
    comment: `${name} ${what}, and its values are lost: down has no value for the existing rows`,
    statements: [
      {
        kind: "assertNoRows",
        query,
        message: `${name} ${what} and its values are lost: set a value for the existing rows in this migration, then run it again`,
      },
    ],
  };
}
