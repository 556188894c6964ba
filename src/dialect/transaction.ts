import type { QueryRunner } from "typeorm";
import { dataSourceOf } from "../typeorm/data-source";

/** The state of a transaction in TypeORM's query runner; the depth is protected there. */
interface RunnerState {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/**
 * Runs one step of a transaction. Notifies subscribers (`beforeTransactionStart` …) as TypeORM does, and updates the
 * query runner's state, so that what a listener saves through `event.manager` joins the transaction and neither
 * begins nor commits one.
 */
export async function transactionStep(
  queryRunner: QueryRunner,
  step: "Start" | "Commit" | "Rollback",
  work: () => unknown,
): Promise<void> {
  const { broadcaster } = queryRunner;
  const hasSubscribers = dataSourceOf(queryRunner).subscribers.length > 0;
  if (hasSubscribers) await broadcaster.broadcast(`BeforeTransaction${step}`);
  const done = work();
  if (done instanceof Promise) await done;
  const state = queryRunner as unknown as RunnerState;
  state.isTransactionActive = step === "Start";
  state.transactionDepth = step === "Start" ? 1 : 0;
  if (hasSubscribers) await broadcaster.broadcast(`AfterTransaction${step}`);
}
