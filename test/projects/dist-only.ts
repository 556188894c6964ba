import type { MadeProject } from "./made-project";

export default {
  title: "compiled files only, without sources, tsconfig.json and TypeScript, a migration of TypeORM's",
  typeorm: "0.3",
  without: ["typescript", "@types/node"],
  env: { NODE_ENV: "production" },
  found: {
    configuration: 'dist/data-source.js (the script "migration:run" of package.json)',
    entities: "1",
    migrations: "1, 0 pending",
  },
  evaluates: ["Invoice.query.one().number", "'2026-1'"],
  transcript: `
    > .migrate up
    > i = Invoice(number='2026-1')
    > db.session.add(i)
    > db.session.commit()
    > Invoice.query.all()
     id │ number
    ────┼────────
      1 │ 2026-1
    > db.session.get(Invoice, 1) === i
    true
    > i.number = 'x'
    > db.session.rollback()
    > i.number
    '2026-1'
  `,
} satisfies MadeProject;
