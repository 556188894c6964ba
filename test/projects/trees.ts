import type { MadeProject } from "./made-project";

export default {
  title: "a closure table and a materialized path, define semantics of fields in CommonJS",
  typeorm: "1",
  found: { configuration: "src/config/database.config.ts (its text: it exports a DataSource)", entities: "2" },
  notes: "retort: src/config/database.config.ts is the only file that exports a DataSource\n",
  evaluates: [
    "db.dataSource.getTreeRepository(Category).findDescendants(Category.query.get(1)).map(({ name }) => name)",
    "[ 'Books', 'Novels' ]",
  ],
  transcript: `
    > .migrate generate first
    src/migrations/TIME-first.ts
    > .migrate up
    > c = Category(name='Books')
    > c.children.push(Category(name='Novels'))
    1
    > db.session.add(c, Place({ name: 'Kiel', parent: Place({ name: 'Holstein' }) }))
    > db.session.commit()
    > Category.query.orderBy('id').all()
     id │ name   │ parent
    ────┼────────┼────────
      1 │ Books  │ null
      2 │ Novels │ → 1
    > db.session.execute('select count(*) as n from category_closure')
     n
    ───
     3
    > db.session.get(Category, 2).parent === c
    true
    > c.name = 'x'
    > db.session.rollback()
    > c.name
    'Books'
  `,
} satisfies MadeProject;
