import { quotedText } from "../../literals";
import type { Plan, Statement, Step } from "../../schema/dialect";
import type { Column, ObjectName, Schema, Table, TableDependent, View } from "../../schema/model";
import { besideColumn, displayName, emptySchema, findTable, keyOf, replaceTable } from "../../schema/model";
import type { AddColumn, AlterColumn, ChangeEnum, Constraint, Operation, Rename } from "../../schema/operation";
import { apply } from "../../schema/operation";
import { serverPlan, withExpressions } from "../../schema/server-plan";
import { sql, stepOf } from "../../schema/step";
import { mentions, postgresQuoting, renamedIn } from "../../schema/tokens";
import { alterations } from "./alterations";
import * as create from "./create";
import { clauses, path, quote } from "./create";
import { columnRenamed, quoteIfNeeded, tableRenamed } from "./rename";
import { converted, lenientConversion, needsCast } from "./values";

/** The statements for PostgreSQL, which changes everything in place. */
export function plan(from: Schema, operations: readonly Operation[]): Plan {
  return serverPlan(from, operations, {
    metadataTable: create.metadataTable,
    alterations,
    statementsFor: (operation, before) => checkedAtOnce(statementsFor(operation, before), operation, before),
    renamed,
    isBlocked: isBlockedByViews,
    dependents(schema, blocked) {
      const views = viewsOver(schema, blocked);
      const others = dependentsOn(schema, blocked);
      return {
        drop: [
          ...views.map((view) => viewStep({ kind: "dropView", view }, "for a while")).reverse(),
          ...others.flatMap(([table, one]) => (one.drop === undefined ? [] : [droppedStep(table, one, one.drop)])),
        ],
        create: [
          ...others.map(([table, one]) => createdStep(table, one)),
          ...views.map((view) => viewStep({ kind: "createView", view }, "again")),
        ],
      };
    },
  });
}

/** The type of a column cannot change while a view uses the column. */
function isBlockedByViews(operation: Operation): boolean {
  if (operation.kind === "changeEnum") return true;
  return operation.kind === "alterColumn" && (changesType(operation) || isReplaced(operation.before, operation.after));
}

/**
 * A table whose rows were updated cannot be altered while a deferred foreign key has yet to be checked ("pending
 * trigger events"), so it is checked right after the update.
 */
function checkedAtOnce(statements: readonly Statement[], operation: Operation, schema: Schema): Statement[] {
  const table = "table" in operation ? keyOf(operation.table) : undefined;
  const isDeferred = schema.tables.some((one) =>
    one.foreignKeys.some(
      (key) => key.deferrable === "INITIALLY DEFERRED" && [keyOf(one), keyOf(key.references)].includes(table ?? ""),
    ),
  );
  return statements.flatMap((one) =>
    isDeferred && isUpdate(one) ? [one, sql("SET CONSTRAINTS ALL IMMEDIATE")] : [one],
  );
}

/** The migration's own UPDATE is no change of a row by anybody: triggers that watch updates do not see it. */
function withoutTriggers(statements: readonly Statement[], table: Table | undefined): Statement[] {
  const triggers = (table?.triggers ?? []).filter(({ isOnUpdate }) => isOnUpdate);
  const change = (word: string) =>
    triggers.map(({ name }) => sql(`ALTER TABLE ${path(table!)} ${word} TRIGGER ${quote(name)}`));
  return statements.flatMap((one) => (isUpdate(one) ? [...change("DISABLE"), one, ...change("ENABLE")] : [one]));
}

function isUpdate(one: Statement): boolean {
  return one.kind === "sql" && one.sql.startsWith("UPDATE ");
}

/** The views over changed columns, and the views over these, each after those that it uses. */
function viewsOver(schema: Schema, blocked: readonly Operation[]): View[] {
  const columns = blocked.flatMap((operation) => columnsOf(operation, schema));
  const over = new Set<string>();
  const isOver = (view: View) =>
    view.uses?.some(({ table, column }) => over.has(table) || columns.includes(`${table}\0${column}`));
  for (let size = -1; size !== over.size;) {
    size = over.size;
    for (const view of schema.views) if (isOver(view)) over.add(keyOf(view));
  }
  return inOrder(schema.views.filter((view) => over.has(keyOf(view))));
}

