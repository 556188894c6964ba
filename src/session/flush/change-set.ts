import type { Cuts } from "./cascades";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { isTracked, type Hydrator } from "../relations/hydrator";
import { instanceOf, NOT_LOADED, type Instance, type Reference } from "../state/instance";
import { currentValue, foreignKeysOf } from "../state/values";

/** A column that has to be written, and what to write. */
export interface Change {
  readonly column: ColumnModel;
  /** NULL for a foreign key whose row is still to be inserted. */
  readonly value: unknown;
  /** What the database makes the value of, where nobody gave one: the column's default, in SQL. */
  readonly made?: string | undefined;
  /** Whether it stands there for what is still to come, and the property keeps what it has. */
  readonly forNow?: true;
}

/**
 * What an UPDATE of an object has to write: the changed columns only.
 *
 * @param cut relations that have lost their object
 */
export function changesOf(instance: Instance, cut?: Cuts): Change[] {
  const { snapshot, model } = instance;
  const changes: Change[] = [];
  if (!snapshot) return changes;
  const keys = foreignKeysOf(model);
  if (instance.replaces) return replacingChanges(instance, model, snapshot);
  for (const column of model.columns) {
    const key = keys[column.index];
    if (!isTracked(column) && !(column.isVirtual && key)) continue;
    const fate = key && cut?.get(key.relation);
    if (fate === "stays") continue;
    const value = fate === "null" ? null : currentValue(instance, column);
    if (value === undefined) continue;
    if (!column.codec.same(value, snapshot[column.index]) || (key && !fate && isAwaited(instance, key.relation)))
      changes.push({ column, value });
  }
  return changes;
}

/**
 * Those of the changes that can be written now. What a foreign key is to point at may not be there yet, where rows wait for
 * each other: it is NULL so long, or stays what it is where it must not be.
 */
export function changesForNow(instance: Instance): Change[] {
  const keys = foreignKeysOf(instance.model);
  return changesOf(instance).flatMap((change): Change[] => {
    const { column } = change;
    const key = keys[column.index];
    if (!key || !isAwaited(instance, key.relation)) return [change];
    const isLeft = !column.metadata.isNullable || column.isPrimary || instance.snapshot![column.index] === null;
    return isLeft ? [] : [{ column, value: null, forNow: true }];
  });
}

/** What makes the row of a deleted object what an INSERT of the new one would have made. */
function replacingChanges(instance: Instance, model: EntityModel, snapshot: readonly unknown[]): Change[] {
  const changes: Change[] = [];
  const keys = foreignKeysOf(model);
  for (const column of model.columns) {
    const { metadata, codec, index, isVirtual, isOfChild } = column;
    const key = keys[index];
    if (isOfChild || (isVirtual && !key) || column.isPrimary || metadata.isDiscriminator || metadata.isVersion)
      continue;
    if (metadata.isInsert === false || metadata.asExpression !== undefined) continue;
    const value = currentValue(instance, column);
    if (value !== undefined && !(value === null && metadata.isGenerated)) {
      if (!codec.same(value, snapshot[index]) || (key && isAwaited(instance, key.relation)))
        changes.push({ column, value });
    } else if (metadata.isGenerated || metadata.isUpdateDate) continue;
    else if (column.hasDefault) changes.push({ column, value, made: column.defaultSQL });
    else if (snapshot[index] !== null || (snapshot[index] as unknown) === NOT_LOADED)
      changes.push({ column, value: null });
  }
  return changes;
}

/** Whether an UPDATE of an object would have anything to write, found as fast as can be. */
export function isModified(instance: Instance, hydrator: Hydrator): boolean {
  if (!instance.snapshot) return false;
  if (hydrator.isDirty(instance.entity, instance.snapshot)) return true;
  return followsSomebody(instance) && changesOf(instance).length > 0;
}

/** Whether a foreign key is to point at a row that is still to be inserted, or to get its key. */
export function isAwaited(instance: Instance, relation: RelationModel): boolean {
  const reference = instance.relatedBy(relation) as Reference | undefined;
  if (!reference?.assigned || !reference.entity) return false;
  const other = instanceOf(reference.entity);
  if (!other) return false;
  if (other.snapshot) return other !== instance && changesWhatItIsKnownBy(other, other.snapshot, relation);
  // Somebody who is only spoken of by its own side does not come into the session.
  return other.owner !== undefined || !reference.told;
}

/** A foreign key may have this very value already, as that of another row, which it follows when that one's key changes too. */
function changesWhatItIsKnownBy(other: Instance, snapshot: readonly unknown[], { joins }: RelationModel): boolean {
  return joins.some(({ referenced }) => {
    const own = other.model.ownColumn(referenced);
    const value = own && currentValue(other, own);
    return value !== undefined && !own!.codec.same(value, snapshot[own!.index]);
  });
}

/** Whether a relation was set since the last flush: its foreign key may have to follow. */
function followsSomebody({ related, model }: Instance): boolean {
  if (!related) return false;
  for (let index = 0; index < related.length; index++) {
    const one = related[index];
    if (one && "assigned" in one && one.assigned && model.relations[index]!.holdsKey) return true;
  }
  return false;
}
