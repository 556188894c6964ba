import type { SchemaDialect } from "../../dialect/schema/dialect";
import { type Column, type Index, type Schema, type Table, findTable, keyOf } from "../../dialect/schema/model";
import type { Constraint } from "../../dialect/schema/operation";
import { isSameConstraint, isSameName, constraintsOf } from "./compare";

/**
 * The entities' schema, with everything taken from the database that entities cannot express or do not specify, and
 * that may have been made by hand: collations, STRICT, AUTOINCREMENT, triggers, unnamed checks, indexes over
 * expressions, the spelling of names and expressions. What still differs are real changes.
 */
export function normalize(wanted: Schema, actual: Schema, declared: Schema, dialect: SchemaDialect): Schema {
  const used = new Set(
    actual.tables.flatMap(({ columns }) => columns.flatMap(({ enumType }) => (enumType ? [keyOf(enumType)] : []))),
  );
  const created = wanted.tables.filter((table) => !findTable(actual, table));
  const taken = new Set(
    created.flatMap(({ schema, primaryKey }) => (primaryKey?.name ? [keyOf({ schema, name: primaryKey.name })] : [])),
  );
  return {
    ...wanted,
    enums: [
      ...wanted.enums,
      // A type that no table uses was made for something outside the entities.
      ...actual.enums.filter(
        (type) => !used.has(keyOf(type)) && !wanted.enums.some((other) => keyOf(other) === keyOf(type)),
      ),
    ],
    tables: wanted.tables.map((table) => {
      const own = findTable(actual, table);
      return own ? normalizeTable(table, own, findTable(declared, table) ?? table, dialect, taken) : table;
    }),
    views: [
      // A view that is created again is executed as before, by the same people.
      ...wanted.views.map((view) => {
        const own = actual.views.find((other) => keyOf(other) === keyOf(view));
        return own ? { ...view, beside: own.beside, execution: own.execution } : view;
      }),
      // A view that is not in TypeORM's metadata table never was an entity's.
      ...actual.views.filter(
        (view) => view.recordedIn === undefined && !wanted.views.some((other) => keyOf(other) === keyOf(view)),
      ),
    ],
  };
}

/** @param taken names that primary keys of new tables have */
function normalizeTable(
  wanted: Table,
  actual: Table,
  declared: Table,
  dialect: SchemaDialect,
  taken: ReadonlySet<string>,
): Table {
  const { name } = actual;
  return {
    ...wanted,
    name,
    columns: wanted.columns.map((column) => {
      const own = actual.columns.find((other) => dialect.sameName(other.name, column.name));
      const said = declared.columns.find((other) => other.name === column.name);
      return own ? normalizeColumn(column, own, said ?? column, actual, dialect) : column;
    }),
    primaryKey: normalizePrimaryKey(wanted, actual, declared, taken),
    uniques: normalizeConstraints(wanted, actual, dialect, "unique"),
    indexes: normalizeConstraints(wanted, actual, dialect, "index"),
    checks: normalizeConstraints(wanted, actual, dialect, "check"),
    exclusions: normalizeConstraints(wanted, actual, dialect, "exclusion"),
    foreignKeys: normalizeConstraints(wanted, actual, dialect, "foreignKey"),
    triggers: actual.triggers,
    engine: declared.engine === undefined ? actual.engine : wanted.engine,
    withoutRowid: wanted.withoutRowid ?? actual.withoutRowid,
    strict: actual.strict,
    stored: actual.stored,
  };
}

function normalizeColumn(
  wanted: Column,
  actual: Column,
  declared: Column,
  table: Table,
  dialect: SchemaDialect,
): Column {
  const spelt = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && dialect.sameExpression(one, other) ? other : one;
  const isSameExpression =
    wanted.generated &&
    actual.generated &&
    dialect.sameExpression(wanted.generated.expression, actual.generated.expression);
  return {
    ...wanted,
    name: actual.name,
    beside: actual.beside,
    attributes: actual.attributes,
    type: dialect.sameType(wanted.type, actual.type, table) ? actual.type : wanted.type,
    default: spelt(wanted.default, actual.default),
    generated: isSameExpression ? { ...wanted.generated!, expression: actual.generated!.expression } : wanted.generated,
    increment: wanted.increment ?? (dialect.entities.keepsAutoIncrement ? actual.increment : undefined),
    ...(declared.collation === undefined && declared.charset === undefined && dialect.canCollate(wanted.type)
      ? { collation: actual.collation ?? wanted.collation, charset: actual.charset ?? wanted.charset }
      : {}),
  };
}

