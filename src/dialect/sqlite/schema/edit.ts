import type { AlterColumn, Constraint, TableTraits } from "../../schema/operation";
import type { Column, PrimaryKey } from "../../schema/model";
import { isTrivia, nameIn, normalized, renamedIn, tokenize } from "../../schema/tokens";
import {
  clauses as createClauses,
  collateClause,
  columnDefinition,
  defaultClause,
  generatedClause,
  quote,
  uniqueClause,
  valuesClause,
} from "./create";
import {
  type Clause,
  type ClauseKind,
  type ColumnDefinition,
  type Definition,
  type TableDefinition,
  parseTable,
  renderTable,
} from "./definition";
import { valuesIn } from "./read";

/** Edits of a stored CREATE TABLE statement. What an edit does not concern stays as it was written. */

export function withTableName(sql: string, from: string, to: string): string {
  const table = parseTable(sql);
  const definitions = table.definitions.map((item) =>
    mapClauses(item, (clause) =>
      clause.references && isSame(clause.references.table, from)
        ? withText(clause, renamedReference(clause.text, to))
        : clause,
    ),
  );
  return renderTable({ ...table, name: quote(to), definitions });
}

/** The statement of another table that refers to the one that was renamed. */
export function withReferenceTo(sql: string, from: string, to: string): string {
  const table = parseTable(sql);
  return renderTable({
    ...table,
    definitions: table.definitions.map((item) =>
      mapClauses(item, (clause) =>
        clause.references && isSame(clause.references.table, from)
          ? withText(clause, renamedReference(clause.text, to))
          : clause,
      ),
    ),
  });
}

export function withColumnName(sql: string, from: string, to: string): string {
  const table = parseTable(sql);
  const own = nameIn(table.name);
  const definitions = table.definitions.map((item) => {
    const isIt = item.kind === "column" && isSame(nameIn(item.name), from);
    const named = isIt ? { ...item, name: quote(to), text: undefined } : item;
    return mapClauses(named, (clause) => withText(clause, renamedInClause(clause, from, to, own)));
  });
  return renderTable({ ...table, definitions });
}

/** The statement of another table whose foreign key refers to the column that was renamed. */
export function withReferencedColumnName(sql: string, referenced: string, from: string, to: string): string {
  const table = parseTable(sql);
  return renderTable({
    ...table,
    definitions: table.definitions.map((item) =>
      mapClauses(item, (clause) => {
        if (!clause.references || !isSame(clause.references.table, referenced)) return clause;
        const at = clause.text.search(/\breferences\b/i);
        return withText(clause, clause.text.slice(0, at) + renamedInReference(clause.text.slice(at), from, to));
      }),
    ),
  });
}

export function withColumn(sql: string, column: Column, position?: number): string {
  return withColumnText(sql, columnDefinition(column, false), position);
}

/** With a column that is defined by this text. */
export function withColumnText(sql: string, text: string, position?: number): string {
  const table = parseTable(sql);
  const columns = table.definitions.filter((item) => item.kind === "column").length;
  const [definition] = parseTable(`CREATE TABLE t (${text})`).definitions;
  return renderTable(inserted(table, definition!, position ?? columns));
}

export function withoutColumn(sql: string, name: string): string {
  const table = parseTable(sql);
  return renderTable(removed(table, (item) => item.kind === "column" && isSame(nameIn(item.name), name)));
}

export function withColumnChanged(sql: string, { before, after }: Pick<AlterColumn, "before" | "after">): string {
  const table = parseTable(sql);
  // The check of an enum may stand among the table's constraints.
  const cleared = before.values ? removed(table, (item) => isValuesOf(item, before.name)) : table;
  const definitions = cleared.definitions.map((item) =>
    item.kind === "column" && isSame(nameIn(item.name), before.name) ? changedColumn(item, before, after) : item,
  );
  return renderTable({ ...cleared, definitions });
}

function isValuesOf(item: Definition, column: string): boolean {
  return item.kind === "constraint" && isSame(valuesIn(item.clause)?.column ?? "", column);
}

function changedColumn(item: ColumnDefinition, before: Column, after: Column): ColumnDefinition {
  let clauses = [...item.clauses];
  const put = (kind: ClauseKind, text: string | undefined) => {
    const at = clauses.findIndex((clause) => clause.kind === kind);
    const rest = clauses.filter((clause) => clause.kind !== kind);
    if (text !== undefined) rest.splice(at === -1 ? rest.length : at, 0, { kind, text });
    clauses = rest;
  };
  if (JSON.stringify(before.values) !== JSON.stringify(after.values)) {
    clauses = clauses.filter((clause) => valuesIn(clause) === undefined);
    if (after.values) clauses.unshift({ kind: "check", text: valuesClause(after) });
  }
  if (before.nullable !== after.nullable) {
    put("null", undefined);
    put("notNull", after.nullable ? undefined : "NOT NULL");
  }
  if (before.collation !== after.collation) put("collate", after.collation && collateClause(after.collation));
  if (before.default !== after.default)
    put("default", after.default === undefined ? undefined : defaultClause(after.default));
  if (
    before.generated?.expression !== after.generated?.expression ||
    before.generated?.stored !== after.generated?.stored
  )
    put("generated", after.generated && generatedClause(after));
  if (before.increment !== after.increment) {
    clauses = clauses.map((clause) =>
      clause.kind === "primaryKey"
        ? {
            ...clause,
            text: clause.text.replace(/\s+autoincrement\b/i, "") + (after.increment ? " AUTOINCREMENT" : ""),
          }
        : clause,
    );
  }
  return { ...item, type: before.type === after.type ? item.type : after.type, clauses, text: undefined };
}

