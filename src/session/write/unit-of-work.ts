import { Cascades } from "../flush/cascades";
import { isEmpty, type ChangeSet, type RowReuse } from "../flush/change-set";
import type { DeleteActions } from "../flush/delete-actions";
import { computeChangeSet } from "../flush/compute-change-set";
import { Listeners } from "../flush/listeners";
import { loadPendingRelations } from "../flush/load-pending-relations";
import { adoptRows, redirectRelations } from "../flush/row-reuse";
import { Validator } from "../flush/validator";
import type { WithoutAutoflush } from "../load/entity-loader";
import { updateRelationIds } from "../relations/relation-ids";
import type { SessionState } from "../session-state";
import { duplicateKey } from "../state/errors";
import { keyMaker } from "../state/identity-key";
import type { Instance } from "../state/instance";
import { currentValue, keyValues } from "../state/values";
import { planFlush } from "./flush-plan";
import { runStep, type FlushObserver } from "./flush-run";
import { storedKey, updateReferencingInstances, type ReferencingRow } from "./key-change";
import { Persister } from "./persister";
import { Trees } from "./trees/trees";

/** How many rows a flush wrote. */
export interface FlushResult {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export const NOTHING_FLUSHED: FlushResult = { inserted: 0, updated: 0, deleted: 0 };

/** One flush: finds what changed in memory, and writes it in an order that the database accepts. */
export class UnitOfWork implements FlushObserver {
  readonly #state: SessionState;
  readonly #withoutAutoflush: WithoutAutoflush;
  readonly #begin: () => Promise<void>;
  /** The objects whose relations are written as they were when the change set was computed. */
  #flushing: readonly Instance[] = [];

  /** @param begin begins the transaction, unless it is open */
  constructor(state: SessionState, withoutAutoflush: WithoutAutoflush, begin: () => Promise<void>) {
    this.#state = state;
    this.#withoutAutoflush = withoutAutoflush;
    this.#begin = begin;
  }

  async flush(): Promise<FlushResult> {
    const state = this.#state;
    await loadPendingRelations(state, this.#withoutAutoflush);
    const cascades = await new Cascades(state, this.#withoutAutoflush).saveUpdate().orphans().deletes();
    // Once more: objects may have been put into relations while that waited.
    cascades.saveUpdate().apply();
    const { reusedRows } = cascades;
    adoptRows(state, reusedRows);
    let changes = this.#beginFlush(computeChangeSet(state, cascades));
    if (isEmpty(changes) && reusedRows.length === 0) return NOTHING_FLUSHED;
    const listeners = new Listeners(state);
    const hasListeners = listeners.listenTo({ ...changes, reusedRows });
    const validator = new Validator(state.options.strict);
    if (!hasListeners) validator.check(changes.inserts, changes.updates);
    if (hasListeners || !isEmpty(changes)) await this.#begin();
    if (hasListeners) {
      await listeners.notify("Before", { ...changes, reusedRows });
      changes = this.#changesAfterListeners();
      validator.check(changes.inserts, changes.updates);
    }
    await this.#write(changes, cascades.deleteActions);
    this.#finish(changes, reusedRows);
    if (hasListeners) await listeners.notify("After", { ...changes, reusedRows });
    for (const { instance } of changes.updates) instance.soft = undefined;
    return { inserted: changes.inserts.length, updated: changes.updates.length, deleted: changes.deletes.length };
  }

  /** Listeners may have changed what is to be written, or added to it. */
  #changesAfterListeners(): ChangeSet {
    const cascades = new Cascades(this.#state, this.#withoutAutoflush).saveUpdate();
    cascades.apply();
    return this.#beginFlush(computeChangeSet(this.#state, cascades));
  }

  /** From here on, changes of relations are left to the next flush, however long this one takes. */
  #beginFlush(changes: ChangeSet): ChangeSet {
    this.#flushing = [...changes.inserts, ...this.#state.relationsChanged];
    for (const { related } of this.#flushing) for (const value of related ?? EMPTY) value?.beginFlush();
    return changes;
  }

  async #write(changes: ChangeSet, deleteActions: DeleteActions | undefined): Promise<void> {
    const { connection, dialect, undoLog, identities } = this.#state;
    const persister = new Persister(connection, undoLog);
    const trees = new Trees(connection);
    for (const step of planFlush(changes, identities, dialect, deleteActions).steps) {
      await trees.before(step);
      await runStep(step, persister, this);
      await trees.after(step);
    }
    await trees.finish();
  }

  // FlushObserver

  /** @internal */
  inserting(instances: readonly Instance[]): void {
    const byKey = new Map<unknown, Instance>();
    for (const instance of instances) this.#refuseDuplicate(instance, byKey);
  }

  /** @internal */
  inserted(instances: readonly Instance[]): void {
    const maker = keyMaker(instances[0]!.model);
    for (const instance of instances) {
      instance.key = maker.ofValues(keyValues(instance));
      this.#state.identities.add(instance);
    }
  }

  /** @internal */
  keysChanged(referencing: readonly ReferencingRow[]): void {
    const { identities, undoLog } = this.#state;
    for (const instance of updateReferencingInstances(identities, referencing, undoLog)) {
      this.#updateIdentity(instance);
      updateRelationIds(instance);
    }
  }

  #updateIdentity(instance: Instance): void {
    const { identities } = this.#state;
    const key = storedKey(instance);
    if (key === instance.key) return;
    identities.remove(instance);
    instance.key = key;
    identities.add(instance);
  }

