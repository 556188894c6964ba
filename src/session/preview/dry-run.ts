import type { Dialect, Row, RunResult, Statements } from "../../dialect/dialect";
import type { ColumnModel } from "../../metadata/model";
import type { Consequences, Cuts } from "../flush/cascades";
import { throughOf, type Dependency } from "../flush/dependency";
import { nameOf } from "../state/errors";
import type { FlushPlan, Placeholders, Step } from "../flush/flush-plan";
import { runStep, type FlushObserver } from "../write/flush-run";
import { attach, Instance, instanceOf, referenceTo, type InstanceOwner, type Reference } from "../state/instance";
import { UndoLog } from "../rollback/undo-log";
import { followInMemory, type ReferencingRow } from "../write/key-change";
import type { TemporaryValues } from "../write/temporary-values";
import { Persister } from "../write/persister";
import { Trees } from "../write/trees";
import { ValueToCome, type Plan, type PlannedStatement, type PlannedStep, type PlannedWait } from "./plan";

/** What a rehearsal has to know besides the plan. */
interface Stage {
  readonly dialect: Dialect;
  /** Who will hold the objects. */
  readonly owner: InstanceOwner;
  /** What the flush will do in memory before it writes. */
  readonly concerned: Consequences;
}

/**
 * Carries out a flush's plan on doubles of its objects, with somebody in the place of the database who writes down what is
 * sent. The same code runs as in the flush, so a plan cannot say anything else than what a flush does.
 */
export async function dryRun(plan: FlushPlan, { dialect, owner, concerned }: Stage): Promise<Plan> {
  const doubles = new Doubles(plan, owner, concerned);
  const scribe = new Scribe(dialect);
  const persister = new Persister(scribe, new UndoLog());
  const trees = new Trees(scribe);
  const steps: PlannedStep[] = [];
  const tellOfTree = (nodes: readonly Instance[]): void => {
    const statements = scribe.take();
    if (statements.length > 0)
      steps.push(
        treeStep(
          nodes.map((node) => doubles.originalOf(node)),
          statements,
        ),
      );
  };
  for (const step of plan.steps) {
    const doubled = doubles.step(step);
    tellOfTree(await trees.before(doubled));
    await runStep(doubled, persister, doubles);
    steps.push(told(step, scribe.take(), plan));
    tellOfTree(await trees.after(doubled));
  }
  tellOfTree(await trees.finish());
  return { steps, statements: steps.flatMap(({ statements }) => statements) };
}

/** Writes down what it is sent, and answers as a database would that has all the rows. */
class Scribe implements Statements {
  readonly dialect: Dialect;
  #statements: PlannedStatement[] = [];

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  rows(sql: string, parameters: readonly unknown[] = []): Row[] {
    // What the database made of a row is read, or returned: nobody knows it.
    if (/^select\b/i.test(sql)) return [];
    this.#statements.push({ sql, parameters });
    return [UNKNOWN];
  }

  run(sql: string, parameters: readonly unknown[] = []): RunResult {
    this.#statements.push({ sql, parameters });
    return { changes: 1, lastId: 0 };
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): number[] {
    for (const parameters of batches) this.#statements.push({ sql, parameters });
    return batches.map(() => 1);
  }

  take(): PlannedStatement[] {
    const statements = this.#statements;
    this.#statements = [];
    return statements;
  }
}

/** A row whose every column is NULL, however many are asked for. */
const UNKNOWN: Row = new Proxy<Row>([], { get: () => null });

/** Objects to be written in the place of those of a plan, so that these stay as they are. */
class Doubles implements FlushObserver {
  readonly #doubles = new Map<Instance, Instance>();
  readonly #originals = new Map<Instance, Instance>();

