import { follow } from "../../schema/typeorm-metadata";
import type { Plan, Statement, Step } from "../../schema/dialect";
import { type ForeignKey, type ObjectName, type Schema, type Table, findTable, keyOf } from "../../schema/model";
import {
  type AddColumn,
  type AlterColumn,
  type ChangePrimaryKey,
  type Operation,
  type Constraint,
  type Rename,
  apply,
} from "../../schema/operation";
import { mysqlQuoting, renamedIn } from "../../schema/tokens";
import { describe } from "../../schema/describe";
import * as write from "./create";
import { path, quote, text } from "./create";

/** The statements for MySQL and MariaDB: every one of them commits by itself, so each is a whole change. */
export function plan(from: Schema, operations: readonly Operation[]): Plan {
  const steps: Step[] = [];
  let schema = from;
  let waiting: Table[] = [];
  const step = (operation: Operation, statements: Statement[]) => {
    if (statements.length > 0) steps.push({ comment: sentence(describe(operation)), statements });
  };
  const tieKnots = () => {
    for (const table of waiting)
      for (const value of table.foreignKeys) {
        const operation: Operation = { kind: "addConstraint", table, constraint: { kind: "foreignKey", value } };
        step(operation, [addConstraint(table, operation.constraint)]);
      }
    waiting = [];
  };
  // A column's type cannot change while a foreign key holds on either side: the keys let go before the first such
  // change and are tied again after the last, when both sides agree.
  const firstRetyped = operations.findIndex(changesType);
  const lastRetyped = operations.findLastIndex(changesType);
  let loose: HeldKey[] = [];
  for (const [at, operation] of operations.entries()) {
    // Foreign keys of new tables wait until the last new table is there: tables may refer to each other.
    if (operation.kind !== "createTable") tieKnots();
    else waiting.push(operation.table);
    if (operation.kind === "dropTable" && operations[at - 1]?.kind !== "dropTable")
      for (const loose of loosened(operations.slice(at)))
        step(loose, [...dropConstraint(loose.table, loose.constraint)]);
    const before = schema;
    const retyped = at === firstRetyped ? operations.slice(at).filter(changesType) : [];
    if (at === firstRetyped) {
      loose = keysOver(schema, retyped);
      for (const { owner, key } of loose) {
        const constraint: Constraint = { kind: "foreignKey", value: key };
        step({ kind: "dropConstraint", table: owner, constraint }, dropConstraint(owner, constraint));
      }
    }
    const isRename = operation.kind === "renameTable" || operation.kind === "renameColumn";
    schema = isRename ? renamed(schema, operation) : apply(schema, operation);
    step(operation, [
      ...statementsFor(operation, before),
      ...follow(write.metadataTable, operation, before, schema).map(sql),
    ]);
    if (at === lastRetyped)
      for (const { owner, key } of loose) {
        const constraint: Constraint = { kind: "foreignKey", value: key };
        step({ kind: "addConstraint", table: owner, constraint }, [addConstraint(owner, constraint)]);
      }
  }
  tieKnots();
  return { steps, schema };
}

/** Foreign keys that point at a table which is to go before their own. */
function loosened(operations: readonly Operation[]): Extract<Operation, { kind: "dropConstraint" }>[] {
  const end = operations.findIndex((operation) => operation.kind !== "dropTable");
  const tables = operations
    .slice(0, end === -1 ? undefined : end)
    .flatMap((one) => (one.kind === "dropTable" ? [one.table] : []));
  return tables.flatMap((table, at) =>
    table.foreignKeys
      .filter((key) => tables.slice(0, at).some((other) => keyOf(other) === keyOf(key.references)))
      .map((value) => ({ kind: "dropConstraint" as const, table, constraint: { kind: "foreignKey" as const, value } })),
  );
}

