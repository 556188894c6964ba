/** A subject of `.help`: what one does, and what to type for it. Every line of code is run by a test. */
export interface HelpTopic {
  readonly name: string;
  readonly title: string;
  /** Other words for it. */
  readonly also: readonly string[];
  /** What to type, and what it does; written for an entity User with id, username, email and posts. */
  readonly examples: readonly (readonly [code: string, meaning: string])[];
}

export const TOPICS: readonly HelpTopic[] = [
  {
    name: "queries",
    title: "read rows: a query is built by methods and runs with all, first, one, get, count, exists",
    also: ["querying", "select", "find", "reading"],
    examples: [
      ["User.query.all()", "every row, as a list"],
      ["User.query.get(1)", "by primary key, or null"],
      ["User.query.filterBy(username='susan').first()", "the first match, or null"],
      ["User.query.orderBy(User.c.username.desc()).limit(5).all()", "the last five names"],
      ["User.query.filterBy(username='susan').count()", "how many match"],
      ["User.query.select(User.c.username).all()", "values instead of objects"],
    ],
  },
  {
    name: "filters",
    title: "conditions: filterBy compares by name, filter takes expressions of Entity.c",
    also: ["filtering", "conditions", "operators", "where"],
    examples: [
      ["User.query.filterBy(username=Like('s%')).all()", "TypeORM's find operators"],
      ["User.query.filter(User.c.id.gt(10)).all()", "an expression"],
      ["User.query.filter(or(User.c.id.lt(5), User.c.email.isNull())).all()", "and, or, not"],
      ["User.query.filter(User.c.posts.any()).all()", "those that have related rows"],
      ["User.query.filter(sql`username = ${'susan'}`).all()", "SQL; values are sent as parameters"],
    ],
  },
  {
    name: "relations",
    title: "related rows: read like a property, loaded when they are read",
    also: ["relationships", "joins", "loading", "eager"],
    examples: [
      ["User.query.first()?.posts", "the related rows, one query"],
      ["User.query.options(joined('posts')).all()", "loaded with the query, by a join"],
      ["User.query.options(selectin('posts')).all()", "loaded by a second query for all"],
      ["User.query.join('posts').all()", "joins without loading"],
    ],
  },
  {
    name: "saving",
    title: "write rows: objects are added, changed or deleted, and commit writes all of it in one transaction",
    also: ["sessions", "writing", "insert", "update", "transactions", "unit of work"],
    examples: [
      ["u = User(username='rosa', email='rosa@example.com')", "a new object"],
      ["db.session.add(u)", "to be inserted"],
      ["u.email = 'r@example.com'", "changes are seen by themselves"],
      [".diff", "what a commit would write"],
      ["db.session.commit()", "writes it"],
      ["db.session.delete(u)", "to be deleted"],
      ["db.session.rollback()", "undoes all since the last commit"],
    ],
  },
  {
    name: "sql",
    title: "SQL: sent with its values as parameters, in the session's transaction",
    also: ["raw"],
    examples: [
      ["sql`select count(*) as users from user`", "runs and prints"],
      [".sql User.query.filterBy(username='susan')", "the SQL of a query, without sending it"],
      [".explain User.query.filterBy(username='susan')", "the database's plan"],
      [".echo on", "prints all SQL that is sent"],
    ],
  },
  {
    name: "migrations",
    title: "change the schema: edit the entities, generate a migration, run it",
    also: ["schema", "migrate"],
    examples: [
      [".migrate status", "applied and pending migrations"],
      [".migrate generate add-age", "a file with the difference between entities and database"],
      [".migrate up", "runs what is pending"],
      [".migrate down", "undoes the last one"],
      [".reload", "loads changed entity files"],
    ],
  },
  {
    name: "scripts",
    title: "without the prompt: the same language in files and pipes",
    also: ["script", "files", "export"],
    examples: [
      [".load FILE", "runs a file as if it were typed"],
      [".save FILE", "writes this sitting as a script for retort run"],
      [".export users.csv User.query", "rows into a file"],
      [".format json", "how values are printed"],
    ],
  },
];

export function topicNamed(name: string): HelpTopic | undefined {
  const wanted = name.toLowerCase();
  return TOPICS.find((topic) => topic.name === wanted || topic.also.includes(wanted));
}
