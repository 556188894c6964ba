import type { Connection, Dialect, MaybePromise, Row } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import type { Models } from "../metadata/models";

/** Where the columns of one entity stand in the rows of a query. */
export interface Segment {
  readonly model: EntityModel;
  /** The first of its columns in a row; `model.selected` in their order follow. */
  readonly offset: number;
  /** The segment this one was joined to, and along which relation; the root has neither. */
  readonly parent?: { readonly segment: number; readonly relation: RelationModel };
}

export interface MaterializeOptions {
  /** Read values into objects that are loaded already, over what they hold. */
  readonly populateExisting: boolean;
  /** Takes the objects that were not loaded before. */
  readonly newlyLoaded?: Set<object> | undefined;
}

/** An UPDATE or DELETE of all rows that a query finds. */
export interface BulkWrite {
  /** Who writes, for errors: `User.query.update()`. */
  readonly origin: string;
  readonly kind: "update" | "delete";
  readonly model: EntityModel;
  /** The columns that are set. */
  readonly columns: readonly ColumnModel[];
  /** The statement that reads the keys of the rows it will reach, at most so many. */
  keyQuery(limit: number): { readonly sql: string; readonly parameters: readonly unknown[] };
  /** Gives the number of rows. */
  run(connection: Connection): Promise<number>;
}

/**
 * What a query needs of the session it belongs to. The query knows SQL; the session knows which objects there are.
 */
export interface QueryContext {
  /** Whether values that a database would cut or round are refused. */
  readonly strict: boolean;
  readonly models: Models;
  readonly dialect: Dialect;
  /** Flushes what the query has to see (autoflush), waits for a running flush, and gives the open connection. */
  ready(origin: string): MaybePromise<Connection>;
  /** The entities of the first segment, in the order of the rows, one a row. */
  materialize(segments: readonly Segment[], rows: readonly Row[], options: MaterializeOptions): MaybePromise<object[]>;
  /** The entity of a key: the loaded one, or read. */
  get(model: EntityModel, key: unknown): Promise<object | null>;
  /** The values of the primary key's columns in what somebody gave as a key. */
  keyParts(model: EntityModel, key: unknown): readonly unknown[];
  /** Loads a relation of many entities in as few statements as can be. */
  loadRelation(entities: readonly object[], relation: RelationModel, newlyLoaded?: Set<object>): Promise<void>;
  /** The entities that one is related to, as far as they are loaded. */
  membersOf(entity: object, relation: RelationModel): readonly object[];
  /** Makes touching a relation of these entities an error where it is not loaded. */
  forbidLoading(entities: readonly object[], relation: RelationModel): void;
  /** Runs a statement that writes rows past their objects, in the session's transaction, and makes loaded objects follow. */
  write(work: BulkWrite): Promise<number>;
  /** Lets go of entities that a stream has passed, unless they were changed. */
  release(entities: Iterable<object>): void;
}
