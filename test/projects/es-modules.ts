import type { MadeProject } from "./made-project";

export default {
  title:
    "ES modules with .js endings, await at the top of a module, define semantics of fields, the only file that exports a DataSource",
  typeorm: "1",
  found: { configuration: expect.stringMatching(/^src\/db\.ts \(/), entities: "2", migrations: "1, 0 pending" },
  evaluates: [
    "Author.query.one().books.map(({ title, copies }) => `${title} ${copies}`)",
    "[ 'Emma 1', 'Persuasion 2' ]",
  ],
  notes: "retort: src/db.ts is the only file that exports a DataSource\n",
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > a = Author(name='Jane Austen')
    > a.books.push(Book(title='Emma'), Book(title='Persuasion', copies=2))
    2
    > db.session.add(a)
    > db.session.commit()
    > Author.query.all()
     id │ name
    ────┼─────────────
      1 │ Jane Austen
    > db.session.get(Book, 2).author === a
    true
    > a.name = 'J. A.'
    > db.session.rollback()
    > a.name
    'Jane Austen'
  `,
} satisfies MadeProject;