/** Policies, triggers and rules that name changed columns. */
function dependentsOn(schema: Schema, blocked: readonly Operation[]): [Table, TableDependent][] {
  const columns = blocked.flatMap((operation) => columnsOf(operation, schema));
  return schema.tables.flatMap((table) =>
    (table.dependents ?? [])
      .filter(({ uses }) => uses.some((use) => columns.includes(`${use.table}\0${use.column}`)))
      .map((one): [Table, TableDependent] => [table, one]),
  );
}

function droppedStep(table: Table, { kind, name }: TableDependent, drop: string): Step {
  return { comment: `Drop ${kind} ${name} of ${displayName(table)} for a while`, statements: [sql(drop)] };
}

function createdStep(table: Table, { kind, name, create }: TableDependent): Step {
  const what = `${kind} ${name} of ${displayName(table)}`;
  const comment = kind === "statistics" ? `Restore the target of ${what}` : `Create ${what} again`;
  return { comment, statements: create.map((text) => sql(text)) };
}

function inOrder(views: readonly View[]): View[] {
  const ordered: View[] = [];
  const visit = (view: View) => {
    if (ordered.includes(view)) return;
    for (const { table } of view.uses ?? []) views.filter((other) => keyOf(other) === table).forEach(visit);
    ordered.push(view);
  };
  views.forEach(visit);
  return ordered;
}

function columnsOf(operation: Operation, schema: Schema): string[] {
  if (operation.kind === "alterColumn") {
    const table = findTable(schema, operation.table);
    const names = [operation.before, ...(table ? generatedFrom(table, operation.before.name) : [])];
    return names.map(({ name }) => `${keyOf(operation.table)}\0${name}`);
  }
  if (operation.kind !== "changeEnum") return [];
  return schema.tables.flatMap((table) =>
    table.columns
      .filter(({ enumType }) => enumType && keyOf(enumType) === keyOf(operation.name))
      .map(({ name }) => `${keyOf(table)}\0${name}`),
  );
}

function viewStep(operation: Extract<Operation, { kind: "createView" | "dropView" }>, remark: string): Step {
  // Its row in TypeORM's table stays.
  const view = { ...operation.view, recordedIn: undefined };
  return stepOf(operation, statementsFor({ ...operation, view }, emptySchema), remark);
}

/** The schema after a rename, with the expressions that the server rewrites by itself. */
export function renamed(before: Schema, operation: Rename): Schema {
  const schema = withDependents(
    withViews(withSequences(before, apply(before, operation), operation), operation),
    operation,
  );
  if (operation.kind === "renameTable") return schema;
  const { table, from, to } = operation;
  const rewrite = (expression: string) => renamedIn(expression, from, to, quoteIfNeeded, postgresQuoting);
  return {
    ...schema,
    tables: schema.tables.map((one) => (keyOf(one) === keyOf(table) ? withExpressions(one, rewrite) : one)),
  };
}

/**
 * The server rewrites views by itself. The text here is a guess, used to create a view again that was dropped for a
 * change.
 */
function withViews(schema: Schema, operation: Rename): Schema {
  const table = keyOf(operation.kind === "renameTable" ? operation.from : operation.table);
  const views = schema.views.map((view): View => {
    if (!view.uses?.some((use) => use.table === table)) return view;
    if (operation.kind === "renameTable") {
      const uses = view.uses.map((use) => (use.table === table ? { ...use, table: keyOf(operation.to) } : use));
      return { ...view, uses, definition: tableRenamed(view.definition, operation.from, operation.to.name) };
    }
    const uses = view.uses.map((use) =>
      use.table === table && use.column === operation.from ? { ...use, column: operation.to } : use,
    );
    return { ...view, uses, definition: columnRenamed(view.definition, operation, true) };
  });
  return { ...schema, views };
}

