import type { MadeProject } from "./made-project";

export default {
  title: "yarn's Plug'n'Play: packages in archives, no node_modules, a type alias as a column's type",
  typeorm: "1",
  installs: true,
  found: { configuration: "src/data-source.ts (its name)", TypeORM: expect.stringContaining(".zip/"), entities: "1" },
  evaluates: ["Meter.query.one().reading", "12"],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > m = Meter(place='cellar', reading=12)
    > db.session.add(m)
    > db.session.commit()
    > Meter.query.all()
     id │ place  │ reading
    ────┼────────┼─────────
      1 │ cellar │      12
    > db.session.get(Meter, 1) === m
    true
    > m.place = 'x'
    > db.session.rollback()
    > m.place
    'cellar'
  `,
} satisfies MadeProject;
