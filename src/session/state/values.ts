import { compiled } from "../../metadata/compiled";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { ValueToCome } from "../preview/plan";
import { instanceOf, NOT_LOADED, type Instance, type Reference } from "./instance";

/** A foreign key column, and the relation that decides its value. */
interface ForeignKeyColumn {
  readonly relation: RelationModel;
  readonly place: number;
  readonly referenced: ColumnModel;
}

const foreignKeys = new WeakMap<EntityModel, (ForeignKeyColumn | undefined)[]>();

/** For each column of an entity: the relation it is the foreign key of, if any. */
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

/** The value a column should have in the database by now; undefined where nobody said. */
export function currentValue(instance: Instance, asked: ColumnModel): unknown {
  const column = instance.model.ownColumn(asked);
  if (!column) return undefined;
  const foreignKey = foreignKeysOf(instance.model)[column.index];
  if (foreignKey) {
    const followed = followedValue(instance, column, foreignKey);
    if (followed !== undefined) return followed;
  }
  if (!column.isVirtual) return column.read(instance.entity);
  const remembered = instance.snapshot?.[column.index];
  return remembered === NOT_LOADED || remembered === undefined ? undefined : column.codec.thaw(remembered);
}

/** What the assigned relation says of its foreign key; undefined where it says nothing, or was overruled by the property. */
function followedValue(
  instance: Instance,
  column: ColumnModel,
  { relation, place, referenced }: ForeignKeyColumn,
): unknown {
  const reference = instance.relatedBy(relation) as Reference | undefined;
  if (!reference?.assigned) return undefined;
  if (!column.isVirtual && !Object.is(column.read(instance.entity), reference.copied?.[place])) return undefined;
  if (reference.entity === null) return null;
  const other = instanceOf(reference.entity);
  if (!other) return referenced.read(reference.entity) ?? null;
  // A row that is still to be inserted cannot be pointed at, though its key be known: NULL for now, an UPDATE later.
  if (!other.snapshot && other.owner && other !== instance) return null;
  return currentValue(other, referenced) ?? null;
}

/** A value as it travels to the database. */
export function encodedValue({ codec }: ColumnModel, value: unknown): unknown {
  return codec.encode && !(value instanceof ValueToCome) ? codec.encode(value) : value;
}

const readers = new WeakMap<EntityModel, (entity: object) => unknown[]>();

/** Reads all columns' properties of an object at once, compiled for the entity; undefined where no property holds the column. */
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

/** Values of the primary key, as they are now. */
export function keyValues(instance: Instance): unknown[] {
  return instance.model.primary.map((column) => currentValue(instance, column));
}

/** What the row has in a column, though the object may have another value by now; a column that was not read is as the object has it. */
export function storedValue(instance: Instance, column: ColumnModel): unknown {
  const own = instance.model.ownColumn(column);
  const remembered = own && instance.snapshot?.[own.index];
  return remembered === NOT_LOADED || remembered === undefined
    ? column.read(instance.entity)
    : column.codec.thaw(remembered);
}

/** Values of the primary key that the row has in the database. */
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