/** The same of policies, triggers, rules and publications. */
function withDependents(schema: Schema, operation: Rename): Schema {
  const renamedOne = (one: TableDependent): TableDependent => {
    const [from, to] = operation.kind === "renameTable" ? [operation.from, operation.to] : [operation.table, undefined];
    if (!one.uses.some(({ table }) => table === keyOf(from))) return one;
    if (operation.kind === "renameTable") {
      const again = (text: string) => tableRenamed(text, from, to!.name);
      const uses = one.uses.map((use) => (use.table === keyOf(from) ? { ...use, table: keyOf(operation.to) } : use));
      return { ...one, uses, drop: one.drop && again(one.drop), create: one.create.map(again) };
    }
    const uses = one.uses.map((use) =>
      use.table === keyOf(from) && use.column === operation.from ? { ...use, column: operation.to } : use,
    );
    return { ...one, uses, create: one.create.map((text) => columnRenamed(text, operation)) };
  };
  const tables = schema.tables.map((table) => ({ ...table, dependents: table.dependents?.map(renamedOne) }));
  return { ...schema, tables };
}

function withSequences(before: Schema, after: Schema, operation: Rename): Schema {
  const old = findTable(before, operation.kind === "renameTable" ? operation.from : operation.table);
  const now = findTable(after, operation.kind === "renameTable" ? operation.to : operation.table);
  if (!old || !now) return after;
  const columns = now.columns.map((column, at): Column => {
    const isDerived = column.sequence === `${old.name}_${old.columns[at]!.name}_seq`;
    return isDerived ? { ...column, sequence: `${now.name}_${column.name}_seq` } : column;
  });
  return replaceTable(after, now, { ...now, columns });
}

function add(table: ObjectName, clause: string): Statement {
  return sql(`ALTER TABLE ${path(table)} ADD ${clause}`);
}

function statementsFor(operation: Operation, schema: Schema): Statement[] {
  switch (operation.kind) {
    case "createTable":
      return createTable(operation.table);
    case "dropTable":
      return [sql(`DROP TABLE ${path(operation.table)}`)];
    case "renameTable":
      return [
        sql(`ALTER TABLE ${path(operation.from)} RENAME TO ${quote(operation.to.name)}`),
        ...renameSequences(schema, operation),
      ];
    case "changeTable":
      return [sql(`COMMENT ON TABLE ${path(operation.table)} IS ${create.commentLiteral(operation.after.comment)}`)];
    case "addColumn":
      return withoutTriggers(addColumn(operation), findTable(schema, operation.table));
    case "dropColumn":
      return [sql(`ALTER TABLE ${path(operation.table)} DROP COLUMN ${quote(operation.column.name)}`)];
    case "renameColumn":
      return [
        sql(`ALTER TABLE ${path(operation.table)} RENAME COLUMN ${quote(operation.from)} TO ${quote(operation.to)}`),
        ...renameSequences(schema, operation),
      ];
    case "alterColumn":
      return withoutTriggers(
        withGeneratedColumns(operation, findTable(schema, operation.table)!, alterColumn(operation)),
        findTable(schema, operation.table),
      );
    case "changePrimaryKey": {
      const { before, after, table } = operation;
      const isSame = before && after && before.columns.join("\0") === after.columns.join("\0");
      if (isSame)
        return [sql(`ALTER TABLE ${path(table)} RENAME CONSTRAINT ${quote(before.name!)} TO ${quote(after.name!)}`)];
      return [
        ...(before ? [sql(`ALTER TABLE ${path(table)} DROP CONSTRAINT ${quote(before.name!)}`)] : []),
        ...(after ? [add(table, clauses.primaryKey(after))] : []),
      ];
    }
    case "addConstraint":
      return [addConstraint(operation.table, operation.constraint)];
    case "dropConstraint":
      return [dropConstraint(operation.table, operation.constraint)];
    case "renameConstraint":
      return [renameConstraint(operation.table, operation.before, operation.after)];
    case "createEnum":
      return [sql(`CREATE TYPE ${path(operation.type)} AS ENUM (${operation.type.values.map(quotedText).join(", ")})`)];
    case "dropEnum":
      return [sql(`DROP TYPE ${path(operation.type)}`)];
    case "renameEnum":
      return [sql(`ALTER TYPE ${path(operation.from)} RENAME TO ${quote(operation.to.name)}`)];
    case "changeEnum":
      return changeEnum(operation, schema);
    case "createView":
      return create.createView(operation.view).map((text) => sql(text));
    case "dropView":
      return [sql(`DROP ${operation.view.materialized ? "MATERIALIZED VIEW" : "VIEW"} ${path(operation.view)}`)];
  }
}

