import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { Instance } from "../state/instance";

/** Another object whose row has to be written before. */
export type Dependency =
  /** Because a foreign key refers to the other row, or will. */
  | { readonly on: Instance; readonly relation: RelationModel; readonly unique?: undefined }
  /** Because the other row gives up a unique value. */
  | { readonly on: Instance; readonly unique: readonly ColumnModel[]; readonly relation?: undefined };

/** The relation or columns of a dependency: `Post.author`, `User.username`. */
export function throughOf({ relation, unique }: Dependency): string {
  return relation ? relation.label : unique.map(({ label }) => label).join(", ");
}
