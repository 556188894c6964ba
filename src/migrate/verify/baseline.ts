import type { QueryRunner } from "typeorm";
import { databaseTypeOf } from "../../dialect/database-type";
import { describe } from "../../dialect/schema/describe";
import type { Plan, Requirement, SchemaDialect, Scope, Step } from "../../dialect/schema/dialect";
import { type Schema, type Table, displayName, emptySchema, findTable, keyOf } from "../../dialect/schema/model";
import { type Operation, reverseAll } from "../../dialect/schema/operation";
import { executePlan, isInScope } from "../../dialect/schema/scratch";
import { sql } from "../../dialect/schema/step";
import { viewsInOrder } from "../../dialect/schema/view-order";
import { RetortError } from "../../errors";
import type { MigrationContext } from "../context";
import { nothingToTakeOver } from "../errors";
import { constraintsOf, inDependencyOrder } from "../generate/compare";
import { nextTimestamp } from "../generate/generate";
import { classNameOf, fileNameOf, renderFile, withReplaces } from "../generate/render";
import { normalizedSchema, plainDifference } from "../generate/resolve/resolver";
import { type Schemas, readSchemas } from "../generate/schemas";
import type { RunContext } from "../run/context";
import { withScratch } from "../scratch/scratch";
import { missingBeside, schemaDifferences } from "../scratch/snapshot";
import { TRIAL_OPTIONS, type TrialMigration, trialFile, withTrial } from "./trial";

export interface BaselineOptions {
  /** The migration's name. Default: `baseline`. */
  readonly name?: string | undefined;
  /** A timestamp (milliseconds) that it must come after. */
  readonly after?: number;
  /** Names of migrations that are applied, and whose place it takes. */
  readonly replaced?: readonly string[];
}

/** The migration that creates the schema which a database has, so that other databases get the same. */
export interface Baseline {
  readonly className: string;
  readonly timestamp: number;
  /** Absolute; not written yet. */
  readonly file: string;
  readonly text: string;
  readonly steps: readonly Step[];
  /** Whether it has created the same schema in an empty scratch database, and removed it again. */
  readonly proof: { readonly status: "proven" } | { readonly status: "not proven"; readonly reason: string };
  /** What differs between the entities and the database, a line each; empty where `check` agrees. */
  readonly differences: readonly string[];
  /** What the database has and entities do not declare (triggers, checks and indexes made by hand …), a line each. */
  readonly notDeclared: readonly string[];
  /** What the database has and the migration does not create, a line each. */
  readonly notCreated: readonly string[];
}

/**
 * Makes the migration that creates the present schema of the database, tried on an empty scratch database. Writes nothing.
 *
 * @throws migrate/nothing-to-take-over where the database has no table
 */
export async function baseline(
  context: MigrationContext,
  running: RunContext,
  { name = "baseline", after, replaced = [] }: BaselineOptions,
): Promise<Baseline> {
  const schemas = withoutOthersViews(await readSchemas(context));
  if (schemas.actual.tables.length + schemas.actual.views.length === 0) throw nothingToTakeOver();
  const timestamp = nextTimestamp(context, after);
  const className = classNameOf(name, timestamp);
  const place = context.place.newFile(fileNameOf(name, timestamp));
  const requirements = (await schemas.dialect.requirements?.(running.runner, schemas.scope)) ?? [];
  const body = await bodyOf(context, schemas, requirements);
  const migration = { name: className, timestamp, body };
  const { proof, notCreated } = await tried(context, running, schemas, requirements, migration);
  const remarks = [
    ...(proof.status === "proven" ? [] : [`not proven: ${proof.reason}`]),
    ...notCreated.map((one) => `not created: ${one}`),
  ];
  const text = renderFile(
    {
      className,
      database: databaseTypeOf(context.dataSource),
      remark: remarks.length === 0 ? undefined : remarks.join("; "),
      ...body,
    },
    place,
  );
  return {
    className,
    timestamp,
    file: place.file,
    text: replaced.length === 0 ? text : withReplaces(text, className, replaced, "retort migrate baseline --purge"),
    steps: body.up,
    proof,
    ...(await besideEntities(context, schemas)),
    notCreated,
  };
}

