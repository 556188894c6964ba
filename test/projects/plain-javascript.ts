import type { MadeProject } from "./made-project";

export default {
  title: "JavaScript in CommonJS, EntitySchema with a class and without one, found by patterns",
  typeorm: "1",
  without: ["typescript", "@types/node", "reflect-metadata"],
  found: { configuration: "ormconfig.js (its name)", entities: "2" },
  evaluates: ["Guest.query.one().greeting()", "'Hello, Susan!'"],
  transcript: `
    > .migrate generate first
    migrations/TIME-first.js
    > .migrate up
    > g = Guest(name='Susan')
    > g.messages.push(Message({ text: 'I was here' }))
    1
    > db.session.add(g)
    > db.session.commit()
    > Message.query.all()
     id │ text       │ guest
    ────┼────────────┼───────
      1 │ I was here │ → 1
    > db.session.get(Guest, 1) === g
    true
    > g.name = 'x'
    > db.session.rollback()
    > g.name
    'Susan'
  `,
} satisfies MadeProject;
