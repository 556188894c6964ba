import fs from "node:fs";
import { workerData } from "node:worker_threads";

/*
 * The thread that says of a statement which blocks the main thread that it cannot be ended (see ./stoppable-reads). It writes to the
 * terminal itself: nothing of the main thread can.
 */

/** What the thread is started with. */
export interface BusyThreadData {
  /** The number of the statement that runs; 0 while none does. */
  readonly running: Int32Array;
  readonly fd: number;
  readonly text: string;
}

/** After how many milliseconds it is said. */
const PATIENCE = 1_000;

const { running, fd, text } = workerData as BusyThreadData;
for (;;) {
  Atomics.wait(running, 0, 0);
  const statement = Atomics.load(running, 0);
  if (statement === 0 || Atomics.wait(running, 0, statement, PATIENCE) !== "timed-out") continue;
  fs.writeSync(fd, text);
  Atomics.wait(running, 0, statement);
}
