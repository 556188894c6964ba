import fc from "fast-check";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { programs, run } from "./model/program";
import { entities } from "../helpers/entities/magazine";

/** How many programs are run: `RUNS=` says otherwise. */
const RUNS = { sqlite: 2000, postgres: 50, mariadb: 50 };
/** The same programs each time, so that a change is what breaks them; `SEED=` asks for others, or repeats what a failure names. */
const SEED = 20261125;

eachDatabase((database) => {
  const bench = benchOn(database, { entities: Object.values(entities) });
  const seed = Number(process.env["SEED"] ?? SEED);
  const numRuns = process.env["RUNS"] ? Number(process.env["RUNS"]) : RUNS[database.name];

  test("random programs leave database and memory as a simple model says", async () => {
    const property = fc
      .asyncProperty(programs, (program) => run(bench.dataSource, program))
      .beforeEach(() => bench.empty());
    await fc.assert(property, { numRuns, seed });
  }, 600_000);
});