/** Sequences that are called after the table and column are called so afterwards too. */
function renameSequences(schema: Schema, operation: Rename): Statement[] {
  const before = findTable(schema, operation.kind === "renameTable" ? operation.from : operation.table)!;
  const after = findTable(
    renamed(schema, operation),
    operation.kind === "renameTable" ? operation.to : operation.table,
  )!;
  return before.columns.flatMap((column, at) => {
    const now = after.columns[at]!.sequence;
    if (column.sequence === undefined || now === column.sequence) return [];
    return [sql(`ALTER SEQUENCE ${path({ schema: after.schema, name: column.sequence })} RENAME TO ${quote(now!)}`)];
  });
}

function createTable(table: Table): Statement[] {
  return [
    sql(create.createTable(table)),
    ...(table.partitions?.statements ?? []).map((text) => sql(text)),
    ...(table.comment === undefined
      ? []
      : [sql(`COMMENT ON TABLE ${path(table)} IS ${create.commentLiteral(table.comment)}`)]),
    ...table.columns.flatMap((column) => (column.comment === undefined ? [] : [commentOn(table, column)])),
    ...table.indexes.map((index) => sql(create.createIndex(index, table))),
    ...table.triggers.map((trigger) => sql(trigger.sql)),
    ...(table.beside ?? []).map((text) => sql(text)),
    ...table.columns
      .flatMap((column) => besideColumn(column, path(table), quote(column.name)))
      .map((text) => sql(text)),
  ];
}

function commentOn(table: ObjectName, column: Column): Statement {
  return sql(`COMMENT ON COLUMN ${path(table)}.${quote(column.name)} IS ${create.commentLiteral(column.comment)}`);
}

const CONSTANT = /^(-?\d+(\.\d+)?|'(?:[^']|'')*'|true|false)$/i;

function addColumn({ table, column, backfill }: AddColumn): Statement[] {
  const beside = besideColumn(column, path(table), quote(column.name)).map((text) => sql(text));
  const comment = [...(column.comment === undefined ? [] : [commentOn(table, column)]), ...beside];
  if (backfill === undefined) return [add(table, `COLUMN ${create.columnDefinition(column)}`), ...comment];
  // The rows that are there get a constant default without being written.
  if (CONSTANT.test(backfill)) {
    const own =
      column.default === undefined ? "DROP DEFAULT" : `SET DEFAULT ${create.defaultExpression(column.default)}`;
    return [
      add(table, `COLUMN ${create.columnDefinition({ ...column, default: backfill })}`),
      sql(`ALTER TABLE ${path(table)} ALTER COLUMN ${quote(column.name)} ${own}`),
      ...comment,
    ];
  }
  const required = column.nullable
    ? []
    : [sql(`ALTER TABLE ${path(table)} ALTER COLUMN ${quote(column.name)} SET NOT NULL`)];
  return [
    add(table, `COLUMN ${create.columnDefinition({ ...column, nullable: true })}`),
    sql(`UPDATE ${path(table)} SET ${quote(column.name)} = ${backfill}`),
    ...required,
    ...comment,
  ];
}

