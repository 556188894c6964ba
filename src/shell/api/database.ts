import { awaited, direct, type ApiTable } from "./entry";

/** Members of `db`. */
export const DATABASE: ApiTable = {
  session: direct("session", "the session: add, query, commit and roll back objects", "db.session.commit()", "session"),
  query: direct("query(Entity)", "a query of all rows of an entity", "db.query(User).all()", "query"),
  create: direct(
    "create(Entity, values)",
    "a new object, not added yet",
    "db.create(User, { username: 'susan' })",
    "entity",
  ),
  aliased: direct(
    "aliased(Entity, name?)",
    "an entity under a second name, to join a table with itself",
    "other = db.aliased(User)",
  ),
  columns: direct(
    "columns(Entity)",
    "the columns of an entity as expressions; also User.c",
    "db.columns(User).username",
    "columns",
  ),
  entities: direct("entities", "the entity classes by name", "db.entities.get('User')"),
  models: direct("models", "the columns, relations and keys of all entities", "db.models.map(m => m.name)"),
  model: direct("model(Entity)", "the columns, relations and keys of an entity", "db.model(User).primary"),
  newSession: direct(
    "newSession(options?)",
    "another session on the same database; close it yourself",
    "s = db.newSession()",
    "session",
  ),
  dataSource: direct("dataSource", "TypeORM's DataSource", "db.dataSource.query('select 1')"),
  observe: direct(
    "observe(listener)",
    "calls a function for each statement, flush and commit; gives a function that stops",
    "stop = db.observe(e => print(e.type))",
  ),
  pools: direct("pools()", "the figures of the connection pools, and which sessions hold a connection", "db.pools()"),
  scope: awaited(
    "scope(work)",
    "runs a function with a session of its own, as a request of a server",
    "db.scope(() => User.query.all())",
  ),
  forbidWrites: awaited("forbidWrites()", "makes the database refuse every write from now on", "db.forbidWrites()"),
  close: awaited("close()", "rolls back and closes what connect() opened", "db.close()"),
};