export function withPrimaryKey(sql: string, key: PrimaryKey | undefined, columns: readonly Column[]): string {
  let table = parseTable(sql);
  table = removed(table, (item) => item.kind === "constraint" && item.clause.kind === "primaryKey");
  const alone = key?.columns.length === 1 && key.name === undefined ? key.columns[0] : undefined;
  const definitions = table.definitions.map((item): Definition => {
    if (item.kind === "constraint") return item;
    const name = nameIn(item.name);
    const others = item.clauses.filter((clause) => clause.kind !== "primaryKey");
    if (name !== alone)
      return others.length === item.clauses.length ? item : { ...item, clauses: others, text: undefined };
    const numbered = columns.find((column) => column.name === name)?.increment;
    const text = `PRIMARY KEY${numbered ? " AUTOINCREMENT" : ""}`;
    return { ...item, clauses: [{ kind: "primaryKey", text }, ...others], text: undefined };
  });
  const changed = { ...table, definitions };
  return renderTable(key && alone === undefined ? appended(changed, createClauses.primaryKey(key)) : changed);
}

export function withConstraint(sql: string, constraint: Constraint): string {
  return constraint.kind === "index" ? sql : renderTable(appended(parseTable(sql), clauseOf(constraint)));
}

/** Removes a constraint from the table's constraints or a column's definition. */
export function withoutConstraint(sql: string, constraint: Constraint): string {
  if (constraint.kind === "index") return sql;
  const table = removed(
    parseTable(sql),
    (item) => item.kind === "constraint" && isClauseOf(item.clause, undefined, constraint),
  );
  const definitions = table.definitions.map((item): Definition => {
    if (item.kind === "constraint") return item;
    const clauses = item.clauses.filter((clause) => !isClauseOf(clause, nameIn(item.name), constraint));
    return clauses.length === item.clauses.length ? item : { ...item, clauses, text: undefined };
  });
  return renderTable({ ...table, definitions });
}

export function withConstraintName(sql: string, before: Constraint, after: Constraint): string {
  const table = parseTable(sql);
  return renderTable({
    ...table,
    definitions: table.definitions.map((item) => {
      const column = item.kind === "column" ? nameIn(item.name) : undefined;
      return mapClauses(item, (clause) =>
        isClauseOf(clause, column, before)
          ? withText(clause, renamedConstraint(clause.text, after.value.name))
          : clause,
      );
    }),
  });
}

export function withTraits(sql: string, before: TableTraits, after: TableTraits): string {
  if (before.withoutRowid === after.withoutRowid) return sql;
  const table = parseTable(sql);
  const options = [after.withoutRowid && "WITHOUT ROWID", /\bstrict\b/i.test(table.closing) && "STRICT"].filter(
    Boolean,
  );
  const at = table.closing.indexOf(")");
  return renderTable({ ...table, closing: `${table.closing.slice(0, at + 1)} ${options.join(", ")}`.trimEnd() });
}

/** A statement that is too long for one line, with one definition on each line. */
export function onePerLine(sql: string): string {
  const table = parseTable(sql);
  const isPlain = !tokenize(sql).some((token) => token.kind === "comment") && !sql.includes("\n");
  if (!isPlain || sql.length <= 100) return sql;
  const last = table.definitions.at(-1)!;
  // TypeORM finds a check only where a comma or the very last parenthesis follows it.
  const endsWithCheck = last.kind === "constraint" && last.clause.kind === "check";
  return renderTable({
    ...table,
    definitions: table.definitions.map((item) => ({ ...item, before: "\n  ", after: "" })),
    closing: endsWithCheck ? table.closing : `\n${table.closing.trimStart()}`,
  });
}

function clauseOf(constraint: Constraint): string {
  switch (constraint.kind) {
    case "unique":
      return uniqueClause(constraint.value);
    case "check":
      return createClauses.check(constraint.value);
    case "foreignKey":
      return createClauses.foreignKey(constraint.value);
    default:
      throw new Error(`SQLite has no ${constraint.kind} in a table's definition`);
  }
}

