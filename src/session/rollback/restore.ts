import type { ColumnModel } from "../../metadata/model";
import { conceal, expose, isExposed } from "../relations/instrument";
import type { SessionState } from "../session-state";
import { instanceOf, type Instance, type UndoRecord } from "../state/instance";
import type { RelatedValue, SavedRelation } from "../state/related-value";
import { restoreRelationIds } from "../state/values";

/** Restores objects from their undo records, and discards changes of all others, which were never written. */
export function restore(state: SessionState, records: readonly UndoRecord[]): void {
  const recorded = new Set(records.map(({ instance }) => instance));
  for (const instance of state.identities) {
    if (recorded.has(instance)) continue;
    if (state.isModified(instance)) restoreColumns(instance);
    state.registry.relationships.relinkEmbeddeds(instance);
    for (const related of instance.related ?? []) related?.discardUnreportedChanges();
  }
  // All of them leave the identity map before any takes its old key.
  for (const { instance } of records) if (instance.snapshot) state.identities.remove(instance);
  for (const record of records) restoreInstance(state, record);
  for (const { instance, relationIds } of records) restoreRelationIds(instance, relationIds);
}

function restoreInstance(state: SessionState, record: UndoRecord): void {
  const { instance } = record;
  const written = record.isOwned || instance.owner ? undefined : instance.snapshot;
  state.pending.delete(instance);
  state.deleting.delete(instance);
  state.relationsChanged.delete(instance);
  instance.snapshot = record.snapshot;
  instance.key = record.key;
  instance.deletion = record.deletion;
  instance.soft = undefined;
  instance.reusesRowOf = undefined;
  instance.generation = record.generation;
  if (record.snapshot) instance.promises = undefined;
  instance.owner = record.isOwned ? state : undefined;
  restoreRelations(state, record);
  if (record.snapshot) restoreColumns(instance, written);
  else restoreFilled(record);
  if (record.snapshot) state.registry.relationships.relinkEmbeddeds(instance);
  instance.isRolledBack = !record.isOwned;
  if (!record.isOwned || record.deletion === "sent") return;
  if (record.snapshot) state.identities.add(instance);
  else state.pending.add(instance);
  if (record.deletion === "asked") state.deleting.add(instance);
}

function restoreRelations(state: SessionState, record: UndoRecord): void {
  const { instance, snapshot, related: savedRelations } = record;
  if (!instance.related && !savedRelations) return;
  for (const relation of instance.model.relations) {
    const current = instance.relatedValue(relation);
    const saved = savedRelations?.[relation.index];
    markRemoved(current, saved);
    if (snapshot && !saved) {
      state.registry.relationships.expire(instance, relation);
      continue;
    }
    const related = snapshot ? saved!.restore() : withoutRow(current, saved);
    instance.setRelatedValue(relation, related);
    const isInEmbedded = relation.path.length > 1;
    const wasExposed = isInEmbedded || isExposed(snapshot ? record : instance, relation);
    if (related?.isLoaded && wasExposed) expose(instance, relation);
    else conceal(instance, relation);
  }
}

/** Objects outside the session that were related since the record was made are no longer: their own side has to notify again. */
function markRemoved(current: RelatedValue | undefined, saved: SavedRelation | undefined): void {
  for (const entity of current?.members() ?? []) {
    const instance = instanceOf(entity);
    if (instance && !instance.owner && !saved?.includes(entity)) instance.isRolledBack = true;
  }
}

/** The relation of an object that is new again: it keeps its members, and none of them is stored. */
function withoutRow(current: RelatedValue | undefined, saved: SavedRelation | undefined): RelatedValue | undefined {
  // While the object had a row, the relation may have been expired: the members are then those that were saved.
  const isKept = current && (current.isLoaded || (!saved && current.isChanged));
  return (isKept ? current : saved?.restore())?.withoutRow();
}

/** Sets the properties of a new object to what they held before a flush filled them in. */
function restoreFilled({ instance, filled }: UndoRecord): void {
  if (filled) for (const column of filled.columns) column.write(instance.entity, filled.before[column.index]);
}

/**
 * Writes the snapshot back into an object.
 *
 * @param written the snapshot of an object that was expunged: only what was written of it is taken back
 */
function restoreColumns(instance: Instance, written?: readonly unknown[]): void {
  const { entity, snapshot, model } = instance;
  for (const column of model.columns) {
    if (column.isVirtual || column.isOfChild || typeof snapshot![column.index] === "symbol") continue;
    if (written && differs(entity, column, written)) continue;
    if (differs(entity, column, snapshot!)) column.write(entity, column.codec.thaw(snapshot![column.index]));
  }
}

function differs(entity: object, column: ColumnModel, snapshot: readonly unknown[]): boolean {
  const value = column.read(entity);
  const stored = snapshot[column.index];
  if (typeof stored === "symbol") return false;
  return value === undefined ? stored !== null : !column.codec.same(value, stored);
}
