import type { Workshop } from "../helpers/workshop";
import { asError } from "../helpers/typeorm";

type Entities = Parameters<Workshop["use"]>[0];

/** What TypeORM's own `migration:generate` would write for these entities. */
export interface TypeormMigration {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

export async function typeormGenerate(shop: Workshop, entities: Entities): Promise<TypeormMigration> {
  const { dataSource } = await shop.use(entities);
  const memory = await dataSource.driver.createSchemaBuilder().log();
  const fill = ({ query, parameters }: { query: string; parameters?: unknown[] | undefined }) =>
    // On SQLite the books are written with parameters, which generate puts in as text.
    (parameters ?? []).reduce<string>(
      (text, value) =>
        text.replace(
          "?",
          value === null || value === undefined ? "NULL" : `'${String(value as string).replaceAll("'", "''")}'`,
        ),
      query,
    );
  return { up: memory.upQueries.map(fill), down: [...memory.downQueries].reverse().map(fill) };
}

/** As `typeorm migration:run` does it. */
export async function typeormRun(shop: Workshop, { up }: TypeormMigration): Promise<void> {
  await send(shop, up, async (runner) => {
    await runner.beforeMigration();
    await runner.startTransaction();
  });
}

/** As `typeorm migration:revert` does it. */
export async function typeormRevert(shop: Workshop, { down }: TypeormMigration): Promise<void> {
  await send(shop, down, async (runner) => {
    await runner.startTransaction();
    await runner.beforeMigration();
  });
}

async function send(
  shop: Workshop,
  statements: readonly string[],
  begin: (runner: Runner) => Promise<void>,
): Promise<void> {
  const runner = shop.dataSource.createQueryRunner();
  try {
    await begin(runner);
    for (const statement of statements) await runner.query(statement).catch(asError);
    await runner.commitTransaction();
    await runner.afterMigration();
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    await runner.release();
  }
}

type Runner = ReturnType<Workshop["dataSource"]["createQueryRunner"]>;
