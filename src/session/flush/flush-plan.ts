import type { Dialect, DeferredConstraints } from "../../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { groupBy } from "../../groups";
import type { ChangeSet } from "./change-set-computer";
import { commitOrder } from "./commit-order";
import type { Dependency } from "./dependency";
import { Dependencies } from "./dependencies";
import type { IdentityMap } from "../state/identity-map";
import { byModel, type Instance } from "../state/instance";
import { mayPointNowhere, parkable, parkedValue, pointsNowhere, type TemporaryValues } from "../write/temporary-values";
import type { Link, Update } from "../write/persister";
import { tableOrder } from "./table-order";
import { UniqueValues } from "./unique-values";

/** Rows to be written together, in their place among the others. */
export type Step =
  | {
      readonly action: "insert" | "update" | "delete";
      readonly model: EntityModel;
      readonly rows: readonly Instance[];
      readonly standIns?: Placeholders;
      /** What is written, where that is known already: no key that it needs is still to be made. */
      readonly updates?: readonly Update[];
    }
  /** Foreign keys that are NULL for the moment between now and the row's deletion. */
  | { readonly action: "detach"; readonly model: EntityModel; readonly rows: readonly DeferredUpdate[] }
  /** Values that are given up before their time, because they go round in a circle. */
  | { readonly action: "park"; readonly model: EntityModel; readonly rows: readonly TemporaryValues[] }
  | { readonly action: "link" | "unlink"; readonly links: readonly Link[] };

/** What foreign keys of new rows hold until the rows are there that they are to point at, where they must not be NULL. */
export type Placeholders = ReadonlyMap<Instance, ReadonlyMap<ColumnModel, unknown>>;

/** A row that lets go of others. */
export interface DeferredUpdate {
  readonly instance: Instance;
  readonly relations: ReadonlySet<RelationModel>;
}

/** What a flush does, in its order: plain data that is then acted on, or told. */
export interface FlushPlan {
  readonly steps: readonly Step[];
  /** Why a row is not written earlier. */
  waitsOf(instance: Instance): readonly Dependency[];
}

/** Puts a change set in an order that the database accepts. */
export function planFlush(
  work: ChangeSet,
  identities: IdentityMap,
  { deferredConstraints: laterForeignKeys }: Dialect,
): FlushPlan {
  const dependencies = new Dependencies(work, identities);
  const uniques = new UniqueValues(work);
  return {
    steps: new Planner(work, dependencies, uniques, laterForeignKeys).steps(),
    waitsOf: (instance) => [...dependencies.of(instance), ...uniques.of(instance)],
  };
}

class Planner {
  readonly #work: ChangeSet;
  readonly #dependencies: Dependencies;
  /** New rows whose foreign key has to wait for a row of their own circle. */
  readonly #postponed = new Set<Instance>();
  readonly #detached = new Map<Instance, Set<RelationModel>>();
  readonly #parked = new Map<Instance, Set<ColumnModel>>();
  readonly #standIns = new Map<Instance, ReadonlyMap<ColumnModel, unknown>>();
  readonly #uniques: UniqueValues;
  readonly #later: DeferredConstraints;

  constructor(work: ChangeSet, dependencies: Dependencies, uniques: UniqueValues, later: DeferredConstraints) {
    this.#later = later;
    this.#work = work;
    this.#dependencies = dependencies;
    this.#uniques = uniques;
  }

