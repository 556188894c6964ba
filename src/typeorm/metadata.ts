import type { DataSource, EntityMetadata } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";

type IndexMetadata = EntityMetadata["indices"][number];
type ExclusionMetadata = EntityMetadata["exclusions"][number];

/** The access method of an index (`gin`, `gist`, …); undefined in TypeORM 0.3, which has no such option. */
export function indexMethod(index: IndexMetadata): string | undefined {
  return (index as { readonly type?: string }).type;
}

/** When an exclusion constraint is checked; undefined in TypeORM 0.3, where it cannot be deferred. */
export function exclusionDeferrable(exclusion: ExclusionMetadata): string | undefined {
  return (exclusion as { readonly deferrable?: string }).deferrable;
}

/** A column's default as the driver writes it. TypeORM 0.3 does not escape quotes in JSON, and on SQLite writes no JSON at all. */
export function normalizedDefault({ driver }: DataSource, column: ColumnMetadata): string | undefined {
  const written = driver.normalizeDefault(column) ?? undefined;
  if (typeof column.default !== "object" || column.default === null) return written;
  const json = JSON.stringify(column.default);
  const isUnescaped = written === `'${json}'` || written === "[object Object]";
  return isUnescaped ? `'${json.replaceAll("'", "''")}'` : written;
}
