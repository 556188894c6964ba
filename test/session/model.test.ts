import fc from "fast-check";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "./blog";
import { programs, run } from "./model/program";
import { entities } from "./model/schema";

/** How many programs are run: `RUNS=` says otherwise. `SEED=` repeats what a failure names. */
const RUNS = { sqlite: 2000, postgres: 50, mariadb: 50 };

eachDatabase((database) => {
  const bench = benchOn(database, { entities: Object.values(entities) });
  const seed = process.env["SEED"] ? Number(process.env["SEED"]) : undefined;
  const numRuns = process.env["RUNS"] ? Number(process.env["RUNS"]) : RUNS[database.name];

  test("random programs leave database and memory as a simple model says", async () => {
    const property = fc
      .asyncProperty(programs, (program) => run(bench.dataSource, program))
      .beforeEach(() => bench.empty());
    await fc.assert(property, { numRuns, ...(seed !== undefined && { seed }) });
  }, 600_000);
});
