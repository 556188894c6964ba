import type { MadeProject } from "./made-project";

export default {
  title: "EntitySchema in TypeScript without decorators, ES modules with .ts endings",
  typeorm: "0.3",
  without: ["reflect-metadata"],
  found: { configuration: "src/data-source.ts (its name)", entities: "2" },
  evaluates: ["`${Booking.query.one()}, ${Booking.query.one().room.name}`", "'booking for 2026-05-01, Blue'"],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > r = Room(name='Blue')
    > db.session.add(Booking({ day: '2026-05-01', room: r }))
    > db.session.commit()
    > Room.query.all()
     id │ name
    ────┼──────
      1 │ Blue
    > r.bookings.all()[0] === Booking.query.get(1)
    true
    > r.name = 'x'
    > db.session.rollback()
    > r.name
    'Blue'
  `,
} satisfies MadeProject;
