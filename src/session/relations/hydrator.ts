import type { Row } from "../../dialect/dialect";
import { compiled } from "../../metadata/compiled";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import { isTracked } from "../state/changes";
import { NOT_LOADED } from "../state/instance";
import { prototypeWithRelations } from "./instrument";
import type { Relationships } from "./relationships";
import { dataSourceOf } from "../../typeorm/data-source";

/**
 * Creates objects from rows, and detects changes of them. Both are compiled for the entity: a function that names its
 * properties is several times faster than a loop over its columns.
 */
export interface Hydrator {
  /** Creates an object with the values of a row, whose columns begin at `offset`. */
  create(row: Row, offset: number): object;
  /** Writes the values of a row into an object. */
  populate(entity: object, row: Row, offset: number): void;
  /** The snapshot of a row. It may be the row itself. */
  snapshot(row: Row, offset: number): unknown[];
  /** Whether any column differs from the snapshot. */
  isDirty(entity: object, snapshot: readonly unknown[]): boolean;
  /** The places of the primary key in `model.selected`. */
  readonly keyPlaces: readonly number[];
}

const hydrators = new WeakMap<EntityModel, Hydrator>();

export function hydratorOf(model: EntityModel, relationships: Relationships): Hydrator {
  let hydrator = hydrators.get(model);
  if (!hydrator) hydrators.set(model, (hydrator = compile(model, relationships)));
  return hydrator;
}

function compile(model: EntityModel, relationships: Relationships): Hydrator {
  const { selected, columns } = model;
  const whole = selected.length === columns.length && selected.every((column, index) => column.index === index);
  const populate = compilePopulate(selected);
  return {
    create: creatorOf(model, relationships, populate),
    populate,
    snapshot: compileSnapshot(model, whole),
    isDirty: compileIsDirty(columns.filter(isTracked)),
    keyPlaces: model.primary.map((column) => selected.indexOf(column)),
  };
}

type Populate = (entity: object, row: Row, offset: number) => void;

function compilePopulate(selected: readonly ColumnModel[]): Populate {
  return compileAssignments(selected, "entity", "(entity, row, offset)") as Populate;
}

/** A function that writes a row's values into the object that `holder` names. */
function compileAssignments(selected: readonly ColumnModel[], holder: string, parameters: string): unknown {
  const lines: string[] = [];
  selected.forEach((column, place) => {
    if (column.isVirtual || column.isOfChild) return;
    const raw = `row[offset + ${place}]`;
    const value = column.codec.decode
      ? `decode[${place}](${raw})`
      : column.codec.plain
        ? raw
        : `thaw[${place}](${raw})`;
    lines.push(
      column.path.length === 1
        ? `${holder}[${JSON.stringify(column.property)}] = ${value};`
        : `write[${place}](${holder}, ${value});`,
    );
  });
  return compiled(
    ["decode", "thaw", "write"],
    [
      selected.map(({ codec }) => codec.decode),
      selected.map(({ codec }) => codec.thaw),
      selected.map((column) => (entity: object, value: unknown) => column.write(entity, value)),
    ],
    `return function populate${parameters} {\n${lines.join("\n")}\n};`,
  );
}

function compileSnapshot(model: EntityModel, whole: boolean): (row: Row, offset: number) => unknown[] {
  const { columns } = model;
  // Computed values come after these in a row. They are read-only, so the snapshot leaves them out.
  const selected = model.selected.filter(({ isComputed }) => !isComputed);
  const changes = selected
    .map((column, place) => ({ column, place }))
    .filter(({ column: { codec } }) => !codec.plain || codec.decode !== undefined);
  const width = columns.length;
  return (row, offset) => {
    // A row of this entity alone is its own snapshot, without a copy.
    let snapshot: unknown[];
    if (whole) snapshot = offset === 0 && row.length === width ? row : row.slice(offset, offset + width);
    else {
      snapshot = new Array<unknown>(width).fill(NOT_LOADED);
      for (let place = 0; place < selected.length; place++) snapshot[selected[place]!.index] = row[offset + place];
    }
    for (const { column } of changes) snapshot[column.index] = column.codec.freeze(snapshot[column.index]);
    return snapshot;
  };
}

function compileIsDirty(tracked: readonly ColumnModel[]): Hydrator["isDirty"] {
  const conditions = tracked.map((column, place) => {
    const { index } = column;
    const value = column.path.length === 1 ? `entity[${JSON.stringify(column.property)}]` : `read[${place}](entity)`;
    // `===` is inlined; only values that differ there are compared by the codec.
    return `((value = ${value}) !== snapshot[${index}] && value !== undefined && !codec[${place}].same(value, snapshot[${index}]))`;
  });
  return compiled(
    ["codec", "read"],
    [tracked.map(({ codec }) => codec), tracked.map((column) => (entity: object) => column.read(entity))],
    `return function isDirty(entity, snapshot) { let value; return ${conditions.join("\n|| ") || "false"}; };`,
  );
}

/**
 * Creates objects of a class. A constructor that only declares fields is not called: an object that is created with its
 * values takes a fraction of the time. Any other is called, as TypeORM calls it.
 */
function creatorOf(model: EntityModel, relationships: Relationships, populate: Populate): Hydrator["create"] {
  const target = typeof model.metadata.target === "function" ? (model.metadata.target as new () => object) : undefined;
  const prototype = (target?.prototype ?? Object.prototype) as object;
  const instrumented = prototypeWithRelations(model, prototype, relationships);
  if (!target || !needsConstructor(model, target)) {
    const Row = compileAssignments(model.selected, "this", "(row, offset)") as new (row: Row, offset: number) => object;
    Row.prototype = instrumented;
    return (row, offset) => new Row(row, offset);
  }
  const own = model.relations.filter(({ path }) => path.length === 1).map(({ property }) => property);
  return (row, offset) => {
    const entity = new target();
    for (const property of own)
      if (Object.hasOwn(entity, property)) delete (entity as Record<string, unknown>)[property];
    // The prototype of a frozen class cannot be extended.
    if (instrumented !== prototype) Object.setPrototypeOf(entity, instrumented);
    populate(entity, row, offset);
    return entity;
  };
}

function needsConstructor({ metadata }: EntityModel, target: new () => object): boolean {
  if (dataSourceOf(metadata).options.entitySkipConstructor) return false;
  if (doesMoreThanDeclare(target)) return metadata.isAlwaysUsingConstructor;
  try {
    return !Object.values(new target()).every((value) => value === undefined);
  } catch {
    return false;
  }
}

/** Whether creating an object may have effects that its own properties do not show: a constructor, private fields. */
function doesMoreThanDeclare(target: unknown): boolean {
  for (
    let type = target;
    typeof type === "function" && type !== Function.prototype;
    type = Object.getPrototypeOf(type) as unknown
  ) {
    const text = Function.prototype.toString.call(type);
    if (!text.startsWith("class") || /(^|[{};\s])constructor\s*\(|(^|[\s{;])#\w|WeakMap|WeakSet/.test(text))
      return true;
  }
  return false;
}
