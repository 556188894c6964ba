import type { Dialect, Row, RunResult, Statements } from "../../dialect/dialect";
import type { ColumnModel } from "../../metadata/model";
import type { CascadeResult } from "../flush/change-set";
import { throughOf, type Dependency } from "../flush/dependency";
import type { OrphanActions } from "../state/changes";
import { nameOf } from "../state/errors";
import { attach, Instance, instanceOf, type InstanceOwner } from "../state/instance";
import { Reference } from "../state/reference";
import { UndoLog } from "../state/undo-log";
import { PendingValue } from "../state/pending-value";
import { runStep, type FlushObserver } from "../write/flush-run";
import { updateReferencingInstances, type ReferencingRow } from "../write/key-change";
import { Persister } from "../write/persister";
import { instancesOf, type FlushPlan, type Placeholders, type Step } from "../write/step";
import type { TemporaryValue } from "../write/temporary-values";
import { Trees } from "../write/trees/trees";
import type { Plan, PlannedStatement, PlannedStep, PlannedWait } from "./plan";

interface DryRunOptions {
  readonly dialect: Dialect;
  /** The session that the objects will belong to. */
  readonly owner: InstanceOwner;
  /** What the flush changes in memory before it writes. */
  readonly cascades: CascadeResult;
}

/**
 * Executes a flush plan on clones of its objects and a connection that only records statements. It is the code of the
 * flush that runs, so that the plan cannot differ from it.
 */
export async function dryRun(plan: FlushPlan, { dialect, owner, cascades }: DryRunOptions): Promise<Plan> {
  const clones = new Clones(plan, owner, cascades);
  const connection = new RecordingConnection(dialect);
  const persister = new Persister(connection, new UndoLog());
  const trees = new Trees(connection);
  const steps: PlannedStep[] = [];
  const addTreeStep = (nodes: readonly Instance[]): void => {
    const statements = connection.take();
    if (statements.length === 0) return;
    const originals = nodes.map((node) => clones.originalOf(node));
    steps.push(treeStep(originals, statements));
  };
  for (const step of plan.steps) {
    const cloned = clones.step(step);
    addTreeStep(await trees.before(cloned));
    await runStep(cloned, persister, clones);
    steps.push(plannedStep(step, connection.take(), plan));
    addTreeStep(await trees.after(cloned));
  }
  addTreeStep(await trees.finish());
  return { steps, statements: steps.flatMap(({ statements }) => statements) };
}

/** Records statements, and answers as if every row existed. */
class RecordingConnection implements Statements {
  readonly dialect: Dialect;
  readonly isRecording = true;
  #statements: PlannedStatement[] = [];

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  rows(sql: string, parameters: readonly unknown[] = []): Row[] {
    // A SELECT reads generated values, which are not known.
    if (/^select\b/i.test(sql)) return [];
    this.#statements.push({ sql, parameters });
    return [UNKNOWN];
  }

