import type { Operation } from "../../dialect/schema/operation";
import { describe } from "../../dialect/schema/describe";
import type { MigrationContext } from "../context";
import { type Difference, plainDifference } from "./resolve/resolver";
import { isVerbatim, readSchemas } from "./schemas";

export interface CheckResult {
  /** Whether the entities and the database agree. */
  readonly agrees: boolean;
  readonly differences: readonly { readonly text: string; readonly operation: Operation }[];
}

/** Compares the entities with the database and changes nothing. `context.dataSource` must be initialised. */
export async function check(context: MigrationContext): Promise<CheckResult> {
  const operations = (await isVerbatim(context)) ? [] : (await difference(context)).operations;
  return {
    agrees: operations.length === 0,
    differences: operations.map((operation) => ({ text: describe(operation), operation })),
  };
}

/** The changes that the database needs, without questions. */
export async function difference(context: MigrationContext): Promise<Difference> {
  const runner = context.dataSource.createQueryRunner();
  try {
    return await plainDifference(runner, await readSchemas(context));
  } finally {
    await runner.release();
  }
}
