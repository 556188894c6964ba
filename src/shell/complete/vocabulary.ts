/*
 * The words of the query, of the session and of the prompt: `?name` prints them, Tab offers them. They are written down here
 * since neither a type nor a docstring can be read while the program runs.
 */

/** A name that can be explained and completed. */
export interface Explained {
  readonly signature: string;
  readonly says: string;
  readonly example: string;
}

/** Methods of a query. */
export const QUERY: Readonly<Record<string, Explained>> = {
  all: { signature: "all()", says: "every entity that is found, as a list", example: "User.query.all()" },
  get: {
    signature: "get(key)",
    says: "the entity of a primary key, or null; a loaded one costs nothing",
    example: "User.query.get(1)",
  },
  getOrFail: {
    signature: "getOrFail(key)",
    says: "the entity of a primary key; an error where there is none",
    example: "User.query.getOrFail(1)",
  },
  first: {
    signature: "first()",
    says: "the first that is found, or null",
    example: "User.query.orderBy('username').first()",
  },
  firstOrFail: {
    signature: "firstOrFail()",
    says: "the first that is found; an error where there is none",
    example: "User.query.firstOrFail()",
  },
  one: {
    signature: "one()",
    says: "the only one; an error where there is none or several",
    example: "User.query.filterBy(username='susan').one()",
  },
  oneOrNull: {
    signature: "oneOrNull()",
    says: "the only one or null; an error where there are several",
    example: "User.query.filterBy(username='susan').oneOrNull()",
  },
  scalar: {
    signature: "scalar()",
    says: "the first value of the first row",
    example: "User.query.select(User.c.id.max()).scalar()",
  },
  count: { signature: "count()", says: "how many there are", example: "User.query.count()" },
  exists: {
    signature: "exists()",
    says: "whether there is any",
    example: "User.query.filterBy(username='susan').exists()",
  },
  filter: {
    signature: "filter(...conditions)",
    says: "only rows for which all conditions hold",
    example: "User.query.filter(or(User.c.id.gt(5), User.c.username.like('s%')))",
  },
  filterBy: {
    signature: "filterBy({ property: value })",
    says: "only rows whose properties are these; find operators, lists and null work",
    example: "User.query.filterBy(username='susan')",
  },
  orderBy: {
    signature: "orderBy(...orders)",
    says: "orders the rows; the first order decides first",
    example: "User.query.orderBy(User.c.username.desc())",
  },
  limit: { signature: "limit(n)", says: "no more than n rows", example: "User.query.limit(10).all()" },
  offset: {
    signature: "offset(n)",
    says: "without the first n rows",
    example: "User.query.orderBy('id').offset(10).limit(10).all()",
  },
  distinct: {
    signature: "distinct()",
    says: "each row once",
    example: "User.query.select('username').distinct().all()",
  },
  join: {
    signature: "join(relation)",
    says: "joins a relation, for conditions over its columns",
    example: "Post.query.join('author').filter(User.c.username.eq('susan'))",
  },
  leftJoin: {
    signature: "leftJoin(relation)",
    says: "joins a relation; rows without one stay",
    example: "Post.query.leftJoin('author')",
  },
  groupBy: {
    signature: "groupBy(...values)",
    says: "one row a group",
    example: "Post.query.groupBy('user_id').select('user_id', Post.c.id.count().as('n')).all()",
  },
  having: {
    signature: "having(...conditions)",
    says: "only groups for which the conditions hold",
    example: "Post.query.groupBy('user_id').having(Post.c.id.count().gt(1)).select('user_id').all()",
  },
  select: {
    signature: "select(...values)",
    says: "reads values instead of entities",
    example: "User.query.select('username', User.c.id.as('n')).all()",
  },
  paginate: {
    signature: "paginate({ page, perPage, maxPerPage })",
    says: "one page, with items, pages, total, next(), prev()",
    example: "User.query.orderBy('id').paginate(page=2, perPage=20)",
  },
  options: {
    signature: "options(...loads)",
    says: "how relations are loaded: joined('author'), selectin('posts')",
    example: "User.query.options(selectin('posts')).all()",
  },
  stream: {
    signature: "stream()",
    says: "reads row after row in bounded memory",
    example: "for (const u of User.query.stream()) print(u.username)",
  },
  update: {
    signature: "update({ property: value })",
    says: "changes every row that is found, at once",
    example: "User.query.filterBy(username='susan').update({ email: 'new@example.com' })",
  },
  delete: {
    signature: "delete()",
    says: "deletes every row that is found, at once",
    example: "Post.query.filter(Post.c.id.gt(100)).delete()",
  },
  explain: {
    signature: "explain()",
    says: "the database's plan (.explain draws it as a tree)",
    example: "User.query.filterBy(username='susan').explain()",
  },
  toSQL: {
    signature: "toSQL()",
    says: "the statement and its parameters; sends nothing",
    example: "User.query.limit(1).toSQL()",
  },
  withDeleted: {
    signature: "withDeleted()",
    says: "shows soft-deleted rows as well",
    example: "User.query.withDeleted().all()",
  },
  populateExisting: {
    signature: "populateExisting()",
    says: "reads over what loaded objects hold",
    example: "User.query.populateExisting().all()",
  },
  softDelete: {
    signature: "softDelete()",
    says: "marks the rows as deleted, where the entity has a column for it; gives how many",
    example: "User.query.filterBy(active=false).softDelete()",
  },
  restore: {
    signature: "restore()",
    says: "takes a softDelete() back; gives how many rows",
    example: "User.query.withDeleted().restore()",
  },
  asScalar: {
    signature: "asScalar()",
    says: "the query as one value inside another one",
    example: "User.query.filter(User.c.id.eq(Post.query.select(func.max(Post.c.user_id)).asScalar()))",
  },
};

