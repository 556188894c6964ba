import type { RelationModel } from "../../metadata/model";
import type { Instance } from "../state/instance";

/** What the accessors of relations call. */
export interface RelationAccess {
  /** What the property of a relation returns. */
  read(instance: Instance, relation: RelationModel): unknown;
  /** Sets a relation, and the other side with it. */
  write(instance: Instance, relation: RelationModel, value: unknown): void;
  /** Takes a value that was set where no accessor saw it. */
  adopt(instance: Instance, relation: RelationModel, value: unknown): void;
}