function alterColumn({ table, before, after, backfill, narrowing, unfit }: AlterColumn): Statement[] {
  const name = quote(after.name);
  const alter = (change: string) => sql(`ALTER TABLE ${path(table)} ALTER COLUMN ${name} ${change}`);
  const statements: Statement[] = [];
  const isRetyped = changesType({ before, after });
  if (isReplaced(before, after))
    return [
      sql(`ALTER TABLE ${path(table)} DROP COLUMN ${name}`),
      ...addColumn({ kind: "addColumn", table, column: after }),
    ];
  if (before.generated && !after.generated) statements.push(alter("DROP EXPRESSION"));
  const isRenumbered = before.increment !== after.increment;
  if (before.increment && isRenumbered && !after.increment) statements.push(...stopNumbering(table, before));
  const hasNewDefault = before.default !== after.default || (isRetyped && after.default !== undefined);
  if (before.default !== undefined && hasNewDefault) statements.push(alter("DROP DEFAULT"));
  if (isRetyped) {
    const collate = after.collation === undefined ? "" : ` COLLATE ${quote(after.collation)}`;
    const lenient = unfit === undefined ? undefined : lenientConversion(before, after, unfit);
    const isExplicit = needsCast(before.type, after.type) || narrowing;
    const using = lenient?.using ?? (isExplicit ? converted(name, before, after) : undefined);
    const type = alter(`TYPE ${after.type}${collate}${using === undefined ? "" : ` USING ${using}`}`);
    statements.push(...(lenient ? [sql(lenient.create), type, sql(lenient.drop)] : [type]));
    statements.push(...restoredStorage(table, after));
    if (after.increment === "increment" && before.increment === "increment")
      statements.push(...widenSequence(table, after));
  }
  if (hasNewDefault && after.default !== undefined)
    statements.push(alter(`SET DEFAULT ${create.defaultExpression(after.default)}`));
  if (backfill !== undefined)
    statements.push(sql(`UPDATE ${path(table)} SET ${name} = ${backfill} WHERE ${name} IS NULL`));
  if (before.nullable !== after.nullable) statements.push(alter(after.nullable ? "DROP NOT NULL" : "SET NOT NULL"));
  if (after.increment && isRenumbered)
    statements.push(before.increment ? renumber(table, before, after) : startNumbering(table, after));
  if (before.comment !== after.comment) statements.push(commentOn(table, after));
  return statements;
}

/** A new type resets how long values are stored, and compressed. Types of a fixed length have no choice. */
function restoredStorage(table: ObjectName, column: Column): Statement[] {
  if (!/^(character|text|citext|bytea|json|numeric|xml|tsvector|hstore|ltree)|\[\]$/.test(column.type)) return [];
  return besideColumn(column, path(table), quote(column.name))
    .filter((text) => / SET (STORAGE|COMPRESSION) /.test(text))
    .map((text) => sql(text));
}

/**
 * The type of a column cannot change while a generated column uses it: that one is dropped and created again, with its
 * indexes and constraints.
 */
function withGeneratedColumns(operation: AlterColumn, table: Table, statements: readonly Statement[]): Statement[] {
  const generated = changesType(operation) ? generatedFrom(table, operation.before.name) : [];
  const isOver = (names: readonly (string | undefined)[], ...expressions: (string | undefined)[]) =>
    generated.some(
      ({ name }) => names.includes(name) || expressions.some((one) => one && mentions(one, name, postgresQuoting)),
    );
  const constraints: Constraint[] = [
    ...table.uniques.filter(({ columns }) => isOver(columns)).map((value): Constraint => ({ kind: "unique", value })),
    ...table.checks
      .filter(({ expression }) => isOver([], expression))
      .map((value): Constraint => ({ kind: "check", value })),
    ...table.indexes
      .filter(({ columns, where }) =>
        isOver(
          columns.map(({ name }) => name),
          where,
          ...columns.map(({ expression }) => expression),
        ),
      )
      .map((value): Constraint => ({ kind: "index", value })),
  ];
  return [
    ...generated.map(({ name }) => sql(`ALTER TABLE ${path(table)} DROP COLUMN ${quote(name)}`)),
    ...statements,
    ...generated.flatMap((column) => addColumn({ kind: "addColumn", table, column })),
    ...constraints.map((constraint) => addConstraint(table, constraint)),
  ];
}

function generatedFrom(table: Table, column: string): Column[] {
  return table.columns.filter(
    ({ name, generated }) => generated && name !== column && mentions(generated.expression, column, postgresQuoting),
  );
}

function changesType({ before, after }: Pick<AlterColumn, "before" | "after">): boolean {
  return before.type !== after.type || before.collation !== after.collation;
}

/**
 * PostgreSQL can neither make a plain column generated nor change the expression: the column is dropped and added,
 * its values computed again.
 */
function isReplaced(before: Column, after: Column): boolean {
  return after.generated !== undefined && before.generated?.expression !== after.generated.expression;
}

