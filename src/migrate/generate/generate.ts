import type { DataSource } from "typeorm";
import { writeMigration } from "../files/write";
import { databaseTypeOf } from "../../dialect/database-type";
import type { Plan } from "../../dialect/schema/dialect";
import { type Operation, reverseAll } from "../../dialect/schema/operation";
import { describe } from "../../dialect/schema/describe";
import { type Resolutions, Prompts, hasResolutions } from "./prompts";
import type { Ask } from "./question";
import type { MigrationContext } from "../context";
import { type Difference, resolvedDifference } from "./resolve/resolver";
import { isVerbatim, readSchemas } from "./schemas";
import { classNameOf, fileNameOf, renderFile } from "./render";
import { batchedPlan, inTransaction } from "./batches";
import { withRebuildCheck } from "./rebuild-function";
import { noProof, pendingMigrations } from "./errors";
import { type Proof, prove } from "./proof";
import { losses, refusals } from "./irreversible";
import { untrackedMentions } from "./mentions";

export interface GenerateOptions {
  /** The migration's name; by default made from its changes. */
  readonly name?: string | undefined;
  readonly resolutions?: Resolutions;
  /** Asks on a terminal what the resolutions leave open. Without it, an open question is an error that lists the flags. */
  readonly ask?: Ask;
  /** Names of the migrations that are not applied yet: with any, nothing is generated. */
  readonly pending?: readonly string[];
  /** A timestamp (milliseconds) that the new one must come after, besides those of the files in the folder. */
  readonly after?: number;
  /** Whether rows get the values of `backfills` a number at a time, outside of a transaction. Default false. */
  readonly batched?: boolean;
  /** Whether a migration that cannot be tried on a scratch copy is refused. Default false. */
  readonly requireProof?: boolean;
  /** Return the text, write nothing. */
  readonly dryRun?: boolean;
}

export type GenerateResult =
  | { readonly status: "unchanged" }
  | {
      readonly status: "written" | "shown";
      readonly className: string;
      readonly timestamp: number;
      /** Absolute. */
      readonly file: string;
      readonly text: string;
      /** What the migration does, a line a step. */
      readonly steps: readonly string[];
      /** What `down` cannot restore, and views that are left broken, a line each. */
      readonly losses: readonly string[];
      /** Why `down` throws while there are rows, a line each. */
      readonly refusals: readonly string[];
      readonly proof: Proof;
    };

/**
 * Writes a migration that makes the database's schema that of the entities, after it was run up and down on a scratch copy.
 * `context.dataSource` must be initialised (`openDataSource`).
 *
 * @throws migrate/pending, migrate/unanswered, migrate/useless-answer, migrate/entities, migrate/proof, migrate/no-proof,
 *   migrate/nothing-to-batch, migrate/key-missing, migrate/batches-and-triggers
 */
export async function generate(context: MigrationContext, options: GenerateOptions = {}): Promise<GenerateResult> {
  if (options.pending && options.pending.length > 0) throw pendingMigrations(options.pending);
  // With resolutions the whole comparison is made, so that one that matches no change is refused.
  if (!hasResolutions(options.resolutions ?? {}) && (await isVerbatim(context))) return { status: "unchanged" };
  const schemas = await readSchemas(context);
  const difference = await resolvedDifference(context, schemas, new Prompts(options.resolutions ?? {}, options.ask));
  if (difference.operations.length === 0) return { status: "unchanged" };

  const { up, down } = options.batched
    ? batchedPlans(difference, context.dataSource)
    : plans(difference, difference.dialect.plan(difference.actual, difference.operations));
  const transaction = options.batched ? false : undefined;
  const timestamp = nextTimestamp(context, options.after);
  const name = options.name ?? nameFor(difference.operations);
  const className = classNameOf(name, timestamp);
  const place = context.place.newFile(fileNameOf(name, timestamp));
  const proof = await prove(context, { difference, up, down, className, transaction });

  if (options.requireProof && proof.status !== "proven") throw noProof(proof.reason);
  const mentions = await mentionsOf(context, difference);
  const remark = proof.status === "proven" ? undefined : `not proven: ${proof.reason}`;
  const database = databaseTypeOf(context.dataSource);
  const text = renderFile({ className, database, transaction, remark, up: up.steps, down: down.steps }, place);
  if (!options.dryRun) writeMigration(place.file, text);
  return {
    status: options.dryRun ? "shown" : "written",
    className,
    timestamp,
    file: place.file,
    text,
    steps: up.steps.map(({ comment, details }) => (details ? `${comment}: ${details.join("; ")}` : comment)),
    losses: [
      ...losses(difference.operations),
      ...mentions,
      ...((proof.status === "proven" && proof.notRestored) || []).map((one) => `down does not restore ${one}`),
    ],
    refusals: refusals(difference.operations, difference.dialect).map(({ comment }) => comment),
    proof,
  };
}

/** Code that mentions what is gone, but for views that are dropped or created again. */
async function mentionsOf({ dataSource }: MigrationContext, { operations, dialect }: Difference): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    const lines = await untrackedMentions(runner, operations, dialect);
    const dropped = operations.flatMap((one) => (one.kind === "dropView" ? [`view "${one.view.name}" `] : []));
    return lines.filter((line) => !dropped.some((name) => line.startsWith(name)));
  } finally {
    await runner.release();
  }
}

/** Both directions where rows get their values in batches: the class has no transaction, but for the parts that need one. */
function batchedPlans(difference: Difference, dataSource: DataSource): { up: Plan; down: Plan } {
  const { up, down } = plans(difference, batchedPlan(difference, dataSource));
  return { up: withRebuildCheck(up, [difference.actual, up.schema]), down: inTransaction(down, dataSource) };
}

/** The statements of both directions. */
function plans({ actual, operations, dialect }: Difference, up: Plan): { up: Plan; down: Plan } {
  const back = reverseAll(operations);
  const down = dialect.plan(up.schema, back, actual);
  return { up, down: { ...down, steps: [...refusals(operations, dialect), ...down.steps] } };
}

function nameFor(operations: readonly Operation[]): string {
  const [first] = operations;
  const created = operations.filter((operation) => operation.kind === "createTable");
  if (created.length > 0) return `create ${created.map(({ table }) => table.name).join(" and ")}`.slice(0, 60);
  if (operations.length === 1) return describe(first!).replace(/\(.*$/, "").slice(0, 60);
  const tables = new Set(operations.flatMap((operation) => ("table" in operation ? [operation.table.name] : [])));
  return `change ${[...tables].join(" and ") || "schema"}`.slice(0, 60);
}

/** Now, or just after the newest file. */
export function nextTimestamp({ place }: Pick<MigrationContext, "place">, after = 0): number {
  return Math.max(Date.now(), after + 1, place.newestTimestamp() + 1);
}
