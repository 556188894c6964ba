import type { DataSource } from "typeorm";
import { dialectOf } from "../../dialect/dialects";
import type { Backfill, Plan, SchemaDialect, Step } from "../../dialect/schema/dialect";
import {
  type Column,
  type ObjectName,
  type Schema,
  type Table,
  displayName,
  findColumn,
  findTable,
} from "../../dialect/schema/model";
import type { AddColumn, AlterColumn, Operation } from "../../dialect/schema/operation";
import { sql } from "../../dialect/schema/step";
import { batchesAndTriggers, keyMissing, nothingToBatch } from "./errors";
import type { Difference } from "./resolve/resolver";

/** An operation that gives rows a value, and the three that do the same step by step. */
interface Batched {
  readonly operation: Filling;
  /** The column as it is while rows without a value are there. */
  readonly before: Operation;
  readonly fill: { readonly table: ObjectName; readonly column: string; readonly value: string };
  /** Absent for a column that may be NULL. */
  readonly after: Operation | undefined;
}

type Filling = (AddColumn | AlterColumn) & { readonly backfill: string };

/**
 * The way up in which rows get their values a number at a time, outside of any transaction of the migration: the column is
 * NULL first, is filled in batches that commit by themselves, and becomes NOT NULL last.
 *
 * @throws migrate/nothing-to-batch, migrate/key-missing, migrate/batches-and-triggers
 */
export function batchedPlan({ actual, operations, dialect }: Difference, dataSource: DataSource): Plan {
  const batched = operations.flatMap((one) => (isFilling(one) ? [asThreeOperations(one)] : []));
  if (batched.length === 0) throw nothingToBatch();
  const first = dialect.plan(
    actual,
    operations.map((one) => batched.find(({ operation }) => operation === one)?.before ?? one),
  );
  const last = dialect.plan(
    first.schema,
    batched.flatMap(({ after }) => after ?? []),
  );
  const filled = batched.map((one) => fillOf(one, first.schema));
  const fills = filled.map((one) => fillStep(one, dialect, dataSource));
  const late = filled.map((one) => lateRowsStep(one, dialect));
  return {
    schema: last.schema,
    steps: [...together(first.steps, dataSource), ...fills, ...together([...late, ...last.steps], dataSource)],
  };
}

/** The way down in one transaction, where the database has such. */
export function inTransaction(plan: Plan, dataSource: DataSource): Plan {
  return { ...plan, steps: together(plan.steps, dataSource) };
}

function isFilling(operation: Operation): operation is Filling {
  if (operation.kind === "addColumn") return operation.backfill !== undefined && !operation.column.generated;
  return operation.kind === "alterColumn" && operation.backfill !== undefined && operation.before.nullable;
}

function asThreeOperations(operation: Filling): Batched {
  const { table, backfill } = operation;
  const column = operation.kind === "addColumn" ? operation.column : operation.after;
  const open = { ...column, nullable: true };
  return {
    operation,
    before:
      operation.kind === "addColumn"
        ? { ...operation, column: open, backfill: undefined }
        : { ...operation, after: open, backfill: undefined },
    fill: { table, column: column.name, value: backfill },
    after: column.nullable ? undefined : { kind: "alterColumn", table, before: open, after: column },
  };
}

interface Fill {
  readonly table: Table;
  readonly column: string;
  readonly value: string;
}

/** @throws migrate/batches-and-triggers: one statement would be run without them, batches leave time for other changes */
function fillOf({ fill }: Batched, schema: Schema): Fill {
  const table = findTable(schema, fill.table)!;
  const trigger = table.triggers.find(({ isOnUpdate, sql: text }) => isOnUpdate ?? /\bUPDATE\b.*?\bON\b/is.test(text));
  if (trigger) throw batchesAndTriggers(displayName(table), trigger.name);
  return { ...fill, table };
}

function fillStep({ column, value, table }: Fill, dialect: SchemaDialect, dataSource: DataSource): Step {
  const { placeholder } = dialectOf(dataSource);
  const key = keyOf(table);
  const statement: Backfill = {
    kind: "backfill",
    table: dialect.path(table),
    key: key.map(({ name }) => dialect.quote(name)),
    read: key.map(({ name, type }) => (isTime(type) ? dialect.asText(dialect.quote(name)) : dialect.quote(name))),
    set: setting({ column, value, table }, dialect),
    where: `${dialect.quote(column)} IS NULL`,
    isNumbered: placeholder(1) !== placeholder(2),
  };
  return { comment: `Fill "${column}" of ${displayName(table)}, a number of rows at a time`, statements: [statement] };
}

/** For rows that were added behind the batches. */
function lateRowsStep({ column, value, table }: Fill, dialect: SchemaDialect): Step {
  const set = setting({ column, value, table }, dialect);
  return {
    comment: `Fill "${column}" of rows of ${displayName(table)} that were added meanwhile`,
    statements: [sql(`UPDATE ${dialect.path(table)} SET ${set} WHERE ${dialect.quote(column)} IS NULL`)],
  };
}

/** Columns with ON UPDATE keep their values when they are set to them. */
function setting({ column, value, table }: Fill, { quote }: SchemaDialect): string {
  const kept = table.columns.filter(({ name, onUpdate }) => onUpdate !== undefined && name !== column);
  return [`${quote(column)} = ${value}`, ...kept.map(({ name }) => `${quote(name)} = ${quote(name)}`)].join(", ");
}

/** @throws migrate/key-missing */
function keyOf(table: Table): Column[] {
  if (!table.primaryKey) throw keyMissing(displayName(table));
  return table.primaryKey.columns.map((name) => findColumn(table, name)!);
}

/** Drivers give times as JavaScript's, which are not as fine as the database's. */
function isTime(type: string): boolean {
  return /date|time|interval/i.test(type);
}

/** The steps in a transaction: the migration itself has none. */
function together(steps: readonly Step[], dataSource: DataSource): Step[] {
  if (steps.length === 0 || !dialectOf(dataSource).supportsTransactionalDdl) return [...steps];
  return steps.map((step, at) => ({
    ...step,
    statements: [
      ...(at === 0 ? [{ kind: "begin" } as const] : []),
      ...step.statements,
      ...(at === steps.length - 1 ? [{ kind: "commit" } as const] : []),
    ],
  }));
}
