/*
 * What is cleaned up before a signal ends the process: scratch databases, the lease of a run.
 */

const cleanups = new Set<() => Promise<void>>();

/** Exit codes of processes that a signal has ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** How long the cleaning up may take, in milliseconds: a server that does not answer keeps no process alive. */
const PATIENCE = 10_000;

/** Makes sure that `cleanup` is called when a signal ends the process. @returns `cleanup`, which forgets it */
export function cleanUpOnSignal(cleanup: () => Promise<void>): () => Promise<void> {
  if (cleanups.size === 0) for (const signal of Object.keys(SIGNALS)) process.on(signal, endBySignal);
  cleanups.add(cleanup);
  return async () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) for (const signal of Object.keys(SIGNALS)) process.off(signal, endBySignal);
    await cleanup();
  };
}

function endBySignal(signal: keyof typeof SIGNALS): void {
  const all = [...cleanups];
  cleanups.clear();
  const end = () => process.exit(SIGNALS[signal]);
  setTimeout(end, PATIENCE);
  void Promise.allSettled(all.map((cleanup) => cleanup())).then(end);
}