/** Methods of the session. */
export const SESSION: Readonly<Record<string, Explained>> = {
  add: {
    signature: "add(...objects)",
    says: "puts objects into the session; commit() inserts them",
    example: "db.session.add(u)",
  },
  addAll: {
    signature: "addAll(list)",
    says: "puts a list of objects into the session",
    example: "db.session.addAll([u, v])",
  },
  delete: { signature: "delete(...objects)", says: "deletes rows at the next flush", example: "db.session.delete(u)" },
  commit: { signature: "commit()", says: "writes what was changed and makes it final", example: "db.session.commit()" },
  rollback: {
    signature: "rollback()",
    says: "takes back everything since the last commit, in the database and in memory",
    example: "db.session.rollback()",
  },
  flush: {
    signature: "flush()",
    says: "writes what was changed inside the transaction; commit() makes it final",
    example: "db.session.flush()",
  },
  get: {
    signature: "get(Entity, key)",
    says: "the entity of a primary key, or null",
    example: "db.session.get(User, 1)",
  },
  query: {
    signature: "query(Entity)",
    says: "a query of every row of an entity",
    example: "db.session.query(User).all()",
  },
  refresh: {
    signature: "refresh(...objects)",
    says: "reads objects anew, over what they hold",
    example: "db.session.refresh(u)",
  },
  expunge: {
    signature: "expunge(...objects)",
    says: "forgets objects, with what was changed in them",
    example: "db.session.expunge(u)",
  },
  nested: {
    signature: "nested(work)",
    says: "does something inside a savepoint",
    example: "db.session.nested(() => { db.session.add(u) })",
  },
  new: { signature: "new", says: "objects that the next flush inserts", example: "db.session.new" },
  dirty: { signature: "dirty", says: "objects that the next flush updates", example: "db.session.dirty" },
  deleted: { signature: "deleted", says: "objects that the next flush deletes", example: "db.session.deleted" },
  state: {
    signature: "state(object)",
    says: "transient, pending, persistent, deleted or detached",
    example: "db.session.state(u)",
  },
  changes: {
    signature: "changes(object)",
    says: "what a commit would change, before and after",
    example: "db.session.changes(u)",
  },
  plan: { signature: "plan()", says: "what a flush would send, and why in that order", example: "db.session.plan()" },
  softRemove: {
    signature: "softRemove(...objects)",
    says: "marks rows as deleted at the next flush",
    example: "db.session.softRemove(u)",
  },
  recover: { signature: "recover(...objects)", says: "takes a softRemove() back", example: "db.session.recover(u)" },
  merge: {
    signature: "merge(object)",
    says: "the session's own object for a row, with this one's values",
    example: "db.session.merge(other)",
  },
  expire: {
    signature: "expire(object)",
    says: "reads its row again when it is next asked for",
    example: "db.session.expire(u)",
  },
  expireAll: { signature: "expireAll()", says: "the same for every object", example: "db.session.expireAll()" },
  expungeAll: { signature: "expungeAll()", says: "lets go of every object", example: "db.session.expungeAll()" },
  beginNested: {
    signature: "beginNested()",
    says: "sets a savepoint, to be released or rolled back",
    example: "s = db.session.beginNested()",
  },
  noAutoflush: {
    signature: "noAutoflush(work)",
    says: "runs work whose queries write nothing before",
    example: "db.session.noAutoflush(async () => User.query.all())",
  },
  isModified: { signature: "isModified(object)", says: "whether it was changed", example: "db.session.isModified(u)" },
  isExpired: {
    signature: "isExpired(object)",
    says: "whether its row is to be read again",
    example: "db.session.isExpired(u)",
  },
  inTransaction: {
    signature: "inTransaction",
    says: "whether a transaction is open",
    example: "db.session.inTransaction",
  },
  create: {
    signature: "create(Entity, values)",
    says: "a new object, not added yet",
    example: "db.session.create(User, { username: 'susan' })",
  },
  close: { signature: "close()", says: "rolls back and lets the connection go", example: "db.session.close()" },
};

