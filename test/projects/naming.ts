import type { MadeProject } from "./made-project";

export default {
  title:
    "ES modules, a naming strategy of its own, embedded columns, many-to-many, a static property that has the DataSource",
  typeorm: "0.3",
  database: "postgres",
  found: { configuration: "src/db/data-source.ts (its name)", entities: "2" },
  notes: "retort: read .env\n",
  evaluates: ["Contact.query.one().homeAddress.zipCode", "'24103'"],
  transcript: `
    > .migrate generate first
    src/db/migrations/TIME-first.ts
    > .migrate up
    > acme = Company(legalName='Acme Inc.')
    > c = Contact({ firstName: 'Ann', homeAddress: { zipCode: '24103' }, mainCompany: acme, formerCompanies: [acme] })
    > db.session.add(c)
    > db.session.commit()
    > Contact.query.filter(Contact.c.homeAddress.zipCode.eq('24103')).select('id', 'firstName').all()
     id │ firstName
    ────┼───────────
      1 │ Ann
    > db.session.execute('SELECT first_name, home_address_zip_code FROM contacts')
     first_name │ home_address_zip_code
    ────────────┼───────────────────────
     Ann        │ 24103
    > Company.query.one().formerContacts.all()[0] === c
    true
    > c.homeAddress.zipCode = 'x'
    > db.session.rollback()
    > c.homeAddress.zipCode
    '24103'
  `,
} satisfies MadeProject;
