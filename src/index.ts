export { connect, Database } from "./session/database";
export { Session, type Changes, type EntityClass, type Savepoint, type SessionOptions } from "./session/session";
export { ValueToCome, type Plan, type PlannedStatement, type PlannedStep, type PlannedWait } from "./session/plan";
export type { EntityState } from "./session/instance";
export { Collection, LazyCollection, LazyReference } from "./session/collection";
export { Query, type OrderArgument, type RelationArgument } from "./query/query";
export { Pagination, type PaginateOptions } from "./query/pagination";
export { joined, raise, selectin, type LoadOption } from "./query/loading";
export {
  and,
  Column,
  Condition,
  Expression,
  func,
  Labelled,
  not,
  or,
  Order,
  RelationExpression,
  Scalar,
  Sql,
  sql,
  type Operand,
  type Renderer,
  type Subquery,
} from "./query/expression";
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
export { ColumnModel, EntityModel, RelationModel, type EntityTarget } from "./metadata/model";
export type { DatabaseEvent, DatabaseListener } from "./dialect/dialect";
export { DatabaseError, type DatabaseErrorKind } from "./dialect/errors";
export { ExitCode, RetortError } from "./errors";
export { ValueError } from "./metadata/errors";
