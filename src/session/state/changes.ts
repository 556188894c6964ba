import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { instanceOf, NOT_LOADED, type Instance } from "./instance";
import { PendingValue } from "./pending-value";
import { currentValue, foreignKeysOf } from "./values";

/** A column that has to be written, and its value. */
export interface Change {
  readonly column: ColumnModel;
  /** NULL for a foreign key whose row is still to be inserted. */
  readonly value: unknown;
  /** The column's default, in SQL, where the object has no value for it. */
  readonly defaultSQL?: string | undefined;
  /** Whether a later UPDATE of the same flush writes the final value; the property keeps what it has. */
  readonly isTemporary?: true;
}

/**
 * What becomes of the foreign keys of an object that lost its parents, in the words of TypeORM's `orphanedRowAction`:
 * `"nullify"` sets NULL, `"disable"` keeps the stored value.
 */
export type OrphanActions = ReadonlyMap<RelationModel, "nullify" | "disable">;

/** Columns whose changes an UPDATE writes. */
export function isTracked({ isVirtual, isOfChild, metadata }: ColumnModel): boolean {
  return (
    !isVirtual && !isOfChild && !metadata.isDiscriminator && metadata.asExpression === undefined && metadata.isUpdate
  );
}

const compared = new WeakMap<EntityModel, readonly ColumnModel[]>();

/** The columns that are compared with the snapshot: the tracked ones, and foreign keys without a property. */
function comparedColumns(model: EntityModel): readonly ColumnModel[] {
  let columns = compared.get(model);
  if (!columns) {
    const keys = foreignKeysOf(model);
    columns = model.columns.filter((column) => isTracked(column) || (column.isVirtual && keys[column.index]));
    compared.set(model, columns);
  }
  return columns;
}

/**
 * The columns that an UPDATE of an object has to write.
 *
 * @param orphaned relations whose parent is deleted in the same flush
 */
export function changesOf(instance: Instance, orphaned?: OrphanActions): Change[] {
  const { snapshot, model } = instance;
  const changes: Change[] = [];
  if (!snapshot) return changes;
  if (instance.reusesRowOf) return changesOfReusedRow(instance, model, snapshot);
  const keys = foreignKeysOf(model);
  for (const column of comparedColumns(model)) {
    const key = keys[column.index];
    const action = key && orphaned?.get(key.relation);
    if (action === "disable") continue;
    const value = action === "nullify" ? null : currentValue(instance, column);
    if (value === undefined) continue;
    if (!column.codec.same(value, snapshot[column.index]) || (key && !action && isAwaited(instance, key.relation)))
      changes.push({ column, value: normalized(column, value) });
  }
  return changes;
}

/** A value as its column keeps it. */
function normalized({ codec }: ColumnModel, value: unknown): unknown {
  return codec.normalize && !(value instanceof PendingValue) ? codec.normalize(value) : value;
}

/**
 * The changes that can be written before the rows that the object waits for. A foreign key to a row that is not inserted
 * yet is NULL until then, or unchanged where it must not be NULL.
 */
export function changesForNow(instance: Instance): Change[] {
  const keys = foreignKeysOf(instance.model);
  return changesOf(instance).flatMap((change): Change[] => {
    const { column } = change;
    const key = keys[column.index];
    if (!key || !isAwaited(instance, key.relation)) return [change];
    const isUnchanged = !column.metadata.isNullable || column.isPrimary || instance.snapshot![column.index] === null;
    return isUnchanged ? [] : [{ column, value: null, isTemporary: true }];
  });
}

/** The UPDATE that makes the row of a deleted object what an INSERT of the new object would have made. */
function changesOfReusedRow(instance: Instance, model: EntityModel, snapshot: readonly unknown[]): Change[] {
  const changes: Change[] = [];
  const keys = foreignKeysOf(model);
  for (const column of model.columns) {
    const { metadata, codec, index, isVirtual, isOfChild } = column;
    const key = keys[index];
    if (isOfChild || (isVirtual && !key) || column.isPrimary || metadata.isDiscriminator) continue;
    // The row's version is counted on, unless the new object has one.
    if (metadata.isVersion && (currentValue(instance, column) ?? null) === null) continue;
    if (metadata.isInsert === false || metadata.asExpression !== undefined) continue;
    const value = currentValue(instance, column);
    if (value !== undefined && !(value === null && metadata.isGenerated)) {
      if (!codec.same(value, snapshot[index]) || (key && isAwaited(instance, key.relation)))
        changes.push({ column, value: normalized(column, value) });
    } else if (metadata.isGenerated || metadata.isUpdateDate) continue;
    else if (column.hasDefault) changes.push({ column, value, defaultSQL: column.defaultSQL });
    else if (snapshot[index] !== null || (snapshot[index] as unknown) === NOT_LOADED)
      changes.push({ column, value: null });
  }
  return changes;
}

/** Compares all columns of an object with its snapshot at once; compiled for the entity. */
interface DirtyCheck {
  isDirty(entity: object, snapshot: readonly unknown[]): boolean;
}

/** Whether an UPDATE of an object would have anything to write. */
export function isModified(instance: Instance, check: DirtyCheck): boolean {
  if (!instance.snapshot) return false;
  if (check.isDirty(instance.entity, instance.snapshot)) return true;
  return hasAssignedReference(instance) && changesOf(instance).length > 0;
}

/** Whether any relation of an object holds what is not stored; members are compared with those that were loaded. */
export function hasChangedRelation({ related }: Instance): boolean {
  if (!related) return false;
  for (let index = 0; index < related.length; index++) if (related[index]?.isChanged) return true;
  return false;
}

/** Whether a foreign key will refer to a row that is still to be inserted, or whose key is about to change. */
export function isAwaited(instance: Instance, relation: RelationModel): boolean {
  const reference = instance.reference(relation);
  if (!reference?.isChanged || !reference.entity) return false;
  const other = instanceOf(reference.entity);
  if (!other) return false;
  if (other.snapshot) return other !== instance && changesReferencedColumn(other, other.snapshot, relation);
  // An object that only its own side relates to this one is not added to the session.
  return other.owner !== undefined || !reference.isNotified;
}

/** The foreign key may hold the new value already, as the key of another row: it has to be written after the change. */
function changesReferencedColumn(other: Instance, snapshot: readonly unknown[], { joins }: RelationModel): boolean {
  return joins.some(({ referenced }) => {
    const own = other.model.ownColumn(referenced);
    const value = own && currentValue(other, own);
    return value !== undefined && !own!.codec.same(value, snapshot[own!.index]);
  });
}

/** Whether a relation that holds a foreign key was set since the last flush. */
function hasAssignedReference({ related, model }: Instance): boolean {
  if (!related) return false;
  for (let index = 0; index < related.length; index++)
    if (model.relations[index]!.holdsKey && related[index]?.isChanged) return true;
  return false;
}
