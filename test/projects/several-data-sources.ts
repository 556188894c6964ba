import type { MadeProject } from "./made-project";

export default {
  title: "two DataSources of one file, each with its migrations, the second by its name",
  typeorm: "0.3",
  options: ["--name", "audit"],
  found: { configuration: "src/data-source.ts (its name)", database: "better-sqlite3, audit.sqlite", entities: "1" },
  evaluates: ["Entry.query.count()", "1"],
  transcript: `
    > .migrate generate first
    src/audit/migrations/TIME-first.ts
    > .migrate up
    > e = Entry(subject='invoice', action='paid')
    > db.session.add(e)
    > db.session.commit()
    > Entry.query.filterBy({ subject: 'invoice' }).all()
     id │ subject │ action
    ────┼─────────┼────────
      1 │ invoice │ paid
    > db.session.get(Entry, 1) === e
    true
    > e.action = 'x'
    > db.session.rollback()
    > e.action
    'paid'
  `,
} satisfies MadeProject;
