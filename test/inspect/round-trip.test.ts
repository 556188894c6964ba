import fc from "fast-check";
import * as typeorm from "typeorm";
import { makeClasses } from "../../src/inspect/classes";
import { inspect } from "../../src/inspect/inspect";
import { eachDatabase } from "../helpers/databases";
import { Workshop } from "../helpers/workshop";
import { design, entitiesOf } from "../migrate/design";
import { WORDS } from "../migrate/server-words";

/* Random schemas, created from entities and taken back: the classes that are read from the database agree with it. */

/** For another number: INSPECTED=200; for others, or one again: SEED, TRIAL. */
const RUNS = { sqlite: 40, postgres: 3, mariadb: 6 };
const again = {
  seed: Number(process.env["SEED"] ?? 20261128),
  ...(process.env["TRIAL"] && { path: process.env["TRIAL"] }),
};

eachDatabase((kind) => {
  const numRuns = Number(process.env["INSPECTED"] ?? RUNS[kind.name]);

  test(
    "entity classes that are read from any schema agree with it at once",
    async () => {
      await fc.assert(fc.asyncProperty(fc.gen(), readBack), { numRuns, endOnFailure: true, ...again });
    },
    60_000 + numRuns * 5_000,
  );

  async function readBack(g: fc.GeneratorValue): Promise<void> {
    const wanted = design(g);
    const entities = kind.name === "sqlite" ? entitiesOf(wanted) : WORDS[kind.name].entities(wanted);
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate(entities);
      const { entities: described } = await inspect(shop.dataSource);
      const { differences } = await shop.check(makeClasses(described, typeorm));
      expect(differences.map(({ text }) => text)).toEqual([]);
    } finally {
      await shop.close();
      await shop.database.drop();
    }
  }
});
