import { conceal } from "../relations/instrument";
import type { SessionState } from "../session-state";
import { keyMaker } from "../state/identity-key";
import { NOT_LOADED, type FilledProperties, type Instance } from "../state/instance";
import { currentValue, foreignKeysOf, propertiesOf } from "../state/values";
import type { RowReuse } from "./change-set";

/** Finds the new objects that take over the row of a deleted one. */
export function findRowReuses(added: Iterable<Instance>, deleted: ReadonlySet<Instance>): RowReuse[] {
  const byKey = new Map<string, Instance>();
  for (const instance of deleted)
    if (instance.snapshot && instance.deletion !== "sent") byKey.set(rowName(instance, instance.key), instance);
  if (byKey.size === 0) return [];
  const found: RowReuse[] = [];
  for (const by of added) {
    if (by.snapshot || deleted.has(by)) continue;
    const key = keyMaker(by.model).ofValues(givenKey(by));
    const name = key === undefined ? undefined : rowName(by, key);
    const old = name === undefined ? undefined : byKey.get(name);
    if (!old || old.model !== by.model) continue;
    found.push({ old, by });
    byKey.delete(name!);
  }
  return found;
}

/** The key that a new object was given. A foreign key in it may refer to an object that is new too, and has its key. */
function givenKey(instance: Instance): unknown[] {
  return instance.model.primary.map((column) => currentValue(instance, column) ?? column.read(instance.entity));
}

function rowName({ model }: Instance, key: unknown): string {
  return `${model.root.table}\u0000${typeof key}\u0000${String(key)}`;
}

/** Gives the rows to the new objects while a plan is made; returns the function that takes them back. */
export function borrowRows(reuses: readonly RowReuse[]): () => void {
  for (const { old, by } of reuses) {
    by.snapshot = old.snapshot;
    by.reusesRowOf = old;
  }
  return () => {
    for (const { by } of reuses) by.snapshot = by.reusesRowOf = undefined;
  };
}

/** Gives the rows to the new objects. The old ones count as deleted, until a rollback gives the rows back. */
export function adoptRows(state: SessionState, reuses: readonly RowReuse[]): void {
  const { undoLog, identities, pending, relationsChanged, deleting } = state;
  for (const { old, by } of reuses) {
    undoLog.record(old);
    undoLog.record(by);
    undoLog.recordFilled(by, filledOf(by));
    by.key = old.key;
    by.generation = state.generation;
    identities.remove(old);
    pending.delete(by);
    deleting.delete(old);
    relationsChanged.delete(old);
    relationsChanged.add(by);
    old.deletion = "sent";
  }
  borrowRows(reuses);
  for (const { by } of reuses) identities.add(by);
}

/** The properties that the flush fills in, and what all of them hold before. */
function filledOf({ model, entity }: Instance): FilledProperties {
  const before = propertiesOf(model)(entity);
  const keys = foreignKeysOf(model);
  const columns = model.columns.filter(
    (column) =>
      !column.isVirtual &&
      !column.isOfChild &&
      (before[column.index] === undefined ||
        keys[column.index] !== undefined ||
        column.metadata.isVersion ||
        column.metadata.isUpdateDate),
  );
  return { columns, before };
}

/** Redirects relations from the old objects to the new ones. Relations whose members may differ now are loaded again. */
export function redirectRelations(state: SessionState, reuses: readonly RowReuse[]): void {
  if (reuses.length === 0) return;
  const successors = new Map(reuses.map(({ old, by }) => [old.entity, by.entity]));
  const gone = new Set(successors.keys());
  for (const { by } of reuses) {
    readRow(by);
    by.reusesRowOf = undefined;
    for (const relation of by.model.relations) if (!relation.holdsKey) expire(by, relation.index);
  }
  for (const instance of state.identities) {
    if (!instance.related) continue;
    for (const relation of instance.model.relations) {
      const related = instance.related[relation.index];
      if (!related?.isLoaded || !related.includesAny(gone)) continue;
      state.undoLog.record(instance);
      if (relation.holdsKey) {
        const reference = instance.reference(relation)!;
        instance.setRelatedValue(relation, reference.movedTo(successors.get(reference.entity!)!));
      } else if (relation.toMany && !relation.isManyToMany) {
        instance.setRelatedValue(relation, related.without(gone));
      }
      // The row of a join table still refers to the row, and so may the row of a one-to-one.
      else expire(instance, relation.index);
    }
  }
}

function expire(instance: Instance, place: number): void {
  if (!instance.related?.[place]) return;
  conceal(instance, instance.model.relations[place]!);
  instance.related[place] = undefined;
}

/** Sets the properties that have no value to what the row keeps. */
function readRow({ model, entity, snapshot }: Instance): void {
  for (const column of model.columns) {
    const stored = snapshot![column.index];
    if (column.isVirtual || column.isOfChild || stored === NOT_LOADED || column.read(entity) !== undefined) continue;
    column.write(entity, column.codec.thaw(stored));
  }
}
