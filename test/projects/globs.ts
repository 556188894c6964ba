import type { MadeProject } from "./made-project";

export default {
  title: "patterns with several stars and exclusions, a subscriber, two folders of migrations",
  typeorm: "0.3",
  found: { configuration: "typeorm.config.ts (its name)", entities: "2" },
  evaluates: ["Thread.query.one().slug", "'hello-there'"],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > t = Thread(title='Hello there')
    > t.replies.push(Reply(text='Hi'))
    1
    > db.session.add(t)
    > db.session.commit()
    > Thread.query.all()
     id │ title       │ slug
    ────┼─────────────┼─────────────
      1 │ Hello there │ hello-there
    > db.session.get(Reply, 1).thread === t
    true
    > t.title = 'x'
    > db.session.rollback()
    > t.title
    'Hello there'
  `,
} satisfies MadeProject;