export const NAMES: Readonly<Record<string, Explained>> = {
  db: {
    signature: "db",
    says: "the database: session, query(), create(), entities, dataSource (TypeORM's own)",
    example: "db.session.commit()",
  },
  session: {
    signature: "session",
    says: "db.session: what was changed, and how it is saved or taken back",
    example: "session.rollback()",
  },
  print: {
    signature: "print(...values)",
    says: "writes values, with blanks between",
    example: "print(u.id, u.username)",
  },
  or: {
    signature: "or(...conditions)",
    says: "holds when any of the conditions holds",
    example: "User.query.filter(or(User.c.id.eq(1), User.c.id.eq(2)))",
  },
  and: {
    signature: "and(...conditions)",
    says: "holds when all of the conditions hold",
    example: "User.query.filter(and(User.c.id.gt(1), User.c.id.lt(5)))",
  },
  not: {
    signature: "not(condition)",
    says: "holds when the condition does not",
    example: "User.query.filter(not(User.c.username.like('s%')))",
  },
  sql: {
    signature: "sql`…`",
    says: "SQL with values as parameters and columns by name",
    example: "User.query.filter(sql`length(${User.c.username}) > ${5}`)",
  },
};

/** Methods of a column, and of any expression. */
export const EXPRESSION: readonly string[] = [
  ...[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "like",
    "notLike",
    "ilike",
    "startsWith",
    "endsWith",
    "contains",
    "in",
    "notIn",
    "between",
  ],
  ...[
    "isNull",
    "isNotNull",
    "asc",
    "desc",
    "as",
    "count",
    "countDistinct",
    "sum",
    "avg",
    "min",
    "max",
    "lower",
    "upper",
    "length",
  ],
  ...["coalesce", "plus", "minus", "times", "dividedBy", "modulo"],
];

/** What a relation to many has besides an array's methods. */
export const COLLECTION: readonly string[] = [
  "all",
  "count",
  "filterBy",
  "orderBy",
  "first",
  "query",
  "add",
  "append",
  "remove",
  "push",
  "pop",
  "shift",
  "unshift",
  "splice",
];

export const DATABASE: readonly string[] = [
  "aliased",
  "session",
  "query",
  "create",
  "columns",
  "entities",
  "models",
  "model",
  "newSession",
  "dataSource",
  "observe",
  "close",
];
