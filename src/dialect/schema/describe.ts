import { type Column, type ForeignKey, type Index, type Table, displayName } from "./model";
import type { Operation, Constraint } from "./operation";

/** Describes an operation, with its table, for `check` and for questions. */
export function describe(operation: Operation): string {
  switch (operation.kind) {
    case "createTable":
      return `create table ${displayName(operation.table)}`;
    case "dropTable":
      return `drop table ${displayName(operation.table)}`;
    case "renameTable":
      return `rename table ${displayName(operation.from)} to ${displayName(operation.to)}`;
    case "createView":
      return `create ${viewWord(operation.view.materialized)} ${displayName(operation.view)}`;
    case "dropView":
      return `drop ${viewWord(operation.view.materialized)} ${displayName(operation.view)}`;
    case "createEnum":
      return `create enum ${displayName(operation.type)}`;
    case "dropEnum":
      return `drop enum ${displayName(operation.type)}`;
    case "changeEnum":
      return `enum ${displayName(operation.name)}: ${describeValues(operation.before, operation.after)}`;
    case "renameEnum":
      return `rename enum ${displayName(operation.from)} to ${displayName(operation.to)}`;
    default:
      return `${displayName(operation.table)}: ${describeWithin(operation)}`;
  }
}

type Within = Extract<
  Operation,
  {
    kind:
      | "changeTable"
      | "addColumn"
      | "dropColumn"
      | "renameColumn"
      | "alterColumn"
      | "changePrimaryKey"
      | "addConstraint"
      | "dropConstraint"
      | "renameConstraint";
  }
>;

/** Describes an operation on a table, without the table's name. */
export function describeWithin(operation: Within): string {
  switch (operation.kind) {
    case "changeTable":
      return describeTraits(operation.before, operation.after);
    case "addColumn":
      return `add "${operation.column.name}"${operation.backfill === undefined ? "" : `, ${operation.backfill} for the rows that are there`}`;
    case "dropColumn":
      return `drop "${operation.column.name}"`;
    case "renameColumn":
      return `rename "${operation.from}" to "${operation.to}"`;
    case "alterColumn":
      return describeChange(operation.before, operation.after, operation.backfill);
    case "changePrimaryKey":
      return operation.after
        ? `primary key (${operation.after.columns.join(", ")})${operation.before ? ` instead of (${operation.before.columns.join(", ")})` : ""}`
        : "drop the primary key";
    case "addConstraint":
      return `add ${describeConstraint(operation.constraint)}`;
    case "dropConstraint":
      return `drop ${describeConstraint(operation.constraint)}`;
    case "renameConstraint":
      return `rename ${describeConstraint(operation.before)} to "${operation.after.value.name}"`;
  }
}

function viewWord(materialized: boolean): string {
  return materialized ? "materialized view" : "view";
}

function describeTraits(before: Pick<Table, "comment" | "engine" | "withoutRowid">, after: typeof before): string {
  const changes: string[] = [];
  if (before.comment !== after.comment)
    changes.push(`comment ${quoted(before.comment)} becomes ${quoted(after.comment)}`);
  if (before.engine !== after.engine) changes.push(`engine ${before.engine} becomes ${after.engine}`);
  if (before.withoutRowid !== after.withoutRowid) changes.push(after.withoutRowid ? "without rowid" : "with rowid");
  return changes.join(", ");
}

function describeChange(before: Column, after: Column, backfill: string | undefined): string {
  const changes: string[] = [];
  const compare = (word: string, one: string | undefined, other: string | undefined) => {
    if (one === other) return;
    changes.push(
      other === undefined
        ? `no ${word}`
        : one === undefined
          ? `${word} ${other}`
          : `${word} ${other} instead of ${one}`,
    );
  };
  if (before.type !== after.type) changes.push(`${after.type} instead of ${before.type}`);
  if (before.nullable !== after.nullable) {
    changes.push(
      after.nullable ? "may be NULL" : `NOT NULL${backfill === undefined ? "" : `, ${backfill} where it was NULL`}`,
    );
  }
  compare("default", before.default, after.default);
  compare("generated as", before.generated && generatedText(before), after.generated && generatedText(after));
  compare("numbering", before.increment, after.increment);
  compare("collation", before.collation, after.collation);
  compare("character set", before.charset, after.charset);
  compare("comment", before.comment, after.comment);
  compare("on update", before.onUpdate, after.onUpdate);
  if (JSON.stringify(before.values) !== JSON.stringify(after.values))
    changes.push(describeValues(before.values, after.values));
  return `"${after.name}" ${changes.join(", ") || "changes"}`;
}

function generatedText(column: Column): string {
  return `(${column.generated!.expression}) ${column.generated!.stored ? "stored" : "virtual"}`;
}

function describeValues(before: readonly string[] | undefined, after: readonly string[] | undefined): string {
  if (!before) return `allows ${after!.map(quoted).join(", ")} only`;
  if (!after) return "allows every value";
  const added = after.filter((value) => !before.includes(value)).map((value) => `+${quoted(value)}`);
  const gone = before.filter((value) => !after.includes(value)).map((value) => `-${quoted(value)}`);
  return [...added, ...gone].join(" ") || `order of values ${after.map(quoted).join(", ")}`;
}

function quoted(value: string | undefined): string {
  return value === undefined ? "none" : `'${value}'`;
}

/** Describes a constraint or index: `unique index "IDX_…" (email)`. */
export function describeConstraint(constraint: Constraint): string {
  switch (constraint.kind) {
    case "index":
      return describeIndex(constraint.value);
    case "unique":
      return `unique ${constraint.value.name === undefined ? "" : `"${constraint.value.name}" `}(${constraint.value.columns.join(", ")})`;
    case "check":
      return `check ${constraint.value.name === undefined ? "" : `"${constraint.value.name}" `}(${oneLine(constraint.value.expression)})`;
    case "exclusion":
      return `exclusion "${constraint.value.name}"`;
    case "foreignKey":
      return describeForeignKey(constraint.value);
  }
}

function describeIndex(index: Index): string {
  const columns = index.columns.map(
    (column) => `${column.name ?? column.expression!}${column.descending ? " DESC" : ""}`,
  );
  const words = [
    index.isInvalid && "invalid",
    index.unique && "unique",
    index.kind,
    "index",
    `"${index.name}"`,
    `(${columns.join(", ")})`,
  ];
  return [...words, index.where !== undefined && `where ${oneLine(index.where)}`].filter(Boolean).join(" ");
}

function describeForeignKey(key: ForeignKey): string {
  const target = `${displayName(key.references)} (${key.referencedColumns.join(", ")})`;
  const actions = [
    key.onDelete !== "NO ACTION" && `on delete ${key.onDelete.toLowerCase()}`,
    key.onUpdate !== "NO ACTION" && `on update ${key.onUpdate.toLowerCase()}`,
    key.deferrable && `deferrable ${key.deferrable.toLowerCase()}`,
  ].filter(Boolean);
  return [`foreign key (${key.columns.join(", ")}) to ${target}`, ...actions].join(" ");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