function sequenceOf(table: ObjectName, column: Column): string {
  return `pg_get_serial_sequence(${quotedText(path(table))}, ${quotedText(column.name)})`;
}

function widenSequence(table: ObjectName, column: Column): Statement[] {
  if (!(column.type in { smallint: 1, integer: 1, bigint: 1 })) return [];
  return [sql(`DO $$ BEGIN EXECUTE 'ALTER SEQUENCE ' || ${sequenceOf(table, column)} || ' AS ${column.type}'; END $$`)];
}

function stopNumbering(table: ObjectName, column: Column): Statement[] {
  if (column.increment !== "increment") return [sql(`${alterOf(table, column)} DROP IDENTITY`)];
  return [sql(`DO $$ DECLARE owned text := ${sequenceOf(table, column)}; BEGIN\n${dropSerial(table, column)}\nEND $$`)];
}

function alterOf(table: ObjectName, column: Column): string {
  return `ALTER TABLE ${path(table)} ALTER COLUMN ${quote(column.name)}`;
}

function dropSerial(table: ObjectName, column: Column): string {
  return `  ${alterOf(table, column)} DROP DEFAULT;
  EXECUTE 'DROP SEQUENCE ' || owned;`;
}

/** The number that a sequence gives next. */
const NEXT = `  EXECUTE 'SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM ' || owned INTO following;`;

/** The statements that number a column, in a block. */
function createNumbering(table: ObjectName, column: Column): string {
  const alter = alterOf(table, column);
  if (column.increment !== "increment")
    return `  ${alter} ADD GENERATED ${column.increment!.toUpperCase()} AS IDENTITY;`;
  const sequence = path({ schema: table.schema, name: `${table.name}_${column.name}_seq` });
  return `  CREATE SEQUENCE ${sequence} AS ${column.type} OWNED BY ${path(table)}.${quote(column.name)};
  ${alter} SET DEFAULT nextval(${quotedText(sequence)}::regclass);`;
}

/** Numbers go on after the highest that was ever given, which may be that of a row that is gone. */
function renumber(table: ObjectName, before: Column, after: Column): Statement {
  const isIdentity = (column: Column) => column.increment !== "increment";
  if (isIdentity(before) && isIdentity(after))
    return sql(`${alterOf(table, after)} SET GENERATED ${after.increment!.toUpperCase()}`);
  const drop = isIdentity(before) ? `  ${alterOf(table, before)} DROP IDENTITY;` : dropSerial(table, before);
  return sql(`DO $$ DECLARE owned text := ${sequenceOf(table, before)}; following bigint; BEGIN
${NEXT}
${drop}
${createNumbering(table, after)}
  PERFORM setval(${sequenceOf(table, after)}, following, false);
END $$`);
}

/** A sequence that the column owns already, but does not take its default from, is used again. */
function startNumbering(table: ObjectName, column: Column): Statement {
  const highest = `(SELECT COALESCE(MAX(${quote(column.name)}), 0) + 1 FROM ${path(table)})`;
  if (column.increment !== "increment")
    return sql(`DO $$ BEGIN
${createNumbering(table, column)}
  PERFORM setval(${sequenceOf(table, column)}, ${highest}, false);
END $$`);
  return sql(`DO $$ DECLARE owned text := ${sequenceOf(table, column)}; following bigint := 1; BEGIN
  IF owned IS NULL THEN
  ${createNumbering(table, column).replaceAll("\n", "\n  ")}
  ELSE
  ${NEXT}
    EXECUTE format('${alterOf(table, column).replaceAll("'", "''").replaceAll("%", "%%")} SET DEFAULT nextval(%L::regclass)', owned);
  END IF;
  PERFORM setval(${sequenceOf(table, column)}, GREATEST(following, ${highest}), false);
END $$`);
}

function addConstraint(table: ObjectName, constraint: Constraint): Statement {
  switch (constraint.kind) {
    case "index":
      return sql(create.createIndex(constraint.value, table));
    case "unique":
      return add(table, clauses.unique(constraint.value));
    case "check":
      return add(table, clauses.check(constraint.value));
    case "exclusion":
      return add(table, create.exclusionClause(constraint.value));
    case "foreignKey":
      return add(table, clauses.foreignKey(constraint.value));
  }
}

