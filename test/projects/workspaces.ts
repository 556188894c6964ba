import type { MadeProject } from "./made-project";

export default {
  title: "workspaces: entities in a package of their own whose main file is TypeScript, a check, a uuid as key",
  typeorm: "1",
  folder: "apps/api",
  found: { configuration: "src/data-source.ts (its name)", entities: "2" },
  evaluates: ["Ticket.query.one().owner.login", "'susan'"],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > t = Ticket(title='Broken', owner=Account(login='susan'))
    > db.session.add(t)
    > db.session.commit()
    > t.priority
    2
    > Ticket.query.select(Ticket.c.id, Ticket.c.title, Ticket.c.priority).all()
     id │ title  │ priority
    ────┼────────┼──────────
      1 │ Broken │        2
    > Account.query.get(t.owner.id) === t.owner
    true
    > t.owner = null
    > db.session.rollback()
    > t.owner.login
    'susan'
  `,
} satisfies MadeProject;
