import type { EntityModel, RelationModel } from "../metadata/model";
import { byModel } from "./cascades";
import type { ChangeSet } from "./change-set-computer";
import { commitOrder, type Dependency } from "./commit-order";
import { Dependencies } from "./dependencies";
import type { IdentityMap } from "./identity-map";
import type { Instance } from "./instance";
import type { Link } from "./persister";

/** Rows to be written together, in their place among the others. */
export type Step =
  | { readonly action: "insert" | "update" | "delete"; readonly model: EntityModel; readonly rows: readonly Instance[] }
  /** Foreign keys that are NULL for the moment between now and the row's deletion. */
  | { readonly action: "detach"; readonly model: EntityModel; readonly rows: readonly Detachment[] }
  | { readonly action: "link" | "unlink"; readonly links: readonly Link[] };

/** A row that lets go of others. */
export interface Detachment {
  readonly instance: Instance;
  readonly relations: ReadonlySet<RelationModel>;
}

/** What a flush does, in its order: plain data that is then acted on, or told. */
export interface FlushPlan {
  readonly steps: readonly Step[];
  /** Why the steps are in this order. */
  readonly dependencies: Dependencies;
}

/** Puts a change set in an order that the database accepts. */
export function planFlush(work: ChangeSet, identities: IdentityMap): FlushPlan {
  const dependencies = new Dependencies(work, identities);
  return { dependencies, steps: new Planner(work, dependencies).steps() };
}

class Planner {
  readonly #work: ChangeSet;
  readonly #dependencies: Dependencies;
  /** New rows whose foreign key has to wait for a row of their own circle. */
  readonly #postponed = new Set<Instance>();
  readonly #detached = new Map<Instance, Set<RelationModel>>();

  constructor(work: ChangeSet, dependencies: Dependencies) {
    this.#work = work;
    this.#dependencies = dependencies;
  }

  steps(): Step[] {
    const { inserts, updates, deletes, links, unlinks } = this.#work;
    const dependencies = this.#dependencies;
    const insertWaves = commitOrder(inserts, (instance) => dependencies.of(instance), this.#postpone);
    const deleteWaves = commitOrder(deletes, (instance) => dependencies.amongDeletes(instance), this.#detach);
    const changed = new Set(updates.map(({ instance }) => instance));
    for (const instance of this.#postponed) changed.add(instance);
    const steps: Step[] = [];
    steps.push(...linkSteps("unlink", unlinks));
    for (const wave of insertWaves) steps.push(...stepsOf("insert", wave));
    steps.push(...stepsOf("update", changed));
    steps.push(...linkSteps("link", links), ...this.#detachSteps());
    for (const wave of deleteWaves) steps.push(...stepsOf("delete", wave));
    return steps;
  }

  #detachSteps(): Step[] {
    return [...byModel(this.#detached.keys())].map(([model, rows]) => ({
      action: "detach",
      model,
      rows: rows.map((instance) => ({ instance, relations: this.#detached.get(instance)! })),
    }));
  }

  /** The row is inserted without its foreign key, and updated when all are there. */
  readonly #postpone = (instance: Instance, { relation }: Dependency): boolean => {
    if (!mayBeNull(relation)) return false;
    this.#postponed.add(instance);
    return true;
  };

  /** Of two rows that point at each other and both go, one lets go of the other first. */
  readonly #detach = (_instance: Instance, { on, relation }: Dependency): boolean => {
    const { onDelete } = relation.metadata;
    // What the database lets go of by itself needs no help.
    if (onDelete === "CASCADE" || onDelete === "SET NULL") return true;
    if (!mayBeNull(relation)) return false;
    const relations = this.#detached.get(on);
    if (relations) relations.add(relation);
    else this.#detached.set(on, new Set([relation]));
    return true;
  };
}

function stepsOf(action: "insert" | "update" | "delete", instances: Iterable<Instance>): Step[] {
  return [...byModel(instances)].map(([model, rows]) => ({ action, model, rows }));
}

function linkSteps(action: "link" | "unlink", links: readonly Link[]): Step[] {
  const byTable = new Map<string, Link[]>();
  for (const link of links) {
    const group = byTable.get(link.junction.table);
    if (group) group.push(link);
    else byTable.set(link.junction.table, [link]);
  }
  return [...byTable.values()].map((group) => ({ action, links: group }));
}

function mayBeNull(relation: RelationModel): boolean {
  return relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
}
