import type { Row } from "../dialect/dialect";
import { canonical } from "../metadata/codec";
import type { ColumnModel, JunctionModel, RelationModel } from "../metadata/model";
import type { QueryContext } from "../query/context";
import { and, Column, Condition, or, type Renderer } from "../query/expression";
import { Query } from "../query/query";
import { SelectCompiler } from "../query/select";
import { instanceOf, NOT_LOADED, type Instance } from "./instance";
import type { Relationships } from "./relationships";

/** Loads one relation of many objects in one statement and fills it in. */
export async function loadRelation(
  context: QueryContext,
  relationships: Relationships,
  owners: readonly Instance[],
  relation: RelationModel,
): Promise<void> {
  if (relation.isManyToMany) return loadManyToMany(context, relationships, owners, relation);
  if (relation.holdsKey) return loadReferenced(context, relationships, owners, relation);
  return loadReferencing(context, relationships, owners, relation);
}

/** The condition that picks the rows one object is related to. */
export function relatedTo(relationships: Relationships, owner: Instance, relation: RelationModel): Condition {
  if (relation.junction) return throughJunction(relation.junction, relation, owner);
  if (!relation.holdsKey)
    return and(...relation.joins.map(({ foreign, referenced }) => new Column(foreign).eq(referenced.read(owner.entity))));
  const key = relationships.foreignKey(owner, relation);
  return and(
    ...relation.joins.map(({ referenced }) =>
      new Column(referenced).eq(relation.joins.length === 1 ? key : (key as Record<string, unknown>)[referenced.property]),
    ),
  );
}

/** To one, by the foreign keys that the owners hold. */
async function loadReferenced(
  context: QueryContext,
  relationships: Relationships,
  owners: readonly Instance[],
  relation: RelationModel,
): Promise<void> {
  const keys = new Map<Instance, string>();
  const wanted = new Map<string, unknown[]>();
  for (const owner of owners) {
    const key = relationships.foreignKey(owner, relation);
    if (key === undefined) {
      relationships.fillOne(owner, relation, null);
      continue;
    }
    const parts = relation.joins.length === 1 ? [key] : relation.joins.map(({ referenced }) => (key as Record<string, unknown>)[referenced.property]);
    keys.set(owner, canonical(parts.map(comparable)));
    wanted.set(keys.get(owner)!, parts);
  }
  if (wanted.size === 0) return;
  const columns = relation.joins.map(({ referenced }) => referenced);
  const found = new Map<string, object>();
  for (const entity of await find(context, relation, columns, [...wanted.values()])) {
    found.set(canonical(columns.map((column) => comparable(column.read(entity)))), entity);
  }
  for (const [owner, key] of keys) relationships.fillOne(owner, relation, found.get(key) ?? null);
}

/** To many (or one), by the foreign keys that the other side holds. */
async function loadReferencing(
  context: QueryContext,
  relationships: Relationships,
  owners: readonly Instance[],
  relation: RelationModel,
): Promise<void> {
  const columns = relation.joins.map(({ foreign }) => foreign);
  const byKey = new Map<string, object[]>();
  const keyOf = new Map<Instance, string>();
  const wanted: unknown[][] = [];
  for (const owner of owners) {
    const parts = relation.joins.map(({ referenced }) => referenced.read(owner.entity));
    const key = canonical(parts.map(comparable));
    keyOf.set(owner, key);
    if (byKey.has(key)) continue;
    byKey.set(key, []);
    wanted.push(parts);
  }
  for (const entity of await find(context, relation, columns, wanted)) {
    const key = canonical(columns.map((column) => comparable(storedValue(instanceOf(entity)!, column))));
    byKey.get(key)?.push(entity);
  }
  for (const [owner, key] of keyOf) {
    const members = byKey.get(key)!;
    if (relation.toMany) relationships.fillMany(owner, relation, members);
    else relationships.fillOne(owner, relation, members[0] ?? null);
  }
}

async function loadManyToMany(
  context: QueryContext,
  relationships: Relationships,
  owners: readonly Instance[],
  relation: RelationModel,
): Promise<void> {
  const junction = relation.junction!;
  const byKey = new Map<string, object[]>();
  const keyOf = new Map<Instance, string>();
  const wanted: unknown[][] = [];
  for (const owner of owners) {
    const parts = junction.toOwner.map(({ referenced }) => referenced.read(owner.entity));
    const key = canonical(parts.map(comparable));
    keyOf.set(owner, key);
    if (byKey.has(key)) continue;
    byKey.set(key, []);
    wanted.push(parts);
  }
  const { sql, parameters } = junctionStatement(context, relation, junction, wanted);
  const ready = context.ready(relation.label);
  const connection = ready instanceof Promise ? await ready : ready;
  const rows: Row[] = await connection.rows(sql, parameters);
  const entities = await context.materialize([{ model: relation.target, offset: junction.toOwner.length }], rows, {
    populateExisting: false,
  });
  rows.forEach((row, index) => {
    const parts = junction.toOwner.map(({ referenced: { codec } }, place) => (codec.decode ? codec.decode(row[place]) : row[place]));
    byKey.get(canonical(parts.map(comparable)))?.push(entities[index]!);
  });
  for (const [owner, key] of keyOf) relationships.fillMany(owner, relation, byKey.get(key)!);
}

