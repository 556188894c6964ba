import type { QueryRunner } from "typeorm";
import type { Operation } from "../../../dialect/schema/operation";
import { type Schema, keyOf } from "../../../dialect/schema/model";
import type { MigrationContext } from "../../context";
import { compare } from "../compare";
import { normalize } from "../normalize";
import type { Prompts } from "../prompts";
import type { Schemas } from "../schemas";
import { givenBackfill, resolveAddedColumn, resolveNotNull } from "./backfill";
import { resolveColumns } from "./column";
import { renameEnums, replacedValues, resolveEnum, resolveEnumValues } from "./enum";
import { mayDropIndex } from "./dropped-index";
import { resolveNarrowing } from "./narrowing";
import { ResolverState } from "./state";
import { resolveTables } from "./table";
import { mayDropView, resolveViewsOver } from "./dropped-view";

/** The changes that make the database's schema that of the entities. */
export interface Difference extends Schemas {
  readonly operations: readonly Operation[];
}

/** The difference without questions: what no entity has counts as dropped, and nothing as renamed. */
export async function plainDifference(runner: QueryRunner, schemas: Schemas): Promise<Difference> {
  return { ...schemas, operations: await compareAligned(runner, schemas) };
}

/** The operations that are left when everything that means the same is spelt the same. */
async function compareAligned(runner: QueryRunner, schemas: Schemas): Promise<Operation[]> {
  return compare(schemas.actual, await normalizedSchema(runner, schemas), schemas.dialect);
}

/** The entities' schema in the spelling of the database, with what of the database is left alone. */
export async function normalizedSchema(
  runner: QueryRunner,
  { actual, wanted, declared, dialect }: Schemas,
): Promise<Schema> {
  const aligned = (await dialect.spelling?.aligned(runner, wanted, actual)) ?? wanted;
  return normalize(aligned, actual, declared.schema, dialect);
}

/** The difference with every question answered. @throws migrate/unanswered with all questions that are open */
export async function resolvedDifference(
  context: MigrationContext,
  schemas: Schemas,
  prompts: Prompts,
): Promise<Difference> {
  const runner = context.dataSource.createQueryRunner();
  try {
    return await new DifferenceResolver(context, schemas, prompts, runner).resolve();
  } finally {
    await runner.release();
  }
}

/** Finds renames, compares what is left, and asks about every change that could lose rows or needs a value. */
class DifferenceResolver {
  readonly #state: ResolverState;

  constructor(context: MigrationContext, schemas: Schemas, prompts: Prompts, runner: QueryRunner) {
    this.#state = new ResolverState(context.dataSource, schemas, prompts, runner);
  }

  async resolve(): Promise<Difference> {
    const state = this.#state;
    await resolveTables(state);
    for (const table of state.wanted.tables) await resolveColumns(state, table);
    renameEnums(state);
    const operations: Operation[] = [];
    for (const operation of await this.#compare()) {
      const resolved = await this.#resolveOperation(operation);
      if (resolved) operations.push(resolved);
    }
    operations.push(...(await resolveViewsOver(state, operations)));
    state.prompts.close();
    return { ...state.schemas, operations: this.#withRenames(operations) };
  }

  #compare(): Promise<Operation[]> {
    const { wanted, actual, schemas, runner } = this.#state;
    return compareAligned(runner, { ...schemas, wanted, actual });
  }

  /** The operation with its values and row counts; undefined for one that is not to be done. */
  async #resolveOperation(operation: Operation): Promise<Operation | undefined> {
    const state = this.#state;
    switch (operation.kind) {
      case "dropTable":
        return { ...operation, rows: await state.countRows(operation.table) };
      case "addColumn":
        return resolveAddedColumn(state, operation);
      case "alterColumn":
        return this.#resolveAlteredColumn(operation);
      case "dropColumn": {
        const backfill = givenBackfill(state, operation.table, operation.column);
        return backfill === undefined ? operation : { ...operation, backfill };
      }
      case "changeEnum":
        return resolveEnum(state, operation);
      case "dropConstraint":
        return (await mayDropIndex(state, operation.table, operation.constraint)) ? operation : undefined;
      case "dropView":
        return (await mayDropView(state, operation.view)) ? operation : undefined;
      default:
        return operation;
    }
  }

  async #resolveAlteredColumn(operation: Extract<Operation, { kind: "alterColumn" }>): Promise<Operation> {
    const state = this.#state;
    const backfill = await resolveNotNull(state, operation);
    const confirmed = await resolveNarrowing(state, operation);
    await resolveEnumValues(state, operation);
    return { ...operation, backfill, replaced: replacedValues(state, operation), ...confirmed };
  }

  /** Views are dropped first, by the definition that they have before anything is renamed under them. */
  #withRenames(operations: readonly Operation[]): Operation[] {
    const { renames, schemas } = this.#state;
    const drops = operations
      .filter((operation) => operation.kind === "dropView")
      .map((operation): Operation => {
        const before = schemas.actual.views.find((view) => keyOf(view) === keyOf(operation.view));
        return before ? { kind: "dropView", view: before } : operation;
      });
    return [...drops, ...renames, ...operations.filter(({ kind }) => kind !== "dropView")];
  }
}
