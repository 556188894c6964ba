import type { DeferredConstraints, Dialect } from "../../dialect/dialect";
import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { ChangeSet, Link, Update } from "../flush/change-set";
import { commitOrder } from "../flush/commit-order";
import type { DeleteActions } from "../flush/delete-actions";
import { Dependencies } from "../flush/dependencies";
import type { Dependency } from "../flush/dependency";
import { tableOrder } from "../flush/table-order";
import { UniqueValues } from "../flush/unique-values";
import { byModel } from "../state/instance";
import { groupBy } from "../../groups";
import type { IdentityMap } from "../state/identity-map";
import type { Instance } from "../state/instance";
import type { FlushPlan, Step } from "./step";
import { columnForTemporaryValue, isRequiredForeignKey, mayDangle, temporaryValue } from "./temporary-values";

/** Puts a change set in an order that the database accepts. */
export function planFlush(
  changes: ChangeSet,
  identities: IdentityMap,
  { deferredConstraints }: Dialect,
  deleteActions: DeleteActions | undefined,
): FlushPlan {
  const dependencies = new Dependencies(changes, identities);
  const uniques = new UniqueValues(changes);
  return {
    steps: new Planner(changes, dependencies, uniques, deferredConstraints, deleteActions).steps(),
    dependenciesOf: (instance) => [...dependencies.of(instance), ...uniques.of(instance)],
  };
}

class Planner {
  readonly #changes: ChangeSet;
  readonly #dependencies: Dependencies;
  readonly #uniques: UniqueValues;
  readonly #constraints: DeferredConstraints;
  readonly #deleteActions: DeleteActions | undefined;
  /** Rows that are updated once more when all rows of their cycle are written. */
  readonly #deferred = new Set<Instance>();
  /** Foreign keys of deleted rows that are set NULL first. */
  readonly #cleared = new Map<Instance, Set<RelationModel>>();
  /** Columns that get a temporary value first. */
  readonly #temporary = new Map<Instance, Set<ColumnModel>>();
  readonly #placeholders = new Map<Instance, ReadonlyMap<ColumnModel, unknown>>();

  constructor(
    changes: ChangeSet,
    dependencies: Dependencies,
    uniques: UniqueValues,
    constraints: DeferredConstraints,
    deleteActions: DeleteActions | undefined,
  ) {
    this.#deleteActions = deleteActions;
    this.#changes = changes;
    this.#dependencies = dependencies;
    this.#uniques = uniques;
    this.#constraints = constraints;
  }

