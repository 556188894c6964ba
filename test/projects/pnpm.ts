import type { MadeProject } from "./made-project";

export default {
  title:
    "packages in a store as pnpm lays them, imports of package.json, a function that gives a promise of the DataSource",
  typeorm: "1",
  layout: "pnpm",
  found: {
    TypeORM: expect.stringMatching(/^1\.1\.\d+ in node_modules\/\.pnpm\/typeorm@[\d.]+\/node_modules\/typeorm$/),
    entities: "1",
  },
  evaluates: ["Item.query.one().place", "7"],
  transcript: `
    > .migrate generate first
    migrations/TIME-first.ts
    > .migrate up
    > i = Item(shelf='A', place=7)
    > db.session.add(i)
    > db.session.commit()
    > Item.query.all()
     id │ shelf │ place
    ────┼───────┼───────
      1 │ A     │     7
    > db.session.get(Item, 1) === i
    true
    > i.shelf = 'x'
    > db.session.rollback()
    > i.shelf
    'A'
  `,
} satisfies MadeProject;
