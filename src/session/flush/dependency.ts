import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { Instance } from "../state/instance";

/** One object's need that something be done with another one's row before. */
export type Dependency =
  /** A foreign key that points at the other's row, or comes to. */
  | { readonly on: Instance; readonly relation: RelationModel; readonly unique?: undefined }
  /** A unique value that the other's row gives up. */
  | { readonly on: Instance; readonly unique: readonly ColumnModel[]; readonly relation?: undefined };

/** What a dependency goes through: `Post.author`, `User.username`. */
export function throughOf({ relation, unique }: Dependency): string {
  return relation ? relation.label : unique.map(({ label }) => label).join(", ");
}
