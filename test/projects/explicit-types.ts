import type { MadeProject } from "./made-project";

export default {
  title:
    "a project that SWC compiles, without metadata of decorators: each column says its type; an enum, an index of two columns",
  typeorm: "1",
  database: "mariadb",
  without: ["reflect-metadata"],
  found: { configuration: "src/db/data-source.ts (its name)", entities: "1" },
  notes: "retort: read .env\n",
  evaluates: ["Reading.query.one().at", "2026-01-02T03:04:05.678Z"],
  transcript: `
    > .migrate generate first
    src/db/migrations/TIME-first.ts
    > .migrate up
    > r = Reading({ sensor: 'roof', value: 21.5, at: new Date('2026-01-02T03:04:05.678Z') })
    > db.session.add(r)
    > db.session.commit()
    > Reading.query.all()
     id │ sensor │ unit │ value │ at
    ────┼────────┼──────┼───────┼──────────────────────────
     1  │ roof   │ C    │  21.5 │ 2026-01-02 03:04:05.678Z
    > db.session.get(Reading, '1') === r
    true
    > r.value = 0
    > db.session.rollback()
    > r.value
    21.5
  `,
} satisfies MadeProject;