/** The schema after a rename: MariaDB rewrites the expressions over a column by itself. */
export function renamed(before: Schema, operation: Rename): Schema {
  const schema = apply(before, operation);
  if (operation.kind === "renameTable") return schema;
  const again = (expression: string) => renamedIn(expression, operation.from, operation.to, quote, mysqlQuoting);
  const tables = schema.tables.map((table): Table => {
    if (keyOf(table) !== keyOf(operation.table)) return table;
    return {
      ...table,
      columns: table.columns.map((column) =>
        column.generated
          ? { ...column, generated: { ...column.generated, expression: again(column.generated.expression) } }
          : column,
      ),
      checks: table.checks.map((check) => ({ ...check, expression: again(check.expression) })),
    };
  });
  return { ...schema, tables };
}

function sentence(words: string): string {
  return words[0]!.toUpperCase() + words.slice(1);
}

function sql(statement: string): Statement {
  return { kind: "sql", sql: statement };
}

function alter(table: ObjectName, change: string): Statement {
  return sql(`ALTER TABLE ${path(table)} ${change}`);
}

function statementsFor(operation: Operation, schema: Schema): Statement[] {
  switch (operation.kind) {
    case "createTable":
      return [sql(write.createTable(operation.table)), ...operation.table.triggers.map((trigger) => sql(trigger.sql))];
    case "dropTable":
      return [sql(`DROP TABLE ${path(operation.table)}`)];
    case "renameTable":
      return [sql(`RENAME TABLE ${path(operation.from)} TO ${path(operation.to)}`)];
    case "changeTable": {
      const { before, after } = operation;
      const comment = before.comment === after.comment ? [] : [`COMMENT=${text(after.comment ?? "")}`];
      const engine = before.engine === after.engine ? [] : [`ENGINE=${after.engine ?? "InnoDB"}`];
      return [alter(operation.table, [...engine, ...comment].join(", "))];
    }
    case "addColumn":
      return addColumn(operation, findTable(schema, operation.table)!);
    case "dropColumn":
      return [alter(operation.table, `DROP COLUMN ${quote(operation.column.name)}`)];
    case "renameColumn":
      return [alter(operation.table, `RENAME COLUMN ${quote(operation.from)} TO ${quote(operation.to)}`)];
    case "alterColumn":
      return alterColumn(operation);
    case "changePrimaryKey":
      return changePrimaryKey(operation);
    case "addConstraint":
      return [addConstraint(operation.table, operation.constraint)];
    case "dropConstraint":
      return dropConstraint(operation.table, operation.constraint);
    case "renameConstraint":
      if (operation.before.kind === "index")
        return [
          alter(
            operation.table,
            `RENAME INDEX ${quote(operation.before.value.name!)} TO ${quote(operation.after.value.name!)}`,
          ),
        ];
      return [...dropConstraint(operation.table, operation.before), addConstraint(operation.table, operation.after)];
    case "createView":
      return [sql(`CREATE VIEW ${path(operation.view)} AS ${operation.view.definition}`)];
    case "dropView":
      return [sql(`DROP VIEW ${path(operation.view)}`)];
    default:
      throw new Error(`MySQL has no ${operation.kind}`);
  }
}

function addColumn({ table, column, backfill, position }: AddColumn, own: Table): Statement[] {
  const before = position === undefined ? undefined : own.columns[position - 1];
  const place = position === undefined ? "" : before ? ` AFTER ${quote(before.name)}` : " FIRST";
  // A column that numbers rows must be a key from the start.
  const key = column.increment && !own.primaryKey ? ", ADD PRIMARY KEY (" + quote(column.name) + ")" : "";
  if (backfill === undefined) return [alter(table, `ADD COLUMN ${write.columnDefinition(column)}${place}${key}`)];
  return [
    alter(table, `ADD COLUMN ${write.columnDefinition({ ...column, nullable: true })}${place}`),
    sql(`UPDATE ${path(table)} SET ${quote(column.name)} = ${backfill}`),
    ...(column.nullable ? [] : [alter(table, `MODIFY COLUMN ${write.columnDefinition(column)}`)]),
  ];
}

