import type { Plan, Statement, Step } from "./dialect";
import { type AlterationRules, mergedAlterations } from "./merged-alterations";
import { type Schema, type Table, keyOf } from "./model";
import { type Operation, type Rename, apply } from "./operation";
import { sql, stepOf } from "./step";
import { type MetadataTable, metadataStatements } from "./typeorm-metadata";

/** What differs between the plans of servers, which alter tables in place. */
export interface ServerPlanRules {
  readonly metadataTable: MetadataTable;
  readonly alterations: AlterationRules;
  /** @param before the schema that the operation changes */
  statementsFor(operation: Operation, before: Schema): readonly Statement[];
  /** The schema after a rename, with the expressions that the server rewrites by itself. */
  renamed(before: Schema, operation: Rename): Schema;
  /** The schema after an operation that is no rename, with what the server or the statements change besides. */
  applied?(schema: Schema, operation: Operation): Schema;
  /** Whether the operation fails while other objects depend on what it changes. */
  isBlocked(operation: Operation): boolean;
  /** The steps that drop these objects and create them again. @param blocked all operations that they block */
  dependents(schema: Schema, blocked: readonly Operation[]): { readonly drop: Step[]; readonly create: Step[] };
}

/**
 * The plan of a server: one step for each operation. Three things take more than their own statement:
 * - tables can reference each other, so foreign keys of new tables are added after the last of these tables, and foreign
 *   keys between dropped tables are dropped before the first of them;
 * - objects that block operations are dropped before the first of these operations and created again after the last.
 */
export function serverPlan(from: Schema, operations: readonly Operation[], rules: ServerPlanRules): Plan {
  const steps: Step[] = [];
  const add = (operation: Operation, statements: readonly Statement[]) => {
    if (statements.length > 0) steps.push(stepOf(operation, statements));
  };
  let schema = from;
  let created: Table[] = [];
  const addForeignKeys = () => {
    for (const key of created.flatMap(foreignKeysOf("addConstraint"))) add(key, rules.statementsFor(key, schema));
    for (const table of created) schema = rules.applied?.(schema, { kind: "createTable", table }) ?? schema;
    created = [];
  };
  const firstBlocked = operations.findIndex(rules.isBlocked);
  const lastBlocked = operations.findLastIndex(rules.isBlocked);
  let create: Step[] = [];
  for (const [at, operation] of operations.entries()) {
    if (operation.kind === "createTable") created.push(operation.table);
    else addForeignKeys();
    if (operation.kind === "dropTable" && operations[at - 1]?.kind !== "dropTable")
      for (const key of foreignKeysBetween(droppedTogether(operations.slice(at))))
        add(key, rules.statementsFor(key, schema));
    if (at === firstBlocked) {
      const dependents = rules.dependents(schema, operations.slice(at).filter(rules.isBlocked));
      steps.push(...dependents.drop);
      create = dependents.create;
    }
    const before = schema;
    schema = isRename(operation) ? rules.renamed(before, operation) : applied(rules, before, operation);
    add(operation, [
      ...rules.statementsFor(operation, before),
      ...metadataStatements(rules.metadataTable, operation, before, schema).map((text) => sql(text)),
    ]);
    if (at === lastBlocked) steps.push(...create);
  }
  addForeignKeys();
  return { steps: mergedAlterations(steps, rules.alterations), schema };
}

function applied(rules: ServerPlanRules, before: Schema, operation: Operation): Schema {
  const schema = apply(before, operation);
  return rules.applied?.(schema, operation) ?? schema;
}

function isRename(operation: Operation): operation is Rename {
  return operation.kind === "renameTable" || operation.kind === "renameColumn";
}

function droppedTogether(operations: readonly Operation[]): Table[] {
  const tables: Table[] = [];
  for (const operation of operations) {
    if (operation.kind !== "dropTable") break;
    tables.push(operation.table);
  }
  return tables;
}

/** The foreign keys that reference a table which is dropped before their own. */
function foreignKeysBetween(tables: readonly Table[]): Operation[] {
  return tables.flatMap((table, at) => {
    const dropped = new Set(tables.slice(0, at).map(keyOf));
    const foreignKeys = table.foreignKeys.filter((key) => dropped.has(keyOf(key.references)));
    return foreignKeysOf("dropConstraint")({ ...table, foreignKeys });
  });
}

function foreignKeysOf(kind: "addConstraint" | "dropConstraint"): (table: Table) => Operation[] {
  return (table) =>
    table.foreignKeys.map((value): Operation => ({ kind, table, constraint: { kind: "foreignKey", value } }));
}

/** The table with its expressions rewritten, as servers do when a column is renamed. */
export function withExpressions(table: Table, rewrite: (expression: string) => string): Table {
  return {
    ...table,
    columns: table.columns.map((column) =>
      column.generated
        ? { ...column, generated: { ...column.generated, expression: rewrite(column.generated.expression) } }
        : column,
    ),
    checks: table.checks.map((check) => ({ ...check, expression: rewrite(check.expression) })),
    exclusions: table.exclusions.map((exclusion) => ({ ...exclusion, expression: rewrite(exclusion.expression) })),
    indexes: table.indexes.map((index) => ({
      ...index,
      where: index.where && rewrite(index.where),
      stored: index.stored && rewrite(index.stored),
      columns: index.columns.map((column) =>
        column.expression ? { ...column, expression: rewrite(column.expression) } : column,
      ),
    })),
  };
}
