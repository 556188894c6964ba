import type { Entities } from "../print/entities";
import type { EntityModel } from "../../metadata/model";

/** A SELECT that one input sends this often, with different parameters, is reported. */
const OFTEN = 5;

interface Sent {
  readonly sql: string;
}

/**
 * Messages about N+1 queries: which SELECT was repeated, and the option that replaces it by one.
 *
 * @param isIntended whether a SELECT is repeated by intention, as those of batches are
 */
export function repeatedQueries(
  statements: readonly Sent[],
  entities: Entities,
  isIntended: (sql: string) => boolean = () => false,
): string[] {
  const shapes = new Map<string, number>();
  for (const { sql } of statements)
    if (/^\s*select\b/i.test(sql) && !isIntended(sql)) shapes.set(sql, (shapes.get(sql) ?? 0) + 1);
  return [...shapes]
    .filter(([, times]) => times >= OFTEN)
    .map(([sql, times]) => {
      const table = /\bfrom\s+(\S+)/i.exec(sql)?.[1];
      return `N+1: one SELECT${table ? ` from ${unquoted(table)}` : ""} ran ${times} times${suggestion(sql, table, entities)}`;
    });
}

/** The option that loads the rows with one query. */
function suggestion(sql: string, table: string | undefined, entities: Entities): string {
  const column = /\bwhere\b[^=]*?(["`]?)(\w+)\1\s*(?:=|\bin\b)/i.exec(sql)?.[2];
  const model =
    table === undefined
      ? undefined
      : entities.models.find((candidate) => unquoted(candidate.table) === unquoted(table));
  if (!model || !column) return "";
  const option = isKey(model, column) ? referenceTo(model, entities) : collectionOf(model, column, entities);
  return option ? `; use ${option} to load them with one SELECT` : "";
}

/** Rows were read by their primary key: an entity has a reference to them. */
function referenceTo(model: EntityModel, entities: Entities): string | undefined {
  for (const owner of entities.models) {
    const relation = owner.relations.find(({ toMany, target }) => !toMany && target === model);
    if (relation) return `${owner.name}.query.options(joined("${relation.property}"))`;
  }
  return undefined;
}

/** Rows were read by a foreign key: the entity that it references has a collection of them. */
function collectionOf(model: EntityModel, column: string, entities: Entities): string | undefined {
  for (const owner of entities.models) {
    const relation = owner.relations.find(
      ({ toMany, target, metadata }) =>
        toMany &&
        target === model &&
        metadata.inverseRelation?.joinColumns.some(({ databaseName }) => databaseName === column),
    );
    if (relation) return `${owner.name}.query.options(selectin("${relation.property}"))`;
  }
  return undefined;
}

function isKey(model: EntityModel, column: string): boolean {
  return model.primary.some((key) => key.column === column);
}

function unquoted(name: string): string {
  return name.replace(/["`]/g, "");
}
