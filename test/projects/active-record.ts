import type { MadeProject } from "./made-project";

export default {
  title:
    "CommonJS, BaseEntity, entities that import each other through an index, a type alias as a column's type, a function that gives the DataSource",
  typeorm: "0.3",
  found: {
    configuration: 'server/config/database.ts (the script "migration:generate" of package.json)',
    TypeORM: expect.stringMatching(/^0\.3\./),
    entities: "2",
  },
  evaluates: ["Customer.find({ relations: { orders: true } })[0].orders.length", "1"],
  transcript: `
    > .migrate generate first
    server/migrations/TIME-first.ts
    > .migrate up
    > c = Customer(name='Susan', email='Susan@Example.com')
    > c.orders.push(Order(total='9.50'))
    1
    > db.session.add(c)
    > db.session.commit()
    > c.label
    'Susan <susan@example.com>'
    > db.query(Order).all()
     id │ status │ total │ customerId
    ────┼────────┼───────┼────────────
      1 │ open   │   9.5 │          1
    > Customer.findOneBy({ id: 1 }).name
    'Susan'
    > db.session.get(Customer, 1) === c
    true
    > c.name = 'x'
    > db.session.rollback()
    > c.name
    'Susan'
  `,
} satisfies MadeProject;
