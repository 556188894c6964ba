import type { MadeProject } from "./made-project";

export default {
  title: "a view, a materialized view, an enum, an array, an identity column",
  typeorm: "1",
  database: "postgres",
  found: { configuration: "src/data-source.ts (its name)", entities: "3" },
  notes: "retort: read .env\n",
  evaluates: [
    "KindOfSale.query.orderBy('total').all().map(({ kind, total }) => `${kind} ${total}`)",
    "[ 'cash 30.50', 'card 120.00' ]",
  ],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > s = Sale(day='2026-01-01', amount='120.00', kind='card', labels=['x'])
    > db.session.add(s, Sale(day='2026-01-01', amount='30.50'))
    > db.session.commit()
    > KindOfSale.query.orderBy('total').all()
     kind │ total
    ──────┼────────
     cash │ 30.50
     card │ 120.00
    > Sale.query.get(2).day
    '2026-01-01'
    > TopSale.query.count()
    0
    > Sale.query.get(1) === s
    true
    > s.kind = 'cash'
    > db.session.rollback()
    > s.kind
    'card'
  `,
} satisfies MadeProject;