function dropConstraint(table: ObjectName, constraint: Constraint): Statement {
  if (constraint.kind === "index")
    return sql(`DROP INDEX ${path({ schema: table.schema, name: constraint.value.name })}`);
  return sql(`ALTER TABLE ${path(table)} DROP CONSTRAINT ${quote(constraint.value.name!)}`);
}

function renameConstraint(table: ObjectName, before: Constraint, after: Constraint): Statement {
  const [from, to] = [before.value.name!, quote(after.value.name!)];
  if (before.kind === "index") return sql(`ALTER INDEX ${path({ schema: table.schema, name: from })} RENAME TO ${to}`);
  return sql(`ALTER TABLE ${path(table)} RENAME CONSTRAINT ${quote(from)} TO ${to}`);
}

/**
 * A new type replaces the old one: ALTER TYPE … ADD VALUE cannot be undone, and a value that it added cannot be used
 * in the same transaction, not even as a default.
 */
function changeEnum({ name, before, after, replaced = {}, removed = [] }: ChangeEnum, schema: Schema): Statement[] {
  const renamedOnly =
    before.length === after.length && before.every((value, at) => (replaced[value] ?? value) === after[at]);
  if (renamedOnly)
    return before.flatMap((value, at) =>
      value === after[at]
        ? []
        : [sql(`ALTER TYPE ${path(name)} RENAME VALUE ${quotedText(value)} TO ${quotedText(after[at]!)}`)],
    );
  const old = { schema: name.schema, name: `${name.name}_old` };
  const users = schema.tables.flatMap((table) =>
    table.columns
      .filter((column) => column.enumType && keyOf(column.enumType) === keyOf(name))
      .map((column) => ({ table, column })),
  );
  return [
    sql(`ALTER TYPE ${path(name)} RENAME TO ${quote(old.name)}`),
    sql(`CREATE TYPE ${path(name)} AS ENUM (${after.map(quotedText).join(", ")})`),
    ...users.flatMap(({ table, column }) => moveToType(table, column, replaced, removed)),
    sql(`DROP TYPE ${path(old)}`),
  ];
}

function moveToType(
  table: Table,
  column: Column,
  replaced: Readonly<Record<string, string>>,
  removed: readonly string[],
): Statement[] {
  const name = quote(column.name);
  const alter = (change: string) => sql(`ALTER TABLE ${path(table)} ALTER COLUMN ${name} ${change}`);
  const type = path(column.enumType!);
  const isArray = column.type.endsWith("[]");
  const cases = Object.entries(replaced).map(([from, to]) => `WHEN ${quotedText(from)} THEN ${quotedText(to)}`);
  const one = (value: string) =>
    cases.length === 0 ? `${value}::text` : `CASE ${value}::text ${cases.join(" ")} ELSE ${value}::text END`;
  const using = isArray
    ? `${replacedElements(`${name}::text[]`, replaced, removed)}::${type}[]`
    : `(${one(name)})::${type}`;
  const changed = column.default === undefined ? undefined : replacedDefault(column.default, replaced);
  return [
    ...(column.default === undefined ? [] : [alter("DROP DEFAULT")]),
    alter(`TYPE ${type}${isArray ? "[]" : ""} USING ${using}`),
    ...(changed === undefined ? [] : [alter(`SET DEFAULT ${changed}`)]),
  ];
}

function replacedElements(
  array: string,
  replaced: Readonly<Record<string, string>>,
  removed: readonly string[],
): string {
  const kept = removed.reduce((value, old) => `array_remove(${value}, ${quotedText(old)})`, array);
  return Object.entries(replaced).reduce(
    (value, [from, to]) => `array_replace(${value}, ${quotedText(from)}, ${quotedText(to)})`,
    kept,
  );
}

/** The default without the cast to the type of that name, which is the old one while the statement is read. */
function replacedDefault(expression: string, replaced: Readonly<Record<string, string>>): string {
  const value = /^'((?:[^']|'')*)'::/.exec(expression)?.[1]?.replaceAll("''", "'");
  return value !== undefined && value in replaced ? quotedText(replaced[value]!) : expression;
}
