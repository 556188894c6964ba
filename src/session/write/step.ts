import type { ColumnModel, EntityModel, JoinTableSide, RelationModel } from "../../metadata/model";
import type { Link, Update } from "../flush/change-set";
import type { Dependency } from "../flush/dependency";
import type { Instance } from "../state/instance";
import type { TemporaryValue } from "./temporary-values";

/** What a flush does, in order: plain data that is executed, or shown as a plan. */
export interface FlushPlan {
  readonly steps: readonly Step[];
  /** Why the row of an object is not written earlier. */
  dependenciesOf(instance: Instance): readonly Dependency[];
}

/** Rows that are written together. */
export type Step =
  | {
      readonly action: "insert" | "update" | "delete";
      readonly model: EntityModel;
      readonly rows: readonly Instance[];
      readonly placeholders?: Placeholders;
      /** The updates, where they are known before the steps run: they need no key that is still to be generated. */
      readonly updates?: readonly Update[];
      /** Join tables whose rows are deleted first, since the database does not delete them with these. */
      readonly joinTables?: readonly JoinTableSide[];
    }
  /** Sets foreign keys of rows NULL that are deleted later. */
  | { readonly action: "clear-foreign-key"; readonly model: EntityModel; readonly rows: readonly ClearedForeignKeys[] }
  /** Gives up unique values early, where they are exchanged in a cycle. */
  | { readonly action: "set-temporary-value"; readonly model: EntityModel; readonly rows: readonly TemporaryValue[] }
  | { readonly action: "link" | "unlink"; readonly links: readonly Link[] };

/** Values of foreign keys that must not be NULL, for new rows that are inserted before the rows they refer to. */
export type Placeholders = ReadonlyMap<Instance, ReadonlyMap<ColumnModel, unknown>>;

/** Foreign keys of a row that are set NULL before it is deleted. */
export interface ClearedForeignKeys {
  readonly instance: Instance;
  readonly relations: ReadonlySet<RelationModel>;
}

/** The objects whose rows a step writes. */
export function* instancesOf(step: Step): Generator<Instance> {
  if ("links" in step) for (const { owner, target } of step.links) yield* [owner, target];
  else if (step.action === "clear-foreign-key" || step.action === "set-temporary-value")
    for (const { instance } of step.rows) yield instance;
  else yield* step.rows;
}
