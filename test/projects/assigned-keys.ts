import type { MadeProject } from "./made-project";

export default {
  title:
    "keys that the constructor sets, a key of two columns of which a relation has one, a constructor with parameters",
  typeorm: "1",
  found: { configuration: "data-source.ts (its name)", entities: "2" },
  evaluates: ["Booking.query.one().account.owner", "'Susan'"],
  transcript: `
    > .migrate generate first
    migrations/TIME-first.ts
    > .migrate up
    > a = new Account('Susan')
    > b = Booking({ account: a, number: 1, cents: 950 })
    > db.session.add(b)
    > db.session.commit()
    > Booking.query.select('number', 'cents', 'reference').all()
     number │ cents │ reference
    ────────┼───────┼───────────
          1 │   950 │ B-1
    > a.id.length
    36
    > db.session.get(Booking, { accountId: a.id, number: 1 }) === b
    true
    > b.cents = 0
    > db.session.rollback()
    > b.cents
    950
  `,
} satisfies MadeProject;
