import { canonical } from "../../metadata/codec";
import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { QueryContext } from "../../query/context";
import { and, Column, condition, ROOT, NEVER, type Condition } from "../../query/expression";
import { Query } from "../../query/query";
import { SelectCompiler } from "../../query/select";
import { everyRow } from "../../query/selection";
import { instanceOf, type Instance } from "../state/instance";
import { referencesPrimaryKey, type Relationships } from "../relations/relationships";
import { storedValue } from "../state/values";

/** What loading a relation needs. */
export interface Loading {
  readonly context: QueryContext;
  readonly relationships: Relationships;
  readonly relation: RelationModel;
  /** Takes the objects that were not loaded before. */
  readonly arrivals?: Set<object> | undefined;
}

/** Loads one relation of many objects, in one statement where their keys fit into one, and fills it in. */
export async function loadRelation(loading: Loading, owners: readonly Instance[]): Promise<void> {
  if (loading.relation.isManyToMany) return loadManyToMany(loading, owners);
  if (loading.relation.holdsKey) return loadReferenced(loading, owners);
  return loadReferencing(loading, owners);
}

/** The condition that picks the rows one object is related to. */
export function relatedTo(relationships: Relationships, owner: Instance, relation: RelationModel): Condition {
  if (relation.isManyToMany) return throughJunction(relation, owner);
  if (!relation.holdsKey)
    return and(
      ...relation.joins.map(({ foreign, referenced }) => new Column(foreign).eq(storedValue(owner, referenced))),
    );
  const values = relationships.foreignKeyValues(owner, relation);
  if (!values) return NEVER;
  return and(...relation.joins.map(({ referenced }, place) => new Column(referenced).eq(values[place])));
}

/** To one, by the foreign keys that the owners hold. */
async function loadReferenced(loading: Loading, owners: readonly Instance[]): Promise<void> {
  const { relation, relationships } = loading;
  const columns = relation.joins.map(({ referenced }) => referenced);
  const known = referencesPrimaryKey(relation);
  const byKey = new Map<unknown, { values: readonly unknown[]; owners: Instance[] }>();
  for (const owner of owners) {
    const values = relationships.foreignKeyValues(owner, relation);
    if (!values) {
      relationships.fillOne(owner, relation, null);
      continue;
    }
    const loaded = known ? relationships.loadedTarget(owner, relation) : undefined;
    if (loaded) {
      relationships.fillOne(owner, relation, loaded);
      continue;
    }
    const key = keyOf(values);
    const group = byKey.get(key);
    if (group) group.owners.push(owner);
    else byKey.set(key, { values, owners: [owner] });
  }
  const wanted = [...byKey.values()].map(({ values }) => values);
  for (const entity of await find(loading, columns, wanted)) {
    const key = keyOf(columns.map((column) => storedValue(instanceOf(entity)!, column)));
    for (const owner of byKey.get(key)?.owners ?? []) relationships.fillOne(owner, relation, entity);
    byKey.delete(key);
  }
  for (const group of byKey.values()) for (const owner of group.owners) relationships.fillOne(owner, relation, null);
}

/** To many (or one), by the foreign keys that the other side holds. */
async function loadReferencing(loading: Loading, owners: readonly Instance[]): Promise<void> {
  const { relation, relationships } = loading;
  const columns = relation.joins.map(({ foreign }) => foreign);
  const members = new Members(
    owners,
    relation.joins.map(({ referenced }) => referenced),
  );
  for (const entity of await find(loading, columns, members.wanted)) {
    const instance = instanceOf(entity)!;
    members.add(
      columns.map((column) => storedValue(instance, column)),
      entity,
    );
  }
  for (const owner of owners) {
    const found = members.of(owner);
    if (relation.toMany) relationships.fillMany(owner, relation, found);
    else relationships.fillOne(owner, relation, found[0] ?? null);
  }
}

async function loadManyToMany(loading: Loading, owners: readonly Instance[]): Promise<void> {
  const { context, relation, relationships, arrivals } = loading;
  const junction = relation.junction!;
  const columns = junction.toOwner.map(({ referenced }) => referenced);
  const members = new Members(owners, columns);
  const ready = context.ready(relation.label);
  const connection = ready instanceof Promise ? await ready : ready;
  for (const portion of batches(members.wanted, columns.length, context)) {
    const encoded = portion.map((values) => values.map((value, place) => encodedFor(columns[place]!, value)));
    const { sql, parameters } = new SelectCompiler(context.dialect, everyRow(relation.target)).linked(
      junction,
      encoded,
    );
    const rows = await connection.rows(sql, parameters);
    const segment = { model: relation.target, offset: columns.length };
    const entities = await context.materialize([segment], rows, { populateExisting: false, arrivals });
    rows.forEach((row, index) => {
      const key = columns.map(({ codec }, place) => (codec.decode ? codec.decode(row[place]) : row[place]));
      members.add(key, entities[index]!);
    });
  }
  for (const owner of owners) relationships.fillMany(owner, relation, members.of(owner));
}

