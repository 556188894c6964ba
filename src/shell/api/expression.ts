import { direct, type ApiEntry, type ApiTable } from "./entry";

function condition(signature: string, summary: string, example: string): ApiEntry {
  return direct(signature, summary, `User.query.filter(${example})`, "expression");
}

function selected(signature: string, summary: string, example: string): ApiEntry {
  return direct(signature, summary, `User.query.select(${example}).all()`, "expression");
}

/** Members of a column, and of any expression. */
export const EXPRESSION: ApiTable = {
  eq: condition("eq(value)", "equal; null means IS NULL", "User.c.username.eq('susan')"),
  ne: condition("ne(value)", "not equal; null means IS NOT NULL", "User.c.username.ne('susan')"),
  gt: condition("gt(value)", "greater than", "User.c.id.gt(5)"),
  gte: condition("gte(value)", "greater than or equal", "User.c.id.gte(5)"),
  lt: condition("lt(value)", "less than", "User.c.id.lt(5)"),
  lte: condition("lte(value)", "less than or equal", "User.c.id.lte(5)"),
  like: condition("like(pattern)", "matches a pattern; % and _ are wildcards", "User.c.username.like('s%')"),
  notLike: condition("notLike(pattern)", "does not match a pattern", "User.c.username.notLike('s%')"),
  ilike: condition("ilike(pattern)", "matches a pattern regardless of case", "User.c.username.ilike('S%')"),
  startsWith: condition("startsWith(text)", "starts with a text, without wildcards", "User.c.username.startsWith('s')"),
  endsWith: condition("endsWith(text)", "ends with a text, without wildcards", "User.c.username.endsWith('n')"),
  contains: condition("contains(text)", "contains a text, without wildcards", "User.c.username.contains('us')"),
  in: condition("in(values)", "one of a list, or of a query of one value", "User.c.id.in([1, 2])"),
  notIn: condition("notIn(values)", "none of a list, or of a query of one value", "User.c.id.notIn([1, 2])"),
  between: condition("between(low, high)", "in a range, both ends included", "User.c.id.between(1, 5)"),
  isNull: condition("isNull()", "IS NULL", "User.c.email.isNull()"),
  isNotNull: condition("isNotNull()", "IS NOT NULL", "User.c.email.isNotNull()"),
  asc: direct("asc()", "ascending order", "User.query.orderBy(User.c.username.asc())", "expression"),
  desc: direct("desc()", "descending order", "User.query.orderBy(User.c.username.desc())", "expression"),
  as: selected("as(name)", "the name of the value in the rows", "User.c.id.as('n')"),
  count: selected("count()", "the number of values that are not NULL", "User.c.id.count().as('n')"),
  countDistinct: selected(
    "countDistinct()",
    "the number of different values",
    "User.c.username.countDistinct().as('n')",
  ),
  sum: selected("sum()", "the sum of a group", "Post.c.id.sum().as('total')"),
  avg: selected("avg()", "the average of a group", "User.c.id.avg().as('mean')"),
  min: selected("min()", "the least value of a group", "User.c.id.min().as('first')"),
  max: selected("max()", "the greatest value of a group", "User.c.id.max().as('last')"),
  lower: condition("lower()", "in lower case", "User.c.username.lower().eq('susan')"),
  upper: condition("upper()", "in upper case", "User.c.username.upper().eq('SUSAN')"),
  length: condition("length()", "the number of characters", "User.c.username.length().gt(5)"),
  coalesce: selected("coalesce(value)", "this value in place of NULL", "User.c.email.coalesce('none').as('email')"),
  plus: condition("plus(value)", "addition", "User.c.id.plus(1).gt(5)"),
  minus: condition("minus(value)", "subtraction", "User.c.id.minus(1).gt(5)"),
  times: condition("times(value)", "multiplication", "User.c.id.times(2).gt(5)"),
  dividedBy: condition("dividedBy(value)", "division", "User.c.id.dividedBy(2).gt(5)"),
  modulo: condition("modulo(value)", "the remainder of a division", "User.c.id.modulo(2).eq(0)"),
};

/** Members of a condition, besides those of an expression. */
export const CONDITION: ApiTable = {
  and: condition(
    "and(...conditions)",
    "true if this and all other conditions are",
    "User.c.id.gt(1).and(User.c.id.lt(5))",
  ),
  or: condition("or(...conditions)", "true if this or any other condition is", "User.c.id.eq(1).or(User.c.id.eq(2))"),
  not: condition("not()", "true if the condition is not", "User.c.id.gt(5).not()"),
};

/** Members of an order: `User.c.username.desc()`. */
export const ORDER: ApiTable = {
  nullsFirst: direct(
    "nullsFirst()",
    "NULL before all values",
    "User.query.orderBy(User.c.email.asc().nullsFirst())",
    "expression",
  ),
  nullsLast: direct(
    "nullsLast()",
    "NULL after all values",
    "User.query.orderBy(User.c.email.asc().nullsLast())",
    "expression",
  ),
};

/** Members of `when(…)`, besides those of an expression. */
export const CASE: ApiTable = {
  when: selected(
    "when(condition, value)",
    "one more branch of the CASE",
    "when(User.c.id.lt(5), 'a').when(User.c.id.lt(9), 'b').as('group')",
  ),
  otherwise: selected(
    "otherwise(value)",
    "the value where no branch applies; NULL without it",
    "when(User.c.id.lt(5), 'a').otherwise('b').as('group')",
  ),
};

/** Members of a relation in a condition: `User.c.posts`. */
export const RELATION: ApiTable = {
  any: condition("any(criteria?)", "true if a related row matches", "User.c.posts.any({ body: 'first' })"),
  has: direct(
    "has(criteria?)",
    "the same as any(), for a to-one relation",
    "Post.query.filter(Post.c.author.has({ username: 'susan' }))",
    "expression",
  ),
  none: condition("none(criteria?)", "true if no related row matches", "User.c.posts.none()"),
};

/** Members of an entity under a second name. */
export const ALIASED: ApiTable = {
  c: direct("c", "its columns as expressions", "other = db.aliased(User); other.c.id", "columns"),
  query: direct("query", "a query of all rows under this name", "other = db.aliased(User); other.query.all()"),
};
