import type { EntityMetadata } from "typeorm";

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