  constructor({ steps }: FlushPlan, owner: InstanceOwner, { cut, hidden }: Consequences) {
    for (const step of steps) for (const instance of instancesOf(step)) this.#double(instance, owner);
    for (const [instance, double] of this.#doubles) this.#relate(instance, double, cut.get(instance));
    for (const instance of hidden) {
      const double = this.#doubles.get(instance);
      if (double) this.#await(double, instance.model.deleteDate!);
    }
  }

  step(step: Step): Step {
    const of = (instance: Instance): Instance => this.#doubles.get(instance)!;
    switch (step.action) {
      case "insert":
      case "update":
      case "delete":
        return {
          ...{ action: step.action, model: step.model, rows: step.rows.map(of) },
          ...(step.standIns && { standIns: this.#standIns(step.standIns) }),
        };
      case "detach":
        return { ...step, rows: step.rows.map((row) => ({ ...row, instance: of(row.instance) })) };
      case "park":
        return {
          ...step,
          rows: step.rows.map((row) => ({ ...row, instance: of(row.instance), value: unforeseen(row) })),
        };
      case "link":
      case "unlink":
        return {
          ...step,
          links: step.links.map(({ junction, owner, target }) => ({ junction, owner: of(owner), target: of(target) })),
        };
    }
  }

  originalOf(double: Instance): Instance {
    return this.#originals.get(double)!;
  }

  #standIns(standIns: Placeholders): Placeholders {
    return new Map(
      [...standIns].map(([instance, columns]) => [
        this.#doubles.get(instance)!,
        new Map([...columns].map(([column, value]) => [column, unforeseen({ instance, column, value })])),
      ]),
    );
  }

  inserting(doubles: readonly Instance[]): void {
    for (const double of doubles)
      for (const column of double.model.columns)
        if (column.metadata.generationStrategy === "uuid") this.#await(double, column);
  }

  inserted(doubles: readonly Instance[]): void {
    for (const double of doubles)
      for (const column of double.model.columns)
        if (column.metadata.isGenerated && this.#isMade(double, column)) this.#await(double, column, true);
  }

  rekeyed(followers: readonly ReferencingRow[]): void {
    followInMemory(this.#originals.keys(), followers);
  }

  #isMade(double: Instance, column: ColumnModel): boolean {
    return isAbsent(column.read(this.#originals.get(double)!.entity));
  }

  #await(double: Instance, column: ColumnModel, over = false): void {
    if (!over && !isAbsent(column.read(double.entity))) return;
    const value = new ValueToCome(this.#originals.get(double)!.entity, column.property);
    column.write(double.entity, value);
    if (double.snapshot) double.snapshot[column.index] = value;
  }

  #double(instance: Instance, owner: InstanceOwner): void {
    if (this.#doubles.has(instance)) return;
    const entity = Object.create(Object.getPrototypeOf(instance.entity) as object) as object;
    for (const column of instance.model.columns) {
      const value = column.read(instance.entity);
      if (value !== undefined) column.write(entity, value);
    }
    const double = new Instance(instance.model, entity);
    double.owner = owner;
    double.snapshot = instance.snapshot?.slice();
    double.replaces = instance.replaces;
    attach(entity, double);
    this.#doubles.set(instance, double);
    this.#originals.set(double, instance);
  }

  #relate(instance: Instance, double: Instance, cuts: Cuts | undefined): void {
    for (const relation of instance.model.relations) {
      if (!relation.holdsKey) continue;
      const fate = cuts?.get(relation);
      if (fate === "stays") {
        for (const { foreign } of relation.joins)
          foreign.write(double.entity, foreign.codec.thaw(double.snapshot![foreign.index]));
        continue;
      }
      if (fate === "null") {
        for (const { foreign } of relation.joins) foreign.write(double.entity, null);
        double.relate(relation, { ...referenceTo(null, { assigned: true }), copied: relation.joins.map(() => null) });
        continue;
      }
      const reference = instance.relatedBy(relation) as Reference | undefined;
      if (!reference) continue;
      const other = reference.entity ? instanceOf(reference.entity) : undefined;
      double.relate(relation, {
        ...reference,
        entity: (other && this.#doubles.get(other)?.entity) ?? reference.entity,
      });
    }
  }
}

/** Which value is made up for a row is not known before. */
function unforeseen({ instance, column, value }: Pick<TemporaryValues, "instance" | "column" | "value">): unknown {
  return value === null ? null : new ValueToCome(instance.entity, column.property);
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function* instancesOf(step: Step): Generator<Instance> {
  if ("links" in step) for (const { owner, target } of step.links) yield* [owner, target];
  else if (step.action === "detach" || step.action === "park") for (const { instance } of step.rows) yield instance;
  else yield* step.rows;
}

function told(step: Step, statements: readonly PlannedStatement[], plan: FlushPlan): PlannedStep {
  const rows = [...new Set(instancesOf(step))];
  const waits =
    "model" in step && step.action !== "detach" && step.action !== "park"
      ? step.rows.flatMap((instance) => plan.waitsOf(instance).map((dependency) => waitOf(instance, dependency)))
      : [];
  return {
    action: step.action,
    table: tableOf(step),
    rows: rows.map(({ entity }) => entity),
    statements,
    waits,
  };
}

function treeStep(nodes: readonly Instance[], statements: readonly PlannedStatement[]): PlannedStep {
  const { model } = nodes[0]!;
  const tree = model.tree!;
  const waits = nodes.flatMap((node) => {
    const above = (node.relatedBy(tree.parent) as Reference | undefined)?.entity;
    return above ? [waitFor(node.entity, above, "tree", tree.parent.label)] : [];
  });
  return {
    action: "tree",
    table: tree.kind === "closure" ? tree.table : model.table,
    rows: nodes.map(({ entity }) => entity),
    statements,
    waits,
  };
}

function tableOf(step: Step): string {
  if ("links" in step) return step.links[0]!.junction.table;
  return step.model.table;
}

function waitOf({ entity }: Instance, dependency: Dependency): PlannedWait {
  const why = dependency.unique ? "unique value" : "foreign key";
  return waitFor(entity, dependency.on.entity, why, throughOf(dependency));
}

function waitFor(row: object, other: object, why: PlannedWait["why"], through: string): PlannedWait {
  return { row, for: other, why, through, text: `${nameOf(row)} waits for ${nameOf(other)} (${why} ${through})` };
}
