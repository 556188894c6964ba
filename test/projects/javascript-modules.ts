import type { MadeProject } from "./made-project";

export default {
  title: "JavaScript in ES modules with await at the top, EntitySchema without classes, many-to-many, a text as key",
  typeorm: "1",
  without: ["typescript", "@types/node", "reflect-metadata"],
  found: { configuration: "data-source.js (its name)", entities: "2" },
  evaluates: ["Task.query.one().labels.map(({ word }) => word)", "[ 'home' ]"],
  transcript: `
    > .migrate generate first
    migrations/TIME-first.js
    > .migrate up
    > t = Task({ title: 'Write', labels: [Label({ word: 'home' })] })
    > db.session.add(t)
    > db.session.commit()
    > Task.query.all()
     id │ title │ isDone
    ────┼───────┼────────
      1 │ Write │ false
    > db.session.get(Label, 'home') === t.labels.all()[0]
    true
    > t.isDone = true
    > db.session.rollback()
    > t.isDone
    false
  `,
} satisfies MadeProject;