  steps(): Step[] {
    const { links, unlinks } = this.#changes;
    const rows = this.#uniques.collide || this.#dependencies.changeKeys ? this.#mixed() : this.#byAction();
    return [...linkSteps("unlink", unlinks), ...this.#temporarySteps(), ...rows, ...linkSteps("link", links)];
  }

  /** Inserts, then updates, then deletes: where no row takes a value of another one, only foreign keys decide the order. */
  #byAction(): Step[] {
    const { inserts, updates, deletes } = this.#changes;
    const dependencies = this.#dependencies;
    const inserted =
      tableOrder(inserts) ??
      commitOrder(inserts, (instance) => dependencies.of(instance), this.#defer, this.#insertWithPlaceholder);
    const deleted =
      tableOrder(deletes)?.reverse() ??
      commitOrder(deletes, (instance) => dependencies.amongDeletes(instance), this.#clear, this.#dangle);
    const changed = new Set([...updates.map(({ instance }) => instance), ...this.#deferred]);
    return [
      ...inserted.flatMap((wave) => this.#insertSteps(wave)),
      ...(inserts.length === 0 ? updateSteps(updates) : stepsOf("update", changed)),
      ...this.#clearSteps(),
      ...deleted.flatMap((wave) => this.#deleteSteps(wave)),
    ];
  }

  /** Inserts, updates and deletes in one order: each row when those that it depends on are written. */
  #mixed(): Step[] {
    const inserts = new Set(this.#changes.inserts);
    const deletes = new Set(this.#changes.deletes);
    const updates = new Set(this.#changes.updates.map(({ instance }) => instance));
    const waves = commitOrder(
      [...inserts, ...updates, ...deletes],
      (instance) => [...this.#dependencies.of(instance), ...this.#uniques.of(instance)],
      (instance, dependency) =>
        dependency.unique
          ? this.#useTemporaryValue(dependency.on, dependency.unique)
          : inserts.has(instance)
            ? this.#defer(instance, dependency)
            : deletes.has(instance)
              ? this.#clear(instance, dependency)
              : this.#updateTwice(instance, dependency),
      (instance, dependency) =>
        inserts.has(instance)
          ? this.#insertWithPlaceholder(instance, dependency)
          : deletes.has(instance) && this.#dangle(instance, dependency),
    );
    return [
      ...this.#clearSteps(),
      ...waves.flatMap((wave) => [
        ...this.#insertSteps(wave.filter((instance) => inserts.has(instance))),
        ...stepsOf(
          "update",
          wave.filter((instance) => updates.has(instance)),
        ),
        ...this.#deleteSteps(wave.filter((instance) => deletes.has(instance))),
      ]),
      ...stepsOf("update", this.#deferred),
    ];
  }

  #insertSteps(wave: readonly Instance[]): Step[] {
    if (this.#placeholders.size === 0) return stepsOf("insert", wave);
    const ahead = stepsOf(
      "insert",
      wave.filter((instance) => this.#placeholders.has(instance)),
    );
    return [
      ...ahead.map((step) => ({ ...step, placeholders: this.#placeholders })),
      ...stepsOf(
        "insert",
        wave.filter((instance) => !this.#placeholders.has(instance)),
      ),
    ];
  }

  #deleteSteps(wave: readonly Instance[]): Step[] {
    return [...byModel(wave)].map(([model, rows]) => {
      const joinTables = this.#deleteActions?.joinTablesToClear(model) ?? [];
      return { action: "delete", model, rows, ...(joinTables.length > 0 && { joinTables }) };
    });
  }

  #temporarySteps(): Step[] {
    return [...byModel(this.#temporary.keys())].map(([model, rows]) => ({
      action: "set-temporary-value",
      model,
      rows: rows.flatMap((instance) =>
        [...this.#temporary.get(instance)!].map((column) => ({
          instance,
          column,
          value: temporaryValue(column),
          isDangling: isRequiredForeignKey(column),
        })),
      ),
    }));
  }

  #clearSteps(): Step[] {
    return [...byModel(this.#cleared.keys())].map(([model, rows]) => ({
      action: "clear-foreign-key",
      model,
      rows: rows.map((instance) => ({ instance, relations: this.#cleared.get(instance)! })),
    }));
  }

  // Ways to break a cycle

  /** Gives the row that others wait for a temporary value, so that its unique value is free from the start. */
  #useTemporaryValue(instance: Instance, unique: readonly ColumnModel[]): boolean {
    const column = columnForTemporaryValue(unique, this.#constraints);
    if (!column) return false;
    this.#addTemporary(instance, [column]);
    return true;
  }

  #addTemporary(instance: Instance, columns: readonly ColumnModel[]): void {
    this.#temporary.set(instance, new Set([...(this.#temporary.get(instance) ?? []), ...columns]));
  }

  /** Inserts the row without its foreign key, and updates it when all rows are there. */
  readonly #defer = (instance: Instance, { on, relation }: Dependency): boolean => {
    // A row that is there has a key to refer to: it only changes.
    if (!relation || on.snapshot || !mayBeNull(relation)) return false;
    this.#deferred.add(instance);
    return true;
  };

  /** Updates the row without its foreign key, and once more when the row that it refers to is written. */
  #updateTwice(instance: Instance, { relation }: Dependency): boolean {
    this.#deferred.add(instance);
    // Until then the row must not refer to a row that is deleted. MySQL and MariaDB check every foreign key of a row whose
    // key changes, so that a dangling one is no help there.
    const canDangle = relation && this.#constraints.end === undefined && mayDangle(relation, this.#constraints);
    if (canDangle && !mayBeNull(relation) && this.#changes.deletes.length > 0)
      this.#addTemporary(
        instance,
        relation.joins.map(({ foreign }) => foreign),
      );
    return true;
  }

  /** Inserts the row with a placeholder in a foreign key that must not be NULL; the database checks the constraint later. */
  readonly #insertWithPlaceholder = (instance: Instance, { on, relation }: Dependency): boolean => {
    if (!relation || on.snapshot) return false;
    // Where the database never checks these constraints, none of the row's foreign keys is written before the UPDATE.
    const isUnchecked = this.#constraints.end !== undefined;
    const relations = isUnchecked ? instance.model.relations.filter(({ holdsKey }) => holdsKey) : [relation];
    if (!relations.every((one) => mayDangle(one, this.#constraints))) return false;
    const columns = new Map(this.#placeholders.get(instance));
    for (const { joins } of relations)
      for (const { foreign } of joins) columns.set(foreign, columns.get(foreign) ?? temporaryValue(foreign));
    this.#placeholders.set(instance, columns);
    this.#deferred.add(instance);
    return true;
  };

  /** Sets the foreign key of one of two deleted rows NULL that refer to each other. */
  readonly #clear = (instance: Instance, { on, relation }: Dependency): boolean => {
    if (!relation) return false;
    const { onDelete } = relation.metadata;
    const changesRows = onDelete === "CASCADE" || onDelete === "SET NULL";
    // The database handles these by itself.
    if (changesRows && this.#deleteActions?.follow(relation)) return true;
    // MySQL and MariaDB check constraints row by row, so that a row that refers to itself blocks its own deletion.
    if (!mayBeNull(relation)) return on === instance && this.#constraints.end === undefined;
    const relations = this.#cleared.get(on);
    if (relations) relations.add(relation);
    else this.#cleared.set(on, new Set([relation]));
    return true;
  };

  /** Gives a foreign key of a deleted row that must not be NULL a temporary value. */
  readonly #dangle = (_: Instance, { on, relation }: Dependency): boolean => {
    if (!relation || !mayDangle(relation, this.#constraints)) return false;
    this.#addTemporary(
      on,
      relation.joins.map(({ foreign }) => foreign),
    );
    return true;
  };
}

function stepsOf(action: "insert" | "update", instances: Iterable<Instance>): Step[] {
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
