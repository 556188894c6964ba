import type { ColumnModel } from "../../metadata/model";
import { Collection, LazyCollection } from "../relations/collection";
import type { Instance } from "../state/instance";
import { conceal, expose } from "../relations/instrument";
import { emptyAgain, forgottenBy, restored, unstored, type UndoRecord } from "./undo-log";
import { showKeys } from "../relations/relation-ids";
import type { Workspace } from "../workspace";

/** Makes objects what they were: those that were written, and those that were changed and never written. */
export function restore(workspace: Workspace, mementos: readonly UndoRecord[]): void {
  const remembered = new Set(mementos.map(({ instance }) => instance));
  for (const instance of workspace.identities) {
    if (remembered.has(instance)) continue;
    if (workspace.isDirty(instance)) restoreColumns(instance);
    for (const related of instance.related ?? []) if (related instanceof Collection) related.reset();
  }
  // All of them leave their places before any takes its old one.
  for (const { instance } of mementos) if (instance.snapshot) workspace.identities.remove(instance);
  for (const memento of mementos) restoreOne(workspace, memento);
  for (const { instance, shown } of mementos) showKeys(instance, shown);
}

function restoreOne(workspace: Workspace, memento: UndoRecord): void {
  const { instance } = memento;
  const written = memento.held || instance.owner ? undefined : instance.snapshot;
  workspace.pending.delete(instance);
  workspace.deleting.delete(instance);
  workspace.related.delete(instance);
  instance.snapshot = memento.snapshot;
  instance.key = memento.key;
  instance.deletion = memento.deletion;
  instance.soft = undefined;
  instance.replaces = undefined;
  instance.generation = memento.generation;
  instance.owner = memento.held ? workspace : undefined;
  restoreRelations(memento);
  if (memento.snapshot) restoreColumns(instance, written);
  else emptyAgain(memento);
  instance.undone = !memento.held;
  if (!memento.held || memento.deletion === "sent") return;
  if (memento.snapshot) workspace.identities.put(instance);
  else workspace.pending.add(instance);
  if (memento.deletion === "asked") workspace.deleting.add(instance);
}

function restoreRelations({ instance, snapshot, related: saved }: UndoRecord): void {
  if (!instance.related && !saved) return;
  for (const relation of instance.model.relations) {
    for (const other of forgottenBy(instance.relatedBy(relation), saved?.[relation.index])) other.undone = true;
    const related = snapshot
      ? restored(saved?.[relation.index])
      : unstored(instance.relatedBy(relation), saved?.[relation.index]);
    instance.relate(relation, related);
    if (related && !(related instanceof LazyCollection)) expose(instance, relation);
    else conceal(instance, relation);
  }
}

/**
 * Writes what is remembered back into an object.
 *
 * @param written what was written of an object that the session has let go of: what was set and not written is its own affair
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
  const remembered = snapshot[column.index];
  if (typeof remembered === "symbol") return false;
  return value === undefined ? remembered !== null : !column.codec.same(value, remembered);
}
