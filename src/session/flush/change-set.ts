import type { JunctionModel } from "../../metadata/model";
import type { Change, OrphanActions } from "../state/changes";
import type { Instance } from "../state/instance";
import type { DeleteActions } from "./delete-actions";

/** What one flush has to write. */
export interface ChangeSet {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
  readonly links: readonly Link[];
  readonly unlinks: readonly Link[];
}

/** An UPDATE of a row. */
export interface Update {
  readonly instance: Instance;
  readonly changes: readonly Change[];
}

/** A row of a join table. */
export interface Link {
  readonly junction: JunctionModel;
  readonly owner: Instance;
  readonly target: Instance;
}

/** What follows from adding and deleting objects. It is found without changing any, so that a plan can be made of it. */
export interface CascadeResult {
  /** Objects that come into the session, because an object of the session refers to them. */
  readonly added: ReadonlySet<Instance>;
  /** Objects to delete: those whose deletion was asked for, and those that are deleted with them. */
  readonly deleted: ReadonlySet<Instance>;
  /** Objects that lost their parents, with what becomes of their foreign keys. */
  readonly orphaned: ReadonlyMap<Instance, OrphanActions>;
  /** Orphans that are soft-removed. */
  readonly softRemoved: ReadonlySet<Instance>;
  readonly reusedRows: readonly RowReuse[];
  /** What the database does with rows that refer to deleted ones; undefined where no deletion needs it. */
  readonly deleteActions: DeleteActions | undefined;
}

/** A new object with the key of one of the same entity that is deleted in the same flush: it takes over the row. */
export interface RowReuse {
  readonly old: Instance;
  readonly by: Instance;
}

export function isEmpty({ inserts, updates, deletes, links, unlinks }: ChangeSet): boolean {
  return inserts.length + updates.length + deletes.length + links.length + unlinks.length === 0;
}
