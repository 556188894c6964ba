import type { ColumnModel } from "../metadata/model";
import { isTracked, type Hydrator } from "./hydrator";
import type { Instance } from "./instance";
import { currentValue, foreignKeysOf } from "./values";

/** A column that has to be written, and what to write. */
export interface Change {
  readonly column: ColumnModel;
  readonly value: unknown;
}

/** What an UPDATE of an object has to write: the changed columns only. */
export function changesOf(instance: Instance): Change[] {
  const { snapshot, model } = instance;
  const changes: Change[] = [];
  if (!snapshot) return changes;
  const keys = foreignKeysOf(model);
  for (const column of model.columns) {
    if (!isTracked(column) && !(column.isVirtual && keys[column.index])) continue;
    const value = currentValue(instance, column);
    if (value !== undefined && !column.codec.same(value, snapshot[column.index])) changes.push({ column, value });
  }
  return changes;
}

/** Whether an UPDATE of an object would have anything to write, found as fast as can be. */
export function isModified(instance: Instance, hydrator: Hydrator): boolean {
  if (!instance.snapshot) return false;
  if (hydrator.isDirty(instance.entity, instance.snapshot)) return true;
  return instance.related !== undefined && changesOf(instance).length > 0;
}
