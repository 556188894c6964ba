import type { ObjectLiteral, QueryRunner } from "typeorm";
import type { EntityModel, RelationIdModel } from "../../metadata/model";
import type { QueryContext } from "../../query/context";
import { Column, type Path } from "../../query/expression";
import { Query } from "../../query/query";
import { relationId, updateRelationIdOfKey } from "../relations/relation-ids";
import { among, batches, keyOf } from "../state/batches";
import type { Instance } from "../state/instance";
import { storedValue, writeRelationId } from "../state/values";

/** Keys that one statement of TypeORM's query builder takes. */
const MAX_KEYS = 500;

/** Sets the `@RelationId` properties of objects that were just read, with one statement for each relation that needs one. */
export async function loadRelationIds(
  context: QueryContext,
  queryRunner: QueryRunner,
  model: EntityModel,
  instances: readonly Instance[],
): Promise<void> {
  for (const shown of model.relationIds)
    if (shown.relation.holdsKey) for (const instance of instances) updateRelationIdOfKey(instance, shown);
    else await loadKeys(context, queryRunner, shown, instances);
}

async function loadKeys(
  context: QueryContext,
  queryRunner: QueryRunner,
  { relation, property, metadata }: RelationIdModel,
  instances: readonly Instance[],
): Promise<void> {
  const { model, target } = relation;
  const path: Path = { relations: [relation] };
  const owners = new Map<unknown, Instance>();
  const keys = instances.map((instance) => model.primary.map((column) => storedValue(instance, column)));
  instances.forEach((instance, place) => owners.set(keyOf(keys[place]!), instance));
  const ids = new Map<Instance, unknown[]>(instances.map((instance) => [instance, []]));
  let query = Query.of<Record<string, unknown>>(() => context, model)
    .withDeleted()
    .filter(...target.primary.map((column) => new Column(column, path).isNotNull()))
    .orderBy(...target.primary.map((column) => new Column(column, path).asc()));
  if (target.deleteDate) query = query.filter(new Column(target.deleteDate, path).isNull());
  const selected = query.select(
    ...model.primary.map((column, place) => new Column(column).as(`owner_${place}`)),
    ...target.primary.map((column, place) => new Column(column, path).as(`key_${place}`)),
  );
  for (const batch of batches(keys, model.primary.length, context)) {
    const rows = (await selected.filter(among(model.primary, batch)).all()) as Record<string, unknown>[];
    const found = rows.map((row) => target.primary.map((_, place) => row[`key_${place}`]));
    const wanted = metadata.queryBuilderFactory ? await narrowed(queryRunner, target, metadata, found) : undefined;
    rows.forEach((row, index) => {
      const key = found[index]!;
      if (wanted && !wanted.has(keyOf(key))) return;
      const owner = owners.get(keyOf(model.primary.map((_, place) => row[`owner_${place}`])));
      if (owner) ids.get(owner)!.push(relationId(target.primary, key));
    });
  }
  for (const [instance, list] of ids)
    if (relation.toMany || list.length > 0) writeRelationId(instance, property, relation.toMany ? list : list[0]);
}

/** The keys that the decorator's own condition selects; it is written for TypeORM's query builder. */
async function narrowed(
  queryRunner: QueryRunner,
  target: EntityModel,
  { alias, queryBuilderFactory }: RelationIdModel["metadata"],
  keys: readonly (readonly unknown[])[],
): Promise<Set<unknown>> {
  const name = alias ?? target.metadata.tableName;
  const found = new Set<unknown>();
  for (let from = 0; from < keys.length; from += MAX_KEYS) {
    const ids = keys.slice(from, from + MAX_KEYS).map((key) => relationId(target.primary, key) as ObjectLiteral);
    const builder = queryRunner.manager.createQueryBuilder<ObjectLiteral>(target.target as never, name, queryRunner);
    builder.select(target.primary.map(({ property }) => `${name}.${property}`)).whereInIds(ids);
    const narrower = (queryBuilderFactory as unknown as (query: typeof builder) => typeof builder)(builder);
    for (const entity of await narrower.getMany())
      found.add(keyOf(target.primary.map((column) => column.read(entity))));
  }
  return found;
}
