import type { ObjectLiteral, QueryRunner } from "typeorm";
import type { ColumnModel, EntityModel, RelationIdModel } from "../../metadata/model";
import type { QueryContext } from "../../query/context";
import { Column, type Path } from "../../query/expression";
import { Query } from "../../query/query";
import { Collection } from "./collection";
import { instanceOf, type Instance } from "../state/instance";
import { among, keyOf, batches } from "../load/relation-loader";
import { currentValue, keyValues, storedValue } from "../state/values";

/**
 * Properties that show the keys of related rows (`@RelationId`), as TypeORM fills them: with the rows they come from, in one
 * statement for the keys of a relation of all of them, and after a flush from what memory knows of the relation.
 */
export async function loadRelationIds(
  context: QueryContext,
  queryRunner: QueryRunner,
  model: EntityModel,
  instances: readonly Instance[],
): Promise<void> {
  for (const shown of model.relationIds)
    if (shown.relation.holdsKey) for (const instance of instances) showKey(instance, shown);
    else await loadKeys(context, queryRunner, shown, instances);
}

/** Makes the properties follow what was written, or taken back. */
export function followRelations(instance: Instance): void {
  for (const shown of instance.model.relationIds) {
    const { relation, property } = shown;
    if (relation.holdsKey) {
      showKey(instance, shown);
      continue;
    }
    const related = instance.relatedBy(relation);
    if (related instanceof Collection) show(instance, property, related.map(shownKeyOf));
    else if (related && "entity" in related)
      show(instance, property, related.entity ? shownKeyOf(related.entity) : related.entity);
  }
}

/** What the properties show, to be shown again after a rollback: a relation may have been read only since. */
export function shownKeys({ entity, model: { relationIds } }: Instance): readonly unknown[] {
  return relationIds.length === 0
    ? NONE
    : relationIds.map(({ property }) => (entity as Record<string, unknown>)[property]);
}

/** Shows again what was shown. */
export function showKeys(instance: Instance, keys: readonly unknown[]): void {
  instance.model.relationIds.forEach(({ property }, place) => {
    if (property in instance.entity) show(instance, property, keys[place]);
  });
}

const NONE: readonly unknown[] = [];

function show({ entity }: Instance, property: string, key: unknown): void {
  (entity as Record<string, unknown>)[property] = key;
}

function showKey(instance: Instance, { relation, property }: RelationIdModel): void {
  const referenced = relation.joins.map((join) => join.referenced);
  show(
    instance,
    property,
    shownKey(
      referenced,
      relation.joins.map(({ foreign }) => currentValue(instance, foreign)),
    ),
  );
}

function shownKeyOf(entity: object): unknown {
  const instance = instanceOf(entity)!;
  return shownKey(instance.model.primary, keyValues(instance));
}

/** A value, or an object of the parts of a composite key. */
function shownKey(columns: readonly ColumnModel[], values: readonly unknown[]): unknown {
  if (columns.length === 1) return values[0];
  const key = {};
  columns.forEach((column, place) => column.write(key, values[place]));
  return key;
}

async function loadKeys(
  context: QueryContext,
  queryRunner: QueryRunner,
  { relation, property, metadata }: RelationIdModel,
  instances: readonly Instance[],
): Promise<void> {
  const { model, target } = relation;
  const way: Path = { relations: [relation] };
  const owners = new Map<unknown, Instance>();
  const keys = instances.map((instance) => model.primary.map((column) => storedValue(instance, column)));
  instances.forEach((instance, place) => owners.set(keyOf(keys[place]!), instance));
  const shown = new Map<Instance, unknown[]>(instances.map((instance) => [instance, []]));
  let query = Query.of<Record<string, unknown>>(() => context, model)
    .withDeleted()
    .filter(...target.primary.map((column) => new Column(column, way).isNotNull()))
    .orderBy(...target.primary.map((column) => new Column(column, way).asc()));
  if (target.deleteDate) query = query.filter(new Column(target.deleteDate, way).isNull());
  const selected = query.select(
    ...model.primary.map((column, place) => new Column(column).as(`owner_${place}`)),
    ...target.primary.map((column, place) => new Column(column, way).as(`key_${place}`)),
  );
  for (const portion of batches(keys, model.primary.length, context)) {
    const rows = (await selected.filter(among(model.primary, portion)).all()) as Record<string, unknown>[];
    const found = rows.map((row) => target.primary.map((_, place) => row[`key_${place}`]));
    const wanted = metadata.queryBuilderFactory ? await narrowed(queryRunner, target, metadata, found) : undefined;
    rows.forEach((row, index) => {
      const key = found[index]!;
      if (wanted && !wanted.has(keyOf(key))) return;
      const owner = owners.get(keyOf(model.primary.map((_, place) => row[`owner_${place}`])));
      if (owner) shown.get(owner)!.push(shownKey(target.primary, key));
    });
  }
  for (const [instance, list] of shown)
    if (relation.toMany || list.length > 0) show(instance, property, relation.toMany ? list : list[0]);
}

/** Those of the keys that the decorator's own condition lets through, which only TypeORM's query builder understands. */
async function narrowed(
  queryRunner: QueryRunner,
  target: EntityModel,
  { alias, queryBuilderFactory }: RelationIdModel["metadata"],
  keys: readonly (readonly unknown[])[],
): Promise<Set<unknown>> {
  const name = alias ?? target.metadata.tableName;
  const found = new Set<unknown>();
  for (let from = 0; from < keys.length; from += LARGEST_PORTION) {
    const ids = keys.slice(from, from + LARGEST_PORTION).map((key) => shownKey(target.primary, key) as ObjectLiteral);
    const builder = queryRunner.manager.createQueryBuilder<ObjectLiteral>(target.target as never, name, queryRunner);
    builder.select(target.primary.map(({ property }) => `${name}.${property}`)).whereInIds(ids);
    const narrower = (queryBuilderFactory as unknown as (query: typeof builder) => typeof builder)(builder);
    for (const entity of await narrower.getMany())
      found.add(keyOf(target.primary.map((column) => column.read(entity))));
  }
  return found;
}

/** Keys in one statement of TypeORM's. */
const LARGEST_PORTION = 500;
