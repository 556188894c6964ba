import { compiled } from "../../metadata/compiled";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { instanceOf, NOT_LOADED, type Instance } from "./instance";
import { PendingValue } from "./pending-value";

/** A foreign key column, and the relation that decides its value. */
interface ForeignKeyColumn {
  readonly relation: RelationModel;
  readonly place: number;
  readonly referenced: ColumnModel;
}

const foreignKeys = new WeakMap<EntityModel, (ForeignKeyColumn | undefined)[]>();

/** For each column of an entity: the relation whose foreign key it belongs to, if any. */
export function foreignKeysOf(model: EntityModel): readonly (ForeignKeyColumn | undefined)[] {
  let columns = foreignKeys.get(model);
  if (columns) return columns;
  columns = new Array<ForeignKeyColumn | undefined>(model.columns.length).fill(undefined);
  for (const relation of model.relations) {
    if (!relation.holdsKey || relation.metadata.persistenceEnabled === false) continue;
    relation.joins.forEach(({ foreign, referenced }, place) => {
      columns[foreign.index] ??= { relation, place, referenced };
    });
  }
  foreignKeys.set(model, columns);
  return columns;
}

/** The value that an object has for a column now; undefined where it has none. */
export function currentValue(instance: Instance, asked: ColumnModel): unknown {
  const column = instance.model.ownColumn(asked);
  if (!column) return undefined;
  const foreignKey = foreignKeysOf(instance.model)[column.index];
  if (foreignKey) {
    const key = keyOfReference(instance, column, foreignKey);
    if (key !== undefined) return key;
  }
  if (!column.isVirtual) return column.read(instance.entity);
  const stored = instance.snapshot?.[column.index];
  return stored === NOT_LOADED || stored === undefined ? undefined : column.codec.thaw(stored);
}

/** What an assigned relation makes of its foreign key; undefined where none was assigned, or the property was set after it. */
function keyOfReference(
  instance: Instance,
  column: ColumnModel,
  { relation, place, referenced }: ForeignKeyColumn,
): unknown {
  const reference = instance.reference(relation);
  if (!reference?.isChanged) return undefined;
  if (reference.entity === null && staysWithoutTarget(relation, column)) return undefined;
  if (!column.isVirtual && !Object.is(column.read(instance.entity), reference.copiedKey?.[place])) return undefined;
  if (reference.entity === null) return null;
  const other = instanceOf(reference.entity);
  if (!other) return referenced.read(reference.entity) ?? null;
  // A foreign key cannot refer to a row that is not inserted yet, though its key be known: NULL for now, an UPDATE later.
  if (!other.snapshot && other.owner && other !== instance) return null;
  return currentValue(other, referenced) ?? null;
}

/**
 * Whether a column of a composite foreign key keeps its value when the relation is set to null: one that must not be NULL, a
 * tenant's key that other relations share, where another column of the key can be.
 */
export function staysWithoutTarget({ joins, model }: RelationModel, column: ColumnModel): boolean {
  const canBeNull = ({ metadata, isPrimary }: ColumnModel): boolean => metadata.isNullable && !isPrimary;
  const own = model.ownColumn(column);
  return own !== undefined && !canBeNull(own) && joins.some(({ foreign }) => canBeNull(foreign));
}

/** A value as it is sent to the database. */
export function encodedValue({ codec }: ColumnModel, value: unknown): unknown {
  return codec.encode && !(value instanceof PendingValue) ? codec.encode(value) : value;
}

const readers = new WeakMap<EntityModel, (entity: object) => unknown[]>();

/** Reads all columns' properties of an object at once, compiled for the entity; undefined for a column without a property. */
export function propertiesOf(model: EntityModel): (entity: object) => unknown[] {
  let reader = readers.get(model);
  if (!reader) readers.set(model, (reader = compileReader(model)));
  return reader;
}

function compileReader({ columns }: EntityModel): (entity: object) => unknown[] {
  const values = columns.map(({ isVirtual, isOfChild, path, property }, index) => {
    if (isVirtual || isOfChild) return "undefined";
    return path.length === 1 ? `entity[${JSON.stringify(property)}]` : `read[${index}](entity)`;
  });
  return compiled(
    ["read"],
    [columns.map((column) => (entity: object) => column.read(entity))],
    `return function properties(entity) { return [${values.join(", ")}]; };`,
  );
}

/** The current values of the primary key. */
export function keyValues(instance: Instance): unknown[] {
  return instance.model.primary.map((column) => currentValue(instance, column));
}

/** The value that the row has in a column; where it was not read, the value of the property. */
export function storedValue(instance: Instance, column: ColumnModel): unknown {
  const own = instance.model.ownColumn(column);
  const stored = own && instance.snapshot?.[own.index];
  return stored === NOT_LOADED || stored === undefined ? column.read(instance.entity) : column.codec.thaw(stored);
}

/** The values of the primary key that the row has in the database. */
export function storedKeyValues(instance: Instance): unknown[] {
  return instance.model.primary.map((column) => column.codec.thaw(instance.snapshot![column.index]));
}

/** The primary key that the row has in the database, as it is sent. */
export function keyParameters({ model, snapshot }: Instance): unknown[] {
  const { primary } = model;
  const parameters = new Array<unknown>(primary.length);
  for (let place = 0; place < primary.length; place++) {
    const { codec, index } = primary[place]!;
    parameters[place] = encodedValue(primary[place]!, codec.plain ? snapshot![index] : codec.thaw(snapshot![index]));
  }
  return parameters;
}

const EMPTY: readonly unknown[] = [];

/** The values of an object's `@RelationId` properties. */
export function relationIdValues({ entity, model: { relationIds } }: Instance): readonly unknown[] {
  return relationIds.length === 0
    ? EMPTY
    : relationIds.map(({ property }) => (entity as Record<string, unknown>)[property]);
}

/** Sets the `@RelationId` properties that an object has to earlier values. */
export function restoreRelationIds(instance: Instance, values: readonly unknown[]): void {
  instance.model.relationIds.forEach(({ property }, place) => {
    if (!(property in instance.entity)) return;
    const isEnumerable = Object.prototype.propertyIsEnumerable.call(instance.entity, property);
    writeRelationId(instance, property, values[place], isEnumerable);
  });
}

export function writeRelationId({ entity }: Instance, property: string, value: unknown, enumerable = true): void {
  const own = Object.getOwnPropertyDescriptor(entity, property);
  if (enumerable === (own?.enumerable ?? true)) (entity as Record<string, unknown>)[property] = value;
  else Object.defineProperty(entity, property, { value, writable: true, enumerable, configurable: true });
}