/** Without views that are not the project's (in another schema, or ignored), but for those that its own views use. */
function withoutOthersViews(schemas: Schemas): Schemas {
  const { views } = schemas.actual;
  const kept = new Set(views.filter((view) => isInScope(view, schemas.scope)));
  for (const { uses = [] } of kept)
    for (const view of views) if (uses.some(({ table }) => table === keyOf(view))) kept.add(view);
  return { ...schemas, actual: { ...schemas.actual, views: views.filter((view) => kept.has(view)) } };
}

// What it does

/** Requirements by when they can be created: before all else, with the enums there, and with the tables there. */
type Stages = readonly (readonly Requirement[])[];

async function bodyOf(
  context: MigrationContext,
  { actual, scope, dialect }: Schemas,
  requirements: readonly Requirement[],
): Promise<TrialMigration["body"]> {
  const operations = creation(actual, dialect);
  const stages = await stagesOf(context, operations, requirements, dialect);
  const up: Step[] = [];
  const down: Step[] = [];
  let schema = emptySchema;
  for (const [at, some] of operations.entries()) {
    const plan = dialect.plan(schema, some);
    up.push(...requirementSteps(stages[at] ?? []), ...plan.steps);
    const back = dialect.plan(plan.schema, reverseAll(some.filter((one) => isDropped(one, scope))), schema);
    down.unshift(...back.steps, ...droppedSteps(stages[at] ?? []));
    schema = plan.schema;
  }
  return { up, down };
}

/** Enums, then tables, then views. */
function creation({ enums, tables, views }: Schema, dialect: SchemaDialect): readonly (readonly Operation[])[] {
  return [
    enums.map((type) => ({ kind: "createEnum", type })),
    inDependencyOrder(tables).map((table) => ({ kind: "createTable", table })),
    viewsInOrder(views, dialect).map((view) => ({ kind: "createView", view })),
  ];
}

/** What is somebody else's stays on the way down. */
function isDropped(operation: Operation, scope: Scope): boolean {
  return operation.kind !== "createView" || isInScope(operation.view, scope);
}

/** Tries each requirement in an empty database, again where more is there: a function may take a table's row. */
async function stagesOf(
  context: MigrationContext,
  operations: readonly (readonly Operation[])[],
  requirements: readonly Requirement[],
  dialect: SchemaDialect,
): Promise<Stages> {
  if (requirements.length === 0) return [];
  try {
    return await withScratch(context, { entities: false }, async (scratch) => {
      const stages: Requirement[][] = [];
      let left = requirements;
      let schema = emptySchema;
      for (const some of operations) {
        const created = await createAll(left, scratch.runner);
        left = left.filter(({ name }) => !created.some((one) => one.name === name));
        stages.push(created);
        const plan: Plan = dialect.plan(schema, some);
        // What fails here fails in the trial as well, which says so.
        await executePlan(plan, scratch.runner).catch(() => undefined);
        schema = plan.schema;
      }
      return stages;
    });
  } catch (error) {
    // Without a scratch database nothing can be tried: they are all created first.
    if (isCopyImpossible(error)) return [requirements];
    throw error;
  }
}

/** Creates what can be created, in the order in which it can; gives each with the statements beside it that the server took. */
async function createAll(requirements: readonly Requirement[], runner: QueryRunner): Promise<Requirement[]> {
  const isDone = async (statement: string) =>
    runner.query(statement).then(
      () => true,
      () => false,
    );
  const created: Requirement[] = [];
  let left = requirements;
  for (let before = -1; before < created.length;) {
    before = created.length;
    const failed: Requirement[] = [];
    for (const one of left) {
      if (!(await isDone(one.create))) {
        failed.push(one);
        continue;
      }
      const beside: string[] = [];
      for (const statement of one.beside ?? []) if (await isDone(statement)) beside.push(statement);
      created.push({ ...one, beside });
    }
    left = failed;
  }
  return created;
}

function requirementSteps(requirements: readonly Requirement[]): Step[] {
  return requirements.map(({ name, create, beside = [] }) => ({
    comment: `Create ${name}`,
    statements: [create, ...beside].map((statement) => sql(statement, true)),
  }));
}

function droppedSteps(requirements: readonly Requirement[]): Step[] {
  return [...requirements]
    .reverse()
    .flatMap(({ name, drop }) => (drop === undefined ? [] : [{ comment: `Drop ${name}`, statements: [sql(drop)] }]));
}

// Whether it does it

