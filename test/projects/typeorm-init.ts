import type { MadeProject } from "./made-project";

export default {
  title: "what `typeorm init` makes: CommonJS, a list of classes",
  typeorm: "1",
  found: {
    configuration: 'src/data-source.ts (the script "migration:run" of package.json)',
    TypeORM: expect.stringMatching(/^1\.1\./),
    entities: "1",
    migrations: "1, 0 pending",
  },
  evaluates: ["User.query.one().firstName", "'Timber'"],
  transcript: `
    > .migrate generate first
    src/migration/TIME-first.ts
    > .migrate up
    > u = User(firstName='Timber', lastName='Saw', age=25)
    > db.session.add(u)
    > db.session.commit()
    > User.query.all()
     id │ firstName │ lastName │ age
    ────┼───────────┼──────────┼─────
      1 │ Timber    │ Saw      │  25
    > db.session.get(User, 1) === u
    true
    > u.firstName = 'Wood'
    > db.session.rollback()
    > u.firstName
    'Timber'
  `,
} satisfies MadeProject;
