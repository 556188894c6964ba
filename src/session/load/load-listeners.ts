import type { EntitySubscriberInterface, ObjectLiteral, QueryRunner } from "typeorm";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { EntityModel } from "../../metadata/model";
import type { Instance } from "../state/instance";
import { dataSourceOf } from "../../typeorm/data-source";

/** Whether anything listens to the loading of an entity. */
export function hasLoadListeners({ metadata }: EntityModel): boolean {
  return (
    metadata.afterLoadListeners.length > 0 ||
    dataSourceOf(metadata).subscribers.some(({ afterLoad }) => afterLoad !== undefined)
  );
}

/**
 * Calls `@AfterLoad` listeners and `afterLoad` of subscribers for objects that were just created from rows; joined objects
 * come before those they are joined to, as with TypeORM. TypeORM's own broadcaster is not used: it would look for objects
 * in every relation, and take a relation that is not loaded for one.
 */
export async function notifyLoaded(queryRunner: QueryRunner, loaded: readonly Instance[]): Promise<void> {
  const { manager } = queryRunner;
  const dataSource = dataSourceOf(queryRunner);
  const results: unknown[] = [];
  for (const metadata of [...new Set(loaded.map(({ model }) => model.metadata))].reverse()) {
    const entities = loaded.filter(({ model }) => model.metadata === metadata).map(({ entity }) => entity);
    for (const listener of metadata.afterLoadListeners)
      for (const entity of entities)
        if (listener.isAllowed(entity as ObjectLiteral)) results.push(listener.execute(entity as ObjectLiteral));
    for (const subscriber of dataSource.subscribers)
      if (subscriber.afterLoad && listensTo(subscriber, metadata))
        for (const entity of entities) {
          const event = { dataSource, connection: dataSource, queryRunner, manager, entity, metadata };
          results.push(subscriber.afterLoad(entity, event));
        }
  }
  await Promise.all(results);
}

function listensTo(subscriber: EntitySubscriberInterface, { target }: EntityMetadata): boolean {
  const wanted: unknown = subscriber.listenTo?.();
  if (!wanted || wanted === Object || wanted === target) return true;
  return typeof wanted === "function" && Object.prototype.isPrototypeOf.call(wanted, target as object);
}