async function tried(
  context: MigrationContext,
  running: RunContext,
  { actual, scope: ours, dialect }: Schemas,
  requirements: readonly Requirement[],
  migration: TrialMigration,
): Promise<Pick<Baseline, "proof" | "notCreated">> {
  const failed = (reason: string, notCreated: readonly string[] = []) =>
    ({ proof: { status: "not proven", reason }, notCreated }) as const;
  const untracked = await dialect.untracked(running.runner, ours);
  try {
    return await withTrial(context, running, TRIAL_OPTIONS, async (empty) => {
      const { scratch, scope } = empty;
      const before = await scratch.read(scope);
      const trial = empty.with([trialFile(migration)]);
      const error = await trial.up();
      if (error) return failed(error.message);
      const created = await scratch.read(scope);
      const isThere = new Set((await dialect.untracked(scratch.runner, scope)).map(({ name }) => name));
      const notCreated = [
        ...missingBeside(created, actual),
        ...missingOf(requirements, (await dialect.requirements?.(scratch.runner, scope)) ?? []),
        ...untracked.filter(({ name }) => !isThere.has(name)).map(({ name }) => name),
      ];
      const differences = await schemaDifferences(scratch, created, actual);
      if (differences.length > 0) return failed(`it creates another schema: ${differences.join("; ")}`, notCreated);
      const downError = await trial.down("-1");
      if (downError) return failed(downError.message, notCreated);
      const left = await trial.differences(before);
      if (left.length > 0) return failed(`down leaves ${left.join("; ")}`, notCreated);
      return { proof: { status: "proven" }, notCreated };
    });
  } catch (error) {
    if (isCopyImpossible(error)) return failed(error.message);
    throw error;
  }
}

/** What the database has and the trial has not, or has otherwise, a line each. */
function missingOf(requirements: readonly Requirement[], created: readonly Requirement[]): string[] {
  return requirements.flatMap(({ name, create, beside = [] }) => {
    const own = created.find((one) => one.name === name);
    if (!own) return [name];
    const has = new Set([own.create, ...(own.beside ?? [])]);
    return [create, ...beside].filter((one) => !has.has(one)).map((one) => `${name}: ${one}`);
  });
}

function isCopyImpossible(error: unknown): error is RetortError {
  return error instanceof RetortError && error.code === "migrate/no-scratch";
}

// How the entities compare with it

async function besideEntities(
  context: MigrationContext,
  schemas: Schemas,
): Promise<Pick<Baseline, "differences" | "notDeclared">> {
  const runner = context.dataSource.createQueryRunner();
  try {
    const { operations } = await plainDifference(runner, schemas);
    const kept = await normalizedSchema(runner, schemas);
    return { differences: operations.map(describe), notDeclared: notDeclaredOf(schemas, kept) };
  } finally {
    await runner.release();
  }
}

/** @param kept the entities' schema with what of the database is left alone */
function notDeclaredOf({ actual, wanted, dialect }: Schemas, kept: Schema): string[] {
  const isDeclared = (view: { schema?: string | undefined; name: string }) =>
    wanted.views.some((one) => keyOf(one) === keyOf(view));
  return [
    ...actual.tables.flatMap((table) => {
      const declared = findTable(wanted, table);
      return declared ? notDeclaredOfTable(table, declared, findTable(kept, table)!, dialect) : [];
    }),
    ...actual.views
      .filter((view) => view.recordedIn === undefined && !isDeclared(view))
      .map((view) => `view ${displayName(view)}`),
  ];
}

function notDeclaredOfTable(table: Table, declared: Table, kept: Table, dialect: SchemaDialect): string[] {
  const names = constraintsOf(declared).map(({ value }) => value.name);
  const byHand = constraintsOf(kept).filter(
    ({ value }) =>
      !names.some((name) => name === value.name || (name && value.name && dialect.sameName(name, value.name))),
  );
  const beside = [...(table.beside ?? []), ...(table.partitions ? [`PARTITION BY ${table.partitions.by}`] : [])];
  return [
    ...byHand.map((constraint) => describe({ kind: "addConstraint", table, constraint }).replace(": add ", ": ")),
    ...table.triggers.map(({ name }) => `${displayName(table)}: trigger "${name}"`),
    ...beside.map((statement) => `${displayName(table)}: ${statement}`),
  ];
}