  run(sql: string, parameters: readonly unknown[] = []): RunResult {
    this.#statements.push({ sql, parameters });
    return { changes: Infinity, lastId: 0 };
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

/** A row whose columns are all NULL, however many are read. */
const UNKNOWN: Row = new Proxy<Row>([], { get: () => null });

/** Clones of a plan's objects, which are written in their place. */
class Clones implements FlushObserver {
  readonly #clones = new Map<Instance, Instance>();
  readonly #originals = new Map<Instance, Instance>();

  constructor({ steps }: FlushPlan, owner: InstanceOwner, { orphaned, softRemoved }: CascadeResult) {
    for (const step of steps) for (const instance of instancesOf(step)) this.#clone(instance, owner);
    for (const [instance, clone] of this.#clones) this.#relate(instance, clone, orphaned.get(instance));
    for (const instance of softRemoved) {
      const clone = this.#clones.get(instance);
      if (clone) this.#setToCome(clone, instance.model.deleteDate!);
    }
  }

  step(step: Step): Step {
    const of = (instance: Instance): Instance => this.#clones.get(instance)!;
    switch (step.action) {
      case "insert":
      case "update":
      case "delete":
        return {
          ...{ action: step.action, model: step.model, rows: step.rows.map(of) },
          ...(step.placeholders && { placeholders: this.#placeholders(step.placeholders) }),
          ...(step.joinTables && { joinTables: step.joinTables }),
        };
      case "clear-foreign-key":
        return { ...step, rows: step.rows.map((row) => ({ ...row, instance: of(row.instance) })) };
      case "set-temporary-value":
        return {
          ...step,
          rows: step.rows.map((row) => ({ ...row, instance: of(row.instance), value: valueToCome(row) })),
        };
      case "link":
      case "unlink":
        return {
          ...step,
          links: step.links.map(({ junction, owner, target }) => ({ junction, owner: of(owner), target: of(target) })),
        };
    }
  }

  originalOf(clone: Instance): Instance {
    return this.#originals.get(clone)!;
  }

  #placeholders(placeholders: Placeholders): Placeholders {
    return new Map(
      [...placeholders].map(([instance, columns]) => [
        this.#clones.get(instance)!,
        new Map([...columns].map(([column, value]) => [column, valueToCome({ instance, column, value })])),
      ]),
    );
  }

  inserting(clones: readonly Instance[]): void {
    for (const clone of clones)
      for (const column of clone.model.columns)
        if (column.metadata.generationStrategy === "uuid") this.#setToCome(clone, column);
  }

  inserted(clones: readonly Instance[]): void {
    for (const clone of clones)
      for (const column of clone.model.columns)
        if (column.isGenerated && isAbsent(column.read(this.originalOf(clone).entity)))
          this.#setToCome(clone, column, true);
  }

  keysChanged(referencing: readonly ReferencingRow[]): void {
    updateReferencingInstances(this.#originals.keys(), referencing);
  }

  #setToCome(clone: Instance, column: ColumnModel, overwrite = false): void {
    if (!overwrite && !isAbsent(column.read(clone.entity))) return;
    const value = new PendingValue(this.originalOf(clone).entity, column.property);
    column.write(clone.entity, value);
    if (clone.snapshot) clone.snapshot[column.index] = value;
  }

  #clone(instance: Instance, owner: InstanceOwner): void {
    if (this.#clones.has(instance)) return;
    const entity = Object.create(Object.getPrototypeOf(instance.entity) as object) as object;
    for (const column of instance.model.columns) {
      const value = column.read(instance.entity);
      if (value !== undefined) column.write(entity, value);
    }
    const clone = new Instance(instance.model, entity);
    clone.owner = owner;
    clone.snapshot = instance.snapshot?.slice();
    clone.reusesRowOf = instance.reusesRowOf;
    attach(entity, clone);
    this.#clones.set(instance, clone);
    this.#originals.set(clone, instance);
  }

  #relate(instance: Instance, clone: Instance, actions: OrphanActions | undefined): void {
    for (const relation of instance.model.relations) {
      if (!relation.holdsKey) continue;
      const action = actions?.get(relation);
      if (action === "disable") {
        for (const { foreign } of relation.joins)
          foreign.write(clone.entity, foreign.codec.thaw(clone.snapshot![foreign.index]));
        continue;
      }
      if (action === "nullify") {
        for (const { foreign } of relation.joins) foreign.write(clone.entity, null);
        const reference = Reference.assigned(null, undefined);
        reference.copiedKey = relation.joins.map(() => null);
        clone.setRelatedValue(relation, reference);
        continue;
      }
      const reference = instance.reference(relation);
      if (!reference) continue;
      const other = reference.entity ? instanceOf(reference.entity) : undefined;
      clone.setRelatedValue(relation, reference.to((other && this.#clones.get(other)?.entity) ?? reference.entity));
    }
  }
}

/** A temporary value is made up when it is written. */
function valueToCome({ instance, column, value }: Pick<TemporaryValue, "instance" | "column" | "value">): unknown {
  return value === null ? null : new PendingValue(instance.entity, column.property);
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

// The plan as it is shown

function plannedStep(step: Step, statements: readonly PlannedStatement[], plan: FlushPlan): PlannedStep {
  const rows = [...new Set(instancesOf(step))];
  const waits =
    "model" in step && step.action !== "clear-foreign-key" && step.action !== "set-temporary-value"
      ? step.rows.flatMap((instance) => plan.dependenciesOf(instance).map((dependency) => waitOf(instance, dependency)))
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
    const parent = node.reference(tree.parent)?.entity;
    return parent ? [waitFor(node.entity, parent, "tree", tree.parent.label)] : [];
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