  /** @param byKey new objects by their keys, as far as they have one */
  #refuseDuplicate(instance: Instance, byKey: Map<unknown, Instance>): void {
    // A generated key cannot be a duplicate.
    if ((currentValue(instance, instance.model.primary[0]!) ?? undefined) === undefined) return;
    const values = keyValues(instance);
    const key = keyMaker(instance.model).ofValues(values);
    if (key === undefined) return;
    const other = byKey.get(key) ?? this.#state.identities.get(instance.model, key);
    // The other row may have been given another key by this flush.
    const hasKey = other && (!other.snapshot || storedKey(other) === key);
    if (hasKey && other !== instance && other.deletion === "none")
      throw duplicateKey(instance.entity, other.entity, values.join(", "), other.snapshot !== undefined);
    byKey.set(key, instance);
  }

  // After the rows are written

  /** Updates the session's state to what is stored now. */
  #finish({ inserts, updates, deletes }: ChangeSet, reusedRows: readonly RowReuse[]): void {
    const state = this.#state;
    redirectRelations(state, reusedRows);
    const { pending, deleting, relationsChanged, identities, generation } = state;
    const changed = [...updates.map(({ instance }) => instance), ...relationsChanged];
    for (const instance of inserts) {
      pending.delete(instance);
      instance.generation = generation;
    }
    for (const { instance, changes } of updates)
      if (changes.some(({ column }) => column.isPrimary)) this.#updateIdentity(instance);
    this.#removeFromRelations(deletes);
    for (const instance of this.#flushing)
      if (endFlush(instance)) relationsChanged.delete(instance);
      else relationsChanged.add(instance);
    for (const instance of deletes) {
      deleting.delete(instance);
      identities.remove(instance);
    }
    for (const instance of [...deleting]) if (!instance.snapshot) state.withdraw(instance);
    for (const instances of [inserts, changed]) for (const instance of instances) updateRelationIds(instance);
  }

  /** Removes deleted objects from loaded relations. Foreign keys to them were set NULL before they were deleted. */
  #removeFromRelations(deletes: readonly Instance[]): void {
    if (deletes.length === 0) return;
    const deleted = new Set(deletes.map(({ entity }) => entity));
    const roots = new Set(deletes.map(({ model }) => model.root));
    for (const instances of this.#state.identities.tables())
      for (const instance of instances.values()) {
        if (!instance.related || deleted.has(instance.entity)) continue;
        for (const relation of instance.model.relations) {
          if (relation.holdsKey || !roots.has(relation.target.root)) continue;
          const related = instance.related[relation.index];
          if (!related?.isLoaded || !related.includesAny(deleted)) continue;
          this.#state.undoLog.record(instance);
          instance.setRelatedValue(relation, related.without(deleted));
          updateRelationIds(instance);
        }
      }
  }
}

const EMPTY: readonly undefined[] = [];

/** Ends the flush for the relations of an object. Returns whether none of them changed in the meantime. */
function endFlush({ related }: Instance): boolean {
  let isDone = true;
  for (const value of related ?? EMPTY) if (value && !value.endFlush()) isDone = false;
  return isDone;
}
