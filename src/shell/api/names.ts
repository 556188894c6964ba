import { direct, type ApiEntry, type ApiTable } from "./entry";

/** A find operator of TypeORM. */
function operator(signature: string, summary: string, example: string): ApiEntry {
  return direct(signature, summary, `User.query.filterBy(${example}).all()`);
}

/** The names at the prompt, besides the entities and what the project's settings add. */
export const NAMES: ApiTable = {
  db: direct(
    "db",
    "the database: session, query(), create(), entities, dataSource (TypeORM's own)",
    "db.session.commit()",
  ),
  session: direct("session", "db.session: add, query, commit and roll back objects", "session.rollback()", "session"),
  print: direct("print(...values)", "prints values, separated by blanks", "print(u.id, u.username)"),
  _: direct("_", "the value of the last expression", "_.length"),
  or: direct(
    "or(...conditions)",
    "true if any of the conditions is",
    "User.query.filter(or(User.c.id.eq(1), User.c.id.eq(2)))",
    "expression",
  ),
  and: direct(
    "and(...conditions)",
    "true if all of the conditions are",
    "User.query.filter(and(User.c.id.gt(1), User.c.id.lt(5)))",
    "expression",
  ),
  not: direct(
    "not(condition)",
    "true if the condition is not",
    "User.query.filter(not(User.c.username.like('s%')))",
    "expression",
  ),
  exists: direct(
    "exists(query)",
    "true if a query finds any row; its conditions may use the outer query's columns",
    "User.query.filter(exists(Post.query.filter(Post.c.user_id.eq(User.c.id))))",
    "expression",
  ),
  when: direct(
    "when(condition, value)",
    "SQL's CASE: a value that depends on conditions",
    "User.query.select(when(User.c.id.lt(5), 'old').otherwise('new').as('age')).all()",
    "expression",
  ),
  sql: direct(
    "sql`…`",
    "SQL as an expression; columns and values are inserted safely",
    "User.query.filter(sql`length(${User.c.username}) > ${5}`)",
    "expression",
  ),
  func: direct(
    "func.NAME(...values)",
    "calls a function of the database: count, sum, lower, round, or any other",
    "User.query.select(func.lower(User.c.username).as('name')).all()",
  ),
  joined: direct(
    "joined(relation)",
    "option: load a relation with a join in the same query",
    "Post.query.options(joined('author')).all()",
    undefined,
    "relations",
  ),
  selectin: direct(
    "selectin(relation)",
    "option: load a relation of all rows with one more query",
    "User.query.options(selectin('posts')).all()",
    undefined,
    "relations",
  ),
  raise: direct(
    "raise(relation)",
    "option: throw where the relation would be loaded",
    "User.query.options(raise('posts')).all()",
    undefined,
    "relations",
  ),
  Not: operator("Not(value)", "find operator: not equal, or the opposite of an operator", "username=Not(Like('s%'))"),
  LessThan: operator("LessThan(value)", "find operator: less than", "id=LessThan(5)"),
  LessThanOrEqual: operator("LessThanOrEqual(value)", "find operator: less than or equal", "id=LessThanOrEqual(5)"),
  MoreThan: operator("MoreThan(value)", "find operator: greater than", "id=MoreThan(5)"),
  MoreThanOrEqual: operator("MoreThanOrEqual(value)", "find operator: greater than or equal", "id=MoreThanOrEqual(5)"),
  Equal: operator("Equal(value)", "find operator: equal", "username=Equal('susan')"),
  Like: operator("Like(pattern)", "find operator: matches a pattern; % and _ are wildcards", "username=Like('s%')"),
  ILike: operator("ILike(pattern)", "find operator: matches a pattern regardless of case", "username=ILike('S%')"),
  Between: operator("Between(low, high)", "find operator: in a range, both ends included", "id=Between(1, 5)"),
  In: operator("In(values)", "find operator: one of a list", "id=In([1, 2])"),
  Any: operator("Any(values)", "find operator: equal to any element of an array (PostgreSQL)", "id=Any([1, 2])"),
  IsNull: operator("IsNull()", "find operator: IS NULL", "email=IsNull()"),
  Raw: operator(
    "Raw(alias => sql)",
    "find operator: SQL of your own, which is not escaped",
    "id=Raw(column => `${column} % 2 = 0`)",
  ),
  ArrayContains: operator(
    "ArrayContains(values)",
    "find operator: the array has all of these (PostgreSQL)",
    "tags=ArrayContains(['a'])",
  ),
  ArrayContainedBy: operator(
    "ArrayContainedBy(values)",
    "find operator: the array has only these (PostgreSQL)",
    "tags=ArrayContainedBy(['a', 'b'])",
  ),
  ArrayOverlap: operator(
    "ArrayOverlap(values)",
    "find operator: the array has any of these (PostgreSQL)",
    "tags=ArrayOverlap(['a', 'b'])",
  ),
};