function normalizePrimaryKey(
  wanted: Table,
  actual: Table,
  declared: Table,
  taken: ReadonlySet<string>,
): Table["primaryKey"] {
  if (!wanted.primaryKey || !actual.primaryKey) return wanted.primaryKey;
  const isNamed = declared.primaryKey?.name !== undefined && !declared.primaryKey.isNameDerived;
  // The name of a renamed table's key may be that of the key of a new table, which has the old name.
  const isTaken =
    actual.primaryKey.name !== undefined && taken.has(keyOf({ schema: actual.schema, name: actual.primaryKey.name }));
  return isNamed || isTaken ? wanted.primaryKey : { ...wanted.primaryKey, name: actual.primaryKey.name };
}

/**
 * Constraints as the database has them where they are equivalent, and those that must have been made by hand:
 * without a name (TypeORM names everything), or over an expression.
 */
function normalizeConstraints<T>(wanted: Table, actual: Table, dialect: SchemaDialect, kind: Constraint["kind"]): T[] {
  const theirs = constraintsOf(actual).filter((constraint) => constraint.kind === kind);
  const ours = constraintsOf(wanted).filter((constraint) => constraint.kind === kind);
  const matched = ours.map((constraint) => {
    const named = theirs.find((other) => isSameName(other, constraint, dialect));
    const unnamed = theirs.find(
      (other) =>
        other.value.name === undefined && isSameConstraint(constraint, withoutUnspecified(constraint, other), dialect),
    );
    const own = named ?? unnamed;
    if (own) return isSameConstraint(constraint, withoutUnspecified(constraint, own), dialect) ? own : constraint;
    // Under another name, which is the only thing that is to change.
    const other = theirs.find(
      (one) =>
        isSameConstraint(constraint, withoutUnspecified(constraint, one), dialect) &&
        !ours.some((it) => isSameName(it, one, dialect)),
    );
    return other ? withName(other, constraint.value.name) : constraint;
  });
  const gone = actual.columns.filter(
    (column) => !wanted.columns.some(({ name }) => dialect.sameName(name, column.name)),
  );
  const isOverGone = (constraint: Constraint) => gone.some(({ name }) => mentionsColumn(constraint, name, dialect));
  const spare = theirs.filter(
    (constraint) => !matched.includes(constraint) && isHandMade(constraint, wanted) && !isOverGone(constraint),
  );
  return [...matched, ...spare].map((constraint) => constraint.value as T);
}

/** The constraint under another name; an index's stored statement has its name in it. */
function withName(constraint: Constraint, name: string | undefined): Constraint {
  const value = { ...constraint.value, name };
  return {
    kind: constraint.kind,
    value: constraint.kind === "index" ? { ...value, stored: undefined } : value,
  } as Constraint;
}

/** The database's constraint without what the entity's does not specify: direction and collation of an index, deferrability. */
function withoutUnspecified(ours: Constraint, theirs: Constraint): Constraint {
  if (ours.kind === "index" && theirs.kind === "index")
    return { kind: "index", value: withoutUnspecifiedIndex(ours.value, theirs.value) };
  if (ours.kind === "foreignKey" && theirs.kind === "foreignKey" && ours.value.deferrable === undefined)
    return { ...theirs, value: { ...theirs.value, deferrable: undefined } };
  if (ours.kind === "unique" && theirs.kind === "unique" && ours.value.deferrable === undefined)
    return { ...theirs, value: { ...theirs.value, deferrable: undefined } };
  return theirs;
}

function withoutUnspecifiedIndex(ours: Index, theirs: Index): Index {
  return {
    ...theirs,
    columns: theirs.columns.map((column, at) =>
      column.name === undefined
        ? column
        : { ...column, descending: ours.columns[at]?.descending, collation: ours.columns[at]?.collation },
    ),
    method: ours.method ?? theirs.method,
    parser: ours.parser ?? theirs.parser,
  };
}

/** Whether an expression of the constraint mentions the column. */
function mentionsColumn(constraint: Constraint, column: string, dialect: SchemaDialect): boolean {
  if (constraint.kind === "check") return dialect.mentions(constraint.value.expression, column);
  if (constraint.kind !== "index") return false;
  const { columns, where } = constraint.value;
  const isIn = columns.some(
    ({ name, expression }) => name === column || (expression && dialect.mentions(expression, column)),
  );
  return isIn || (where !== undefined && dialect.mentions(where, column));
}

function isHandMade(constraint: Constraint, wanted: Table): boolean {
  if (constraint.kind === "index") return constraint.value.columns.some((column) => column.expression !== undefined);
  if (constraint.value.name !== undefined) return false;
  // An unnamed key over columns for which the entity has a key is that key in another spelling.
  if (constraint.kind === "foreignKey")
    return !wanted.foreignKeys.some((key) => key.columns.join("\0") === constraint.value.columns.join("\0"));
  if (constraint.kind === "unique")
    return constraint.value.columns.every((name) => wanted.columns.some((column) => column.name === name));
  return true;
}
