import type { MadeProject } from "./made-project";

export default {
  title: "single-table inheritance with an abstract parent, a file of several entities, `export =`",
  typeorm: "0.3",
  database: "mariadb",
  found: { configuration: "ormconfig.ts (its name)", entities: "4" },
  notes: "retort: read .env\n",
  evaluates: ["Vehicle.query.orderBy('id').all().map((one) => one.constructor.name)", "[ 'Car', 'Truck' ]"],
  transcript: `
    > .migrate generate first
    migrations/TIME-first.ts
    > .migrate up
    > g = Garage(city='Kiel')
    > g.vehicles.push(Car(plate='KI-A 1', doors=5), Truck(plate='KI-B 2', load='7.50'))
    2
    > db.session.add(g)
    > db.session.commit()
    > Car.query.all()
     id │ plate  │ doors │ garage
    ────┼────────┼───────┼────────
      1 │ KI-A 1 │     5 │ → 1
    > Vehicle.query.get(2).load
    '7.50'
    > Truck.query.get(2) === g.vehicles.all()[1]
    true
    > g.city = 'x'
    > db.session.rollback()
    > g.city
    'Kiel'
  `,
} satisfies MadeProject;