function throughJunction({ junction: table }: RelationModel, owner: Instance): Condition {
  const { table: name, toOwner, toTarget } = table!;
  return condition((renderer) => {
    const owned = toOwner.map(
      ({ quoted, referenced }) =>
        `${quoted} = ${renderer.parameter(encodedFor(referenced, storedValue(owner, referenced)))}`,
    );
    const keys = toTarget.map(({ referenced }) => renderer.column(referenced, ROOT)).join(", ");
    const linked = toTarget.map(({ quoted }) => quoted).join(", ");
    return `(${keys}) IN (SELECT ${linked} FROM ${name} WHERE ${owned.join(" AND ")})`;
  });
}

/** Who belongs to whom, by the values that both sides share. */
class Members {
  readonly #byKey = new Map<unknown, object[]>();
  readonly #keys = new Map<Instance, unknown>();
  /** The values to look for, each once. */
  readonly wanted: (readonly unknown[])[] = [];

  constructor(owners: readonly Instance[], columns: readonly ColumnModel[]) {
    for (const owner of owners) {
      const values = columns.map((column) => storedValue(owner, column));
      const key = keyOf(values);
      this.#keys.set(owner, key);
      if (this.#byKey.has(key)) continue;
      this.#byKey.set(key, []);
      // Nobody refers to NULL.
      if (!values.includes(null)) this.wanted.push(values);
    }
  }

  add(values: readonly unknown[], member: object): void {
    this.#byKey.get(keyOf(values))?.push(member);
  }

  of(owner: Instance): readonly object[] {
    // Owners may share a key (a relation to a column that is not unique): each gets a list of its own.
    return [...this.#byKey.get(this.#keys.get(owner))!];
  }
}

/** The entities of a relation's other side whose columns have one of these values, in the order of their keys. */
async function find(
  { context, relation, arrivals }: Loading,
  columns: readonly ColumnModel[],
  wanted: readonly (readonly unknown[])[],
): Promise<object[]> {
  const query = Query.of<object>(() => context, relation.target).orderBy(
    ...relation.target.primary.map((column) => new Column(column).asc()),
  );
  const found: object[] = [];
  for (const portion of batches(wanted, columns.length, context))
    for (const entity of await query.filter(among(columns, portion)).arriving(arrivals).all()) found.push(entity);
  return found;
}

/** The condition that columns have one of these values. */
export function among(columns: readonly ColumnModel[], wanted: readonly (readonly unknown[])[]): Condition {
  if (columns.length === 1) return new Column(columns[0]!).in(wanted.map(([value]) => value));
  return condition((renderer) => {
    const tuples = wanted.map(
      (values) =>
        `(${values.map((value, place) => renderer.parameter(encodedFor(columns[place]!, value))).join(", ")})`,
    );
    const left = columns.map((column) => renderer.column(column, ROOT)).join(", ");
    return renderer.dialect.tupleIn(`(${left})`, tuples);
  });
}

/** A list of single keys travels whole; keys of several parts as many at a time as a statement has parameters for. */
export function batches<T>(
  wanted: readonly T[],
  width: number,
  { dialect }: Pick<QueryContext, "dialect">,
): (readonly T[])[] {
  if (wanted.length === 0) return [];
  if (width === 1) return [wanted];
  const size = Math.min(LARGEST_PORTION, Math.floor(dialect.parameterLimit / width) - 10);
  return Array.from({ length: Math.ceil(wanted.length / size) }, (_, index) =>
    wanted.slice(index * size, (index + 1) * size),
  );
}

/** Keys of several parts are looked at one after the other by some databases. */
const LARGEST_PORTION = 1_000;

function encodedFor({ codec }: ColumnModel, value: unknown): unknown {
  return codec.encode ? codec.encode(value) : value;
}

/** Something that a Map finds again. Keys may come as a number on one side and as text on the other (bigint). */
export function keyOf(values: readonly unknown[]): unknown {
  const [value] = values;
  if (values.length === 1 && typeof value !== "object") return typeof value === "string" ? value : String(value);
  return canonical(values.map((part) => (typeof part === "number" || typeof part === "bigint" ? String(part) : part)));
}
