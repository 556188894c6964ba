import type { QueryRunner } from "typeorm";

/** What TypeORM's query runner remembers of its transaction; the depth is protected there. */
interface RunnerState {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/**
 * One step of a transaction, told to subscribers (`beforeTransactionStart` …) as TypeORM tells it, and to the query runner:
 * what a listener saves through `event.manager` belongs to the same transaction and neither begins nor commits one.
 */
export async function transactionStep(
  queryRunner: QueryRunner,
  step: "Start" | "Commit" | "Rollback",
  work: () => unknown,
): Promise<void> {
  const { broadcaster, dataSource } = queryRunner;
  const hears = dataSource.subscribers.length > 0;
  if (hears) await broadcaster.broadcast(`BeforeTransaction${step}`);
  const done = work();
  if (done instanceof Promise) await done;
  const state = queryRunner as unknown as RunnerState;
  state.isTransactionActive = step === "Start";
  state.transactionDepth = step === "Start" ? 1 : 0;
  if (hears) await broadcaster.broadcast(`AfterTransaction${step}`);
}
