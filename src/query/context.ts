import type { Connection, Dialect, MaybePromise, Row } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import type { BatchEvent } from "../dialect/events";
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
  /** Collects the objects that were not loaded before. */
  readonly newlyLoaded?: Set<object> | undefined;
}

/** An UPDATE or DELETE of all rows of a query, or an INSERT of many. */
export interface BulkWrite {
  /** The call, for errors: `User.query.update()`. */
  readonly origin: string;
  readonly kind: "update" | "delete" | "insert";
  readonly model: EntityModel;
  /** The columns that are set. */
  readonly columns: readonly ColumnModel[];
  /** The statement that selects the keys of the affected rows, at most this many. */
  keyQuery(limit: number): { readonly sql: string; readonly parameters: readonly unknown[] };
  /** Runs the statement; resolves to the number of affected rows. */
  run(connection: Connection): Promise<number>;
}

/** What a query uses of its session. */
export interface QueryContext {
  /** Whether values that a database would cut or round are refused. */
  readonly strict: boolean;
  /** The most rows that `all()` gives where the query has no limit of its own; undefined for any number. */
  readonly rowLimit: number | undefined;
  readonly models: Models;
  readonly dialect: Dialect;
  /** Waits for a running operation, autoflushes, and returns the open connection. */
  ready(origin: string): MaybePromise<Connection>;
  /** Streams the rows of a statement over a connection that is `ready`; the end of the session ends it. */
  stream(
    connection: Connection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncGenerator<Row[], void>;
  /** What `ready` does, and begins the transaction: for a query that locks its rows. */
  lockable(origin: string): Promise<Connection>;
  /** The entities of the first segment, one for each row. */
  materialize(segments: readonly Segment[], rows: readonly Row[], options: MaterializeOptions): MaybePromise<object[]>;
  /** The entity of a key: the loaded one, or the one that is read. */
  get(model: EntityModel, key: unknown): Promise<object | null>;
  /** The values of the primary key's columns in a key as `get` accepts it. */
  keyParts(model: EntityModel, key: unknown): readonly unknown[];
  /** The entity of an object; undefined for an object of none, such as a row of values. */
  modelOf(object: object): EntityModel | undefined;
  /** The key of an object's row; of an object of no entity, the key that it names. Undefined where there is no row yet. */
  keyOf(model: EntityModel, object: object): readonly unknown[] | undefined;
  /** Loads a relation of many entities, in as few statements as possible. */
  loadRelation(entities: readonly object[], relation: RelationModel, newlyLoaded?: Set<object>): Promise<void>;
  /** The loaded entities that one is related to. */
  membersOf(entity: object, relation: RelationModel): readonly object[];
  /** Makes reading a relation of these entities throw where it is not loaded. */
  forbidLoading(entities: readonly object[], relation: RelationModel): void;
  /** Runs an UPDATE or DELETE in the session's transaction, and synchronises loaded objects with it. */
  write(work: BulkWrite): Promise<number>;
  /** Runs work in the open transaction, else in one of its own, which is committed. @throws RetortError `session/unflushed` */
  transacted<T>(origin: string, work: () => Promise<T>): Promise<T>;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** @returns a function that throws when the session's statements were cancelled meanwhile; it waits for the event loop */
  cancellation(): () => Promise<void>;
  /** Notifies observers of a batch; nothing where there are none. */
  readonly isObserved: boolean;
  notifyBatch(event: Omit<BatchEvent, "type" | "session">): void;
  /** Detaches entities that a stream has passed, unless they were changed. */
  release(entities: Iterable<object>): void;
}
