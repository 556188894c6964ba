export { connect, Database } from "./session/database";
export { Session, type Changes, type EntityClass, type Savepoint } from "./session/session";
export type { BeginOptions, RetryOptions, ScopeOptions, SessionOptions } from "./session/options";
export type { Plan, PlannedStatement, PlannedStep, PlannedWait } from "./session/preview/plan";
export type { ExecutedRows } from "./session/execute";
export { PendingValue } from "./session/state/pending-value";
export type { EntityState } from "./session/state/instance";
export { Collection } from "./session/relations/collection";
export { collection, LazyCollection, LazyReference } from "./session/relations/lazy";
export {
  Aliased,
  Query,
  type InsertOptions,
  type LockOptions,
  type UpsertOptions,
  type OrderArgument,
  type PlaceArgument,
  type RelationArgument,
} from "./query/query";
export { Batches } from "./query/batches";
export type { Statement } from "./query/selection";
export { Pagination, type PaginateOptions } from "./query/pagination";
export { joined, raise, selectin, type LoadOption } from "./query/loading";
export {
  and,
  Column,
  Condition,
  Expression,
  Labelled,
  not,
  or,
  Order,
  Scalar,
  type Operand,
  type Renderer,
  type Subquery,
} from "./query/expression";
export { RelationExpression } from "./query/relation";
export { sql, Sql } from "./query/sql";
export { Case, exists, func, when, type DatabaseFunction, type Functions } from "./query/functions";
export type {
  Assignments,
  Columns,
  Criteria,
  Criterion,
  Key,
  PropertyOf,
  Selectable,
  SelectedRow,
  Values,
} from "./query/types";
export {
  ColumnModel,
  EntityModel,
  RelationModel,
  type EntityTarget,
  type JoinedColumns,
  type JunctionModel,
} from "./metadata/model";
export type { IsolationLevel, TransactionOptions } from "./dialect/dialect";
export type {
  BatchEvent,
  DatabaseAddress,
  DatabaseEvent,
  DatabaseListener,
  ObserveOptions,
  StatementEvent,
  StatementFailure,
} from "./dialect/events";
export type { PoolCounts } from "./dialect/pool-counts";
export type { PoolHolder, PoolStatus } from "./dialect/pool-status";
export { DatabaseError, type DatabaseErrorKind } from "./dialect/errors";
export {
  migrate,
  pendingMigrations,
  type AppliedMigration,
  type MigrateLogger,
  type MigrateOptions,
  type MigrateResult,
} from "./migrate/migrate";
export type { TransactionMode } from "./migrate/run/context";
export { ExitCode, RetortError, type RetortErrorDetails } from "./errors";
export { ValueError } from "./metadata/errors";
