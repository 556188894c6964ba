import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { QueryContext } from "../../query/context";
import { defaultOrder } from "../../query/default-order";
import { Column, condition, NEVER, ROOT, type Condition, type Order } from "../../query/expression";
import { Query } from "../../query/query";
import { SelectCompiler } from "../../query/select";
import { everyRow, type Selection } from "../../query/selection";
import { referencesPrimaryKey, type Relationships } from "../relations/relationships";
import { among, batches, keyOf } from "../state/batches";
import { instanceOf, type Instance } from "../state/instance";
import { encodedValue, storedValue } from "../state/values";

/** A relation to load. */
export interface RelationLoad {
  readonly context: QueryContext;
  readonly relationships: Relationships;
  readonly relation: RelationModel;
  /** Collects the objects that were not loaded before. */
  readonly newlyLoaded?: Set<object> | undefined;
}

/** Loads one relation of many objects, in one statement where their keys fit into one. */
export async function loadRelation(load: RelationLoad, owners: readonly Instance[]): Promise<void> {
  if (load.relation.isManyToMany) return loadManyToMany(load, owners);
  if (load.relation.holdsKey) return loadReferenced(load, owners);
  return loadReferencing(load, owners);
}

/** The condition that selects the rows that an object is related to. */
export function relatedTo(relationships: Relationships, owner: Instance, relation: RelationModel): Condition {
  if (relation.isManyToMany) return throughJunction(relation, owner);
  if (!relation.holdsKey) {
    const values = relation.joins.map(({ referenced }) => storedValue(owner, referenced));
    // A foreign key never refers to NULL.
    if (values.includes(null)) return NEVER;
    return among(
      relation.joins.map(({ foreign }) => foreign),
      [values],
    );
  }
  const values = relationships.foreignKeyValues(owner, relation);
  if (!values) return NEVER;
  return among(
    relation.joins.map(({ referenced }) => referenced),
    [values],
  );
}

/** Loads a relation whose foreign key the owners hold. */
async function loadReferenced(load: RelationLoad, owners: readonly Instance[]): Promise<void> {
  const { relation, relationships } = load;
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
  for (const entity of await find(load, columns, wanted)) {
    const key = keyOf(columns.map((column) => storedValue(instanceOf(entity)!, column)));
    for (const owner of byKey.get(key)?.owners ?? []) relationships.fillOne(owner, relation, entity);
    byKey.delete(key);
  }
  for (const group of byKey.values()) for (const owner of group.owners) relationships.fillOne(owner, relation, null);
}

/** Loads a relation, to many or to one, whose foreign key the other side holds. */
async function loadReferencing(load: RelationLoad, owners: readonly Instance[]): Promise<void> {
  const { relation, relationships } = load;
  const columns = relation.joins.map(({ foreign }) => foreign);
  const members = new Members(
    owners,
    relation.joins.map(({ referenced }) => referenced),
  );
  for (const entity of await find(load, columns, members.wanted)) {
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

async function loadManyToMany(load: RelationLoad, owners: readonly Instance[]): Promise<void> {
  const { context, relation, relationships, newlyLoaded } = load;
  const junction = relation.junction!;
  const columns = junction.toOwner.map(({ referenced }) => referenced);
  const members = new Members(owners, columns);
  const ready = context.ready(relation.label);
  const connection = ready instanceof Promise ? await ready : ready;
  for (const batch of batches(members.wanted, columns.length, context)) {
    const encoded = batch.map((values) => values.map((value, place) => encodedValue(columns[place]!, value)));
    const { sql, parameters } = new SelectCompiler(context.dialect, everyMember(relation)).linked(junction, encoded);
    const rows = await connection.rows(sql, parameters);
    const segment = { model: relation.target, offset: columns.length };
    const entities = await context.materialize([segment], rows, { populateExisting: false, newlyLoaded });
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
        `${quoted} = ${renderer.parameter(encodedValue(referenced, storedValue(owner, referenced)))}`,
    );
    const keys = toTarget.map(({ referenced }) => renderer.column(referenced, ROOT)).join(", ");
    const linked = toTarget.map(({ quoted }) => quoted).join(", ");
    return `(${keys}) IN (SELECT ${linked} FROM ${name} WHERE ${owned.join(" AND ")})`;
  });
}

/** Assigns members to owners by the values that both sides share. */
class Members {
  readonly #byKey = new Map<unknown, object[]>();
  readonly #keys = new Map<Instance, unknown>();
  /** The distinct values to look for. */
  readonly wanted: (readonly unknown[])[] = [];

  constructor(owners: readonly Instance[], columns: readonly ColumnModel[]) {
    for (const owner of owners) {
      const values = columns.map((column) => storedValue(owner, column));
      const key = keyOf(values);
      this.#keys.set(owner, key);
      if (this.#byKey.has(key)) continue;
      this.#byKey.set(key, []);
      // A foreign key never refers to NULL.
      if (!values.includes(null)) this.wanted.push(values);
    }
  }

  add(values: readonly unknown[], member: object): void {
    this.#byKey.get(keyOf(values))?.push(member);
  }

  of(owner: Instance): readonly object[] {
    // Owners may share a key, where the referenced column is not unique: each gets its own list.
    return [...this.#byKey.get(this.#keys.get(owner))!];
  }
}

function everyMember(relation: RelationModel): Selection {
  return { ...everyRow(relation.target), orders: orderOfMembers(relation) };
}

/** The order that the entity declares, and that of its keys. */
function orderOfMembers({ target }: RelationModel): Order[] {
  return [...defaultOrder(target), ...target.primary.map((column) => new Column(column).asc())];
}

/** The entities on a relation's other side whose columns have one of these values, ordered by key. */
async function find(
  { context, relation, newlyLoaded }: RelationLoad,
  columns: readonly ColumnModel[],
  wanted: readonly (readonly unknown[])[],
): Promise<object[]> {
  const query = Query.of<object>(() => context, relation.target).orderBy(...orderOfMembers(relation));
  const found: object[] = [];
  for (const batch of batches(wanted, columns.length, context))
    for (const entity of await query.filter(among(columns, batch)).collectNewlyLoaded(newlyLoaded).all())
      found.push(entity);
  return found;
}