function alterColumn({ table, before, after, backfill, replaced }: AlterColumn): Statement[] {
  const name = quote(after.name);
  const change = alter(table, `MODIFY COLUMN ${write.columnDefinition(after)}`);
  const isMadeAnew =
    Boolean(before.generated) !== Boolean(after.generated) || before.generated?.stored !== after.generated?.stored;
  if (isMadeAnew && after.generated)
    return [alter(table, `DROP COLUMN ${name}, ADD COLUMN ${write.columnDefinition(after)}`)];
  const fill =
    backfill === undefined ? [] : [sql(`UPDATE ${path(table)} SET ${name} = ${backfill} WHERE ${name} IS NULL`)];
  return [...replacedValues(table, before, after, replaced), ...fill, change];
}

/** A value that is renamed must be allowed before and after: in between the column allows both. */
function replacedValues(
  table: ObjectName,
  before: AlterColumn["before"],
  after: AlterColumn["after"],
  replaced: AlterColumn["replaced"],
): Statement[] {
  if (!replaced || !before.values || !after.values) return [];
  const both = { ...before, default: undefined, values: [...new Set([...before.values, ...after.values])] };
  const name = quote(after.name);
  const updates = Object.entries(replaced).map(([old, value]) =>
    sql(`UPDATE ${path(table)} SET ${name} = ${text(value)} WHERE ${name} = ${text(old)}`),
  );
  return [alter(table, `MODIFY COLUMN ${write.columnDefinition(both)}`), ...updates];
}

interface HeldKey {
  readonly owner: Table;
  readonly key: ForeignKey;
}

function changesType(operation: Operation): operation is AlterColumn {
  if (operation.kind !== "alterColumn") return false;
  const { before, after } = operation;
  return before.type !== after.type || before.charset !== after.charset || before.collation !== after.collation;
}

/** Foreign keys on either side of the columns. */
function keysOver(schema: Schema, columns: readonly AlterColumn[]): HeldKey[] {
  const isChanged = (table: ObjectName, names: readonly string[]) =>
    columns.some((change) => keyOf(change.table) === keyOf(table) && names.includes(change.before.name));
  return schema.tables.flatMap((owner) =>
    owner.foreignKeys
      .filter((key) => isChanged(owner, key.columns) || isChanged(key.references, key.referencedColumns))
      .map((key) => ({ owner, key })),
  );
}

function changePrimaryKey({ table, before, after }: ChangePrimaryKey): Statement[] {
  const changes = [before && "DROP PRIMARY KEY", after && `ADD PRIMARY KEY (${write.list(after.columns)})`].filter(
    Boolean,
  );
  return [alter(table, changes.join(", "))];
}

function addConstraint(table: ObjectName, constraint: Constraint): Statement {
  switch (constraint.kind) {
    case "index":
      return alter(table, `ADD ${write.indexClause(constraint.value)}`);
    case "check":
      return alter(table, `ADD ${write.checkClause(constraint.value)}`);
    case "foreignKey":
      return alter(table, `ADD ${write.foreignKeyClause(constraint.value)}`);
    default:
      throw new Error(`MySQL has no ${constraint.kind}`);
  }
}

function dropConstraint(table: ObjectName, constraint: Constraint): Statement[] {
  if (constraint.kind === "index") return [alter(table, `DROP INDEX ${quote(constraint.value.name)}`)];
  if (constraint.kind === "check") return [alter(table, `DROP CONSTRAINT ${quote(constraint.value.name!)}`)];
  const name = quote(constraint.value.name!);
  const isKey = constraint.kind === "foreignKey" && constraint.value.hasIndex;
  // The index that the key brought along stays behind otherwise.
  return [alter(table, `DROP FOREIGN KEY ${name}`), ...(isKey ? [alter(table, `DROP INDEX ${name}`)] : [])];
}
