import type { MadeProject } from "./made-project";

export default {
  title:
    ".env and .env.local, files for a bundler, a promise of a DataSource, a prefix of tables, dates that are set by themselves",
  typeorm: "1",
  found: {
    configuration: "src/database/data-source.ts (its name)",
    environment: ".env.local, .env",
    database: "better-sqlite3, local.sqlite",
    entities: "1",
  },
  evaluates: ["Note.query.one().tags", "[ 'a', 'b' ]"],
  notes: "retort: read .env.local and .env\n",
  transcript: `
    > .migrate generate first
    src/database/migrations/TIME-first.ts
    > .migrate up
    > n = Note(text='buy milk', tags=['a', 'b'])
    > db.session.add(n)
    > db.session.commit()
    > Note.query.select(Note.c.id, Note.c.text, Note.c.deletedAt).all()
     id │ text     │ deletedAt
    ────┼──────────┼───────────
      1 │ buy milk │ null
    > n.createdAt instanceof Date && n.updatedAt instanceof Date
    true
    > db.session.execute('select count(*) as n from n_note')
     n
    ───
     1
    > n.text = 'x'
    > db.session.rollback()
    > n.text
    'buy milk'
  `,
} satisfies MadeProject;
