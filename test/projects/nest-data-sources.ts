import type { MadeProject } from "./made-project";

export default {
  title: "a NestJS application with two data sources, the second by its name",
  typeorm: "1",
  installs: true,
  options: ["--name", "audit"],
  found: { configuration: "src/data-source.ts (its name)", entities: "1" },
  evaluates: ["Entry.query.count()", "1"],
  transcript: `
    > .migrate generate first
    src/migrations/audit/TIME-first.ts
    > .migrate up
    > e = Entry(action='paid')
    > db.session.add(e)
    > db.session.commit()
    > Entry.query.all()
     id │ action
    ────┼────────
      1 │ paid
    > db.session.get(Entry, 1) === e
    true
    > e.action = 'x'
    > db.session.rollback()
    > e.action
    'paid'
  `,
} satisfies MadeProject;