function junctionStatement(
  context: QueryContext,
  relation: RelationModel,
  junction: JunctionModel,
  wanted: readonly unknown[][],
): { sql: string; parameters: readonly unknown[] } {
  const { target } = relation;
  const alias = context.dialect.quote(target.metadata.tableName);
  const link = context.dialect.quote("link");
  // The compiler renders the conditions; the junction's own columns are no entity's, so they stand as they are.
  const compiler = new SelectCompiler(context.dialect, { ...bareSelection(relation), orders: [] });
  const linked = junction.toTarget.map(({ quoted, referenced }) => `${link}.${quoted} = ${alias}.${referenced.quoted}`).join(" AND ");
  const columns = [
    ...junction.toOwner.map(({ quoted }) => `${link}.${quoted}`),
    ...target.selected.map(({ quoted }) => `${alias}.${quoted}`),
  ].join(", ");
  const ofOwners = junctionCondition(junction, link, wanted).render(compiler);
  const hidden = compiler.hiddenRows().map((text) => ` AND ${text}`).join("");
  const order = target.primary.map(({ quoted }) => `${alias}.${quoted}`).join(", ");
  const from = target.table === alias ? alias : `${target.table} ${alias}`;
  return {
    sql: `SELECT ${columns} FROM ${junction.table} ${link} JOIN ${from} ON ${linked} WHERE ${ofOwners}${hidden} ORDER BY ${order}`,
    parameters: compiler.parameters,
  };
}

function junctionCondition(junction: JunctionModel, link: string, wanted: readonly unknown[][]): Condition {
  const encode = (place: number, value: unknown): unknown => {
    const { codec } = junction.toOwner[place]!.referenced;
    return codec.encode ? codec.encode(value) : value;
  };
  if (junction.toOwner.length === 1)
    return new Condition((renderer) =>
      renderer.among(
        `${link}.${junction.toOwner[0]!.quoted}`,
        wanted.map(([value]) => encode(0, value)),
      ),
    );
  const one = (values: readonly unknown[]): Condition =>
    and(
      ...values.map(
        (value, place) =>
          new Condition((renderer) => `${link}.${junction.toOwner[place]!.quoted} = ${renderer.parameter(encode(place, value))}`),
      ),
    );
  return or(...wanted.map(one));
}

function throughJunction(junction: JunctionModel, relation: RelationModel, owner: Instance): Condition {
  return new Condition((renderer: Renderer) => {
    const owned = junction.toOwner
      .map(({ quoted, referenced }) => {
        const value = referenced.read(owner.entity);
        return `${quoted} = ${renderer.parameter(referenced.codec.encode ? referenced.codec.encode(value) : value)}`;
      })
      .join(" AND ");
    const keys = junction.toTarget.map(({ referenced }) => renderer.column(referenced)).join(", ");
    const linked = junction.toTarget.map(({ quoted }) => quoted).join(", ");
    const [left, right] = junction.toTarget.length === 1 ? [keys, linked] : [`(${keys})`, linked];
    return `${left} IN (SELECT ${right} FROM ${relation.junction!.table} WHERE ${owned})`;
  });
}

/** The entities of a relation's other side whose columns have one of these values, in the order of their keys. */
async function find(
  context: QueryContext,
  relation: RelationModel,
  columns: readonly ColumnModel[],
  wanted: readonly unknown[][],
): Promise<object[]> {
  const condition =
    columns.length === 1
      ? new Column(columns[0]!).in(wanted.map(([value]) => value))
      : or(...wanted.map((values) => and(...values.map((value, place) => new Column(columns[place]!).eq(value)))));
  const byKey = relation.target.primary.map((column) => new Column(column).asc());
  return Query.of<object>(() => context, relation.target)
    .filter(condition)
    .orderBy(...byKey)
    .all();
}

function bareSelection(relation: RelationModel): ConstructorParameters<typeof SelectCompiler>[1] {
  return {
    model: relation.target,
    conditions: [],
    orders: [],
    joins: [],
    groups: [],
    having: [],
    values: undefined,
    limit: undefined,
    offset: undefined,
    distinct: false,
    withDeleted: false,
  };
}

/** What the database holds in a column of an object, as a value. */
function storedValue(instance: Instance, column: ColumnModel): unknown {
  const remembered = instance.snapshot?.[column.index];
  return remembered === NOT_LOADED ? column.read(instance.entity) : column.codec.thaw(remembered);
}

/** Keys may come as a number on one side and as text on the other (bigint). */
function comparable(value: unknown): unknown {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
}