const KINDS = { unique: "unique", check: "check", foreignKey: "references" } as const;

function isClauseOf(clause: Clause, column: string | undefined, constraint: Constraint): boolean {
  if (constraint.kind === "index" || constraint.kind === "exclusion" || clause.kind !== KINDS[constraint.kind])
    return false;
  if (constraint.value.name !== undefined || clause.name !== undefined) return constraint.value.name === clause.name;
  if (constraint.kind === "check") return normalized(clause.expression!) === normalized(constraint.value.expression);
  const columns = clause.columns ?? [column!];
  const sameColumns = columns.join("\0") === constraint.value.columns.join("\0");
  return (
    sameColumns && (constraint.kind === "unique" || isSame(clause.references!.table, constraint.value.references.name))
  );
}

function mapClauses(item: Definition, edit: (clause: Clause) => Clause): Definition {
  if (item.kind === "constraint") return { ...item, clause: edit(item.clause) };
  const clauses = item.clauses.map(edit);
  const isChanged = clauses.some((clause, at) => clause !== item.clauses[at]);
  return isChanged ? { ...item, clauses, text: undefined } : item;
}

/** The clause with another text; the same object where the text is the same. */
function withText(clause: Clause, text: string): Clause {
  return text === clause.text ? clause : { ...clause, text };
}

function renamedInClause(clause: Clause, from: string, to: string, table: string): string {
  if (clause.kind === "collate" || clause.kind === "default" || clause.kind === "notNull") return clause.text;
  const opening = clause.text.indexOf("(");
  if (clause.kind !== "references") return opening === -1 ? clause.text : renamedFrom(clause.text, opening, from, to);
  const at = clause.text.search(/\breferences\b/i);
  const own =
    at > opening && opening !== -1
      ? renamedFrom(clause.text.slice(0, at), opening, from, to)
      : clause.text.slice(0, at);
  const target = clause.text.slice(at);
  return own + (isSame(clause.references!.table, table) ? renamedInReference(target, from, to) : target);
}

/** `REFERENCES "other" ("a", "b") ON DELETE …`: only what is in parentheses are columns. */
function renamedInReference(text: string, from: string, to: string): string {
  const tokens = tokenize(text);
  const [start, end] = [tokens.find((token) => token.text === "("), tokens.find((token) => token.text === ")")];
  if (!start || !end) return text;
  return (
    text.slice(0, start.start) + renamedIn(text.slice(start.start, end.start), from, to, quote) + text.slice(end.start)
  );
}

function renamedFrom(text: string, start: number, from: string, to: string): string {
  return text.slice(0, start) + renamedIn(text.slice(start), from, to, quote);
}

function renamedReference(text: string, to: string): string {
  return replaceAfter(text, "REFERENCES", quote(to));
}

function renamedConstraint(text: string, name: string | undefined): string {
  if (name === undefined) return text.replace(/^\s*constraint\s+("(?:[^"]|"")*"|\S+)\s*/i, "");
  return /^\s*constraint\b/i.test(text)
    ? replaceAfter(text, "CONSTRAINT", quote(name))
    : `CONSTRAINT ${quote(name)} ${text}`;
}

/** Replaces the token that follows a keyword. */
function replaceAfter(text: string, keyword: string, replacement: string): string {
  const tokens = tokenize(text);
  const at = tokens.findIndex((token) => token.kind === "word" && token.text.toUpperCase() === keyword);
  const target = tokens.findIndex((token, position) => position > at && !isTrivia(token));
  return tokens.map((token, position) => (position === target ? replacement : token.text)).join("");
}

function appended(table: TableDefinition, text: string): TableDefinition {
  const clause: Clause = { kind: "check", text };
  return inserted(table, { kind: "constraint", clause, before: "", after: "" }, table.definitions.length);
}

function inserted(table: TableDefinition, definition: Definition, at: number): TableDefinition {
  const model = table.definitions[Math.max(at - 1, 0)] ?? table.definitions[0]!;
  const space = table.definitions.length > 1 || model.before.includes("\n") ? spaceOf(model.before) : "";
  const first = at === 0;
  const definitions: Definition[] = [...table.definitions];
  definitions.splice(at, 0, { ...definition, before: first ? model.before : space || " ", after: "" });
  if (first && definitions[1]) definitions[1] = { ...definitions[1], before: space || " " };
  return { ...table, definitions };
}

/** The space alone, where a comment stands in it too. */
function spaceOf(before: string): string {
  return before.includes("-") || before.includes("/") ? (/\n[ \t]*$/.exec(before)?.[0] ?? " ") : before;
}

function removed(table: TableDefinition, isGone: (item: Definition) => boolean): TableDefinition {
  const first = table.definitions[0]!;
  const definitions = table.definitions.filter((item) => !isGone(item));
  if (definitions[0] && definitions[0] !== first) definitions[0] = { ...definitions[0], before: first.before };
  return { ...table, definitions };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
