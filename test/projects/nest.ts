import type { MadeProject } from "./made-project";

export default {
  title:
    "a NestJS application: options of an asynchronous factory, entities that modules register, no file of the data source",
  typeorm: "0.3",
  installs: true,
  notes: "retort: read .env\n",
  found: { configuration: "src/data-source.ts (its name)", entities: "1" },
  evaluates: ["User.query.count()", "1"],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > u = User(name='susan')
    > db.session.add(u)
    > db.session.commit()
    > User.query.all()
     id │ name
    ────┼───────
      1 │ susan
    > db.session.get(User, 1) === u
    true
    > u.name = 'x'
    > db.session.rollback()
    > u.name
    'susan'
  `,
} satisfies MadeProject;