  steps(): Step[] {
    const { links, unlinks } = this.#work;
    const rows = this.#uniques.collide || this.#dependencies.rekeys ? this.#mixed() : this.#oneAfterTheOther();
    return [...linkSteps("unlink", unlinks), ...this.#parkSteps(), ...rows, ...linkSteps("link", links)];
  }

  /** Inserts, then updates, then deletes: where nobody takes what another one leaves, only foreign keys have to be minded. */
  #oneAfterTheOther(): Step[] {
    const { inserts, updates, deletes } = this.#work;
    const dependencies = this.#dependencies;
    const inserted =
      tableOrder(inserts) ??
      commitOrder(inserts, (instance) => dependencies.of(instance), this.#postpone, this.#sendAhead);
    const deleted =
      tableOrder(deletes)?.reverse() ??
      commitOrder(deletes, (instance) => dependencies.amongDeletes(instance), this.#detach, this.#turnAway);
    const changed = new Set([...updates.map(({ instance }) => instance), ...this.#postponed]);
    return [
      ...inserted.flatMap((wave) => this.#insertSteps(wave)),
      ...(inserts.length === 0 ? updateSteps(updates) : stepsOf("update", changed)),
      ...this.#detachSteps(),
      ...deleted.flatMap((wave) => stepsOf("delete", wave)),
    ];
  }

  /** Every row when all that it waits for are written, whatever is done with them. */
  #mixed(): Step[] {
    const inserts = new Set(this.#work.inserts);
    const deletes = new Set(this.#work.deletes);
    const updates = new Set(this.#work.updates.map(({ instance }) => instance));
    const waves = commitOrder(
      [...inserts, ...updates, ...deletes],
      (instance) => [...this.#dependencies.of(instance), ...this.#uniques.of(instance)],
      (instance, dependency) =>
        dependency.unique
          ? this.#park(dependency.on, dependency.unique)
          : inserts.has(instance)
            ? this.#postpone(instance, dependency)
            : deletes.has(instance)
              ? this.#detach(instance, dependency)
              : this.#updateTwice(instance, dependency),
      (instance, dependency) =>
        inserts.has(instance)
          ? this.#sendAhead(instance, dependency)
          : deletes.has(instance) && this.#turnAway(instance, dependency),
    );
    return [
      ...this.#detachSteps(),
      ...waves.flatMap((wave) => [
        ...this.#insertSteps(wave.filter((instance) => inserts.has(instance))),
        ...stepsOf(
          "update",
          wave.filter((instance) => updates.has(instance)),
        ),
        ...stepsOf(
          "delete",
          wave.filter((instance) => deletes.has(instance)),
        ),
      ]),
      ...stepsOf("update", this.#postponed),
    ];
  }

  #insertSteps(wave: readonly Instance[]): Step[] {
    if (this.#standIns.size === 0) return stepsOf("insert", wave);
    const ahead = stepsOf(
      "insert",
      wave.filter((instance) => this.#standIns.has(instance)),
    );
    return [
      ...ahead.map((step) => ({ ...step, standIns: this.#standIns })),
      ...stepsOf(
        "insert",
        wave.filter((instance) => !this.#standIns.has(instance)),
      ),
    ];
  }

  /** The row's value goes to where it is in nobody's way, and the row waits for nobody any more. */
  #park(instance: Instance, unique: readonly ColumnModel[]): boolean {
    const column = parkable(unique, this.#later);
    if (!column) return false;
    this.#parkColumns(instance, [column]);
    return true;
  }

  #parkColumns(instance: Instance, columns: readonly ColumnModel[]): void {
    this.#parked.set(instance, new Set([...(this.#parked.get(instance) ?? []), ...columns]));
  }

  #parkSteps(): Step[] {
    return [...byModel(this.#parked.keys())].map(([model, rows]) => ({
      action: "park",
      model,
      rows: rows.flatMap((instance) =>
        [...this.#parked.get(instance)!].map((column) => ({
          instance,
          column,
          value: parkedValue(column),
          pointsNowhere: pointsNowhere(column),
        })),
      ),
    }));
  }

  #detachSteps(): Step[] {
    return [...byModel(this.#detached.keys())].map(([model, rows]) => ({
      action: "detach",
      model,
      rows: rows.map((instance) => ({ instance, relations: this.#detached.get(instance)! })),
    }));
  }

  /** The row is inserted without its foreign key, and updated when all are there. */
  readonly #postpone = (instance: Instance, { on, relation }: Dependency): boolean => {
    // Whom a row is to point at by a new key has one already.
    if (!relation || on.snapshot || !mayBeNull(relation)) return false;
    this.#postponed.add(instance);
    return true;
  };

  /** The row is updated but for the foreign key, and once more when what that is to point at is there. */
  #updateTwice(instance: Instance, { relation }: Dependency): boolean {
    this.#postponed.add(instance);
    // It must not be in the way of a row that it points at until then, and that is deleted. MySQL and MariaDB look at every
    // foreign key of a row whose key changes, so that there it is in the way.
    const mayWait = relation && this.#later.end === undefined && mayPointNowhere(relation, this.#later);
    if (mayWait && !mayBeNull(relation) && this.#work.deletes.length > 0)
      this.#parkColumns(
        instance,
        relation.joins.map(({ foreign }) => foreign),
      );
    return true;
  }

  /** Where that key must not be NULL, it points nowhere until then; the database looks at it later. */
  readonly #sendAhead = (instance: Instance, { on, relation }: Dependency): boolean => {
    if (!relation || on.snapshot) return false;
    // Where the database never looks at them, none of the row's foreign keys is written before the UPDATE.
    const unchecked = this.#later.end !== undefined;
    const relations = unchecked ? instance.model.relations.filter(({ holdsKey }) => holdsKey) : [relation];
    if (!relations.every((one) => mayPointNowhere(one, this.#later))) return false;
    const columns = new Map(this.#standIns.get(instance));
    for (const { joins } of relations)
      for (const { foreign } of joins) columns.set(foreign, columns.get(foreign) ?? parkedValue(foreign));
    this.#standIns.set(instance, columns);
    this.#postponed.add(instance);
    return true;
  };

  /** Of two rows that point at each other and both go, one lets go of the other first. */
  readonly #detach = (instance: Instance, { on, relation }: Dependency): boolean => {
    if (!relation) return false;
    const { onDelete } = relation.metadata;
    // What the database lets go of by itself needs no help.
    if (onDelete === "CASCADE" || onDelete === "SET NULL") return true;
    // A row that points at itself is in its own way on MySQL and MariaDB, which look at each row; on the others it is not.
    if (!mayBeNull(relation)) return on === instance && this.#later.end === undefined;
    const relations = this.#detached.get(on);
    if (relations) relations.add(relation);
    else this.#detached.set(on, new Set([relation]));
    return true;
  };

  /** Where that key must not be NULL, it points nowhere for the moment. */
  readonly #turnAway = (_: Instance, { on, relation }: Dependency): boolean => {
    if (!relation || !mayPointNowhere(relation, this.#later)) return false;
    this.#parkColumns(
      on,
      relation.joins.map(({ foreign }) => foreign),
    );
    return true;
  };
}

function stepsOf(action: "insert" | "update" | "delete", instances: Iterable<Instance>): Step[] {
  return [...byModel(instances)].map(([model, rows]) => ({ action, model, rows }));
}

function updateSteps(updates: readonly Update[]): Step[] {
  return [...groupBy(updates, ({ instance }) => instance.model)].map(([model, group]) => ({
    action: "update",
    model,
    rows: group.map(({ instance }) => instance),
    updates: group,
  }));
}

function linkSteps(action: "link" | "unlink", links: readonly Link[]): Step[] {
  return [...groupBy(links, ({ junction }) => junction.table).values()].map((group) => ({ action, links: group }));
}

function mayBeNull(relation: RelationModel): boolean {
  return relation.joins.every(
    ({ foreign }) => foreign.metadata.isNullable && foreign.metadata.isUpdate && !foreign.isPrimary,
  );
}
