import type { DataSource } from "typeorm";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";

/** What TypeORM reads and sets of the relations of objects that are not plain ones. */
export interface RelationValues {
  /** Whether these functions know an object; TypeORM's own serve the others. */
  knows(entity: unknown, relation: RelationMetadata): entity is object;
  /** @param isPromiseWanted whether a lazy relation may be given as a promise */
  read(entity: object, relation: RelationMetadata, isPromiseWanted: boolean): unknown;
  write(entity: object, relation: RelationMetadata, value: unknown): void;
}

/**
 * Makes TypeORM read and set relations by these functions. Its `save`, `create` and `merge` take what an object's property returns for what
 * the relation holds, and compare and copy it.
 */
export function routeRelationValues({ entityMetadatas }: DataSource, values: RelationValues): void {
  for (const relation of entityMetadatas.flatMap(({ relations }) => relations)) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- they are called with the relation below
    const { getEntityValue, setEntityValue } = relation;
    const replace = (name: string, value: unknown): unknown =>
      Object.defineProperty(relation, name, { value, configurable: true, writable: true });
    replace("getEntityValue", (entity: object, isPromiseWanted = false): unknown =>
      values.knows(entity, relation)
        ? values.read(entity, relation, isPromiseWanted)
        : (getEntityValue.call(relation, entity, isPromiseWanted) as unknown),
    );
    replace("setEntityValue", (entity: object, value: unknown): void => {
      if (values.knows(entity, relation)) values.write(entity, relation, value);
      else setEntityValue.call(relation, entity, value);
    });
  }
}
