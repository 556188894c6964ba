import { createHash, randomBytes } from "node:crypto";
import { SCRATCH_PREFIX } from "./scratch";

/*
 * Scratch databases that this process has. A signal that ends the process drops them first; those of a process that was
 * killed are found by their names.
 */

const live = new Set<() => Promise<void>>();

/** Exit codes of processes that a signal has ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** How the names of the scratch databases of one project database begin. */
export function scratchPrefixOf(database: string): string {
  return `${SCRATCH_PREFIX}${createHash("sha256").update(database).digest("hex").slice(0, 8)}_`;
}

export function newScratchName(database: string): string {
  return scratchPrefixOf(database) + randomBytes(6).toString("hex");
}

/** Makes sure that `drop` is called when a signal ends the process. @returns `drop`, which forgets it */
export function dropOnSignal(drop: () => Promise<void>): () => Promise<void> {
  if (live.size === 0) for (const signal of Object.keys(SIGNALS)) process.on(signal, endBySignal);
  live.add(drop);
  return async () => {
    live.delete(drop);
    if (live.size === 0) for (const signal of Object.keys(SIGNALS)) process.off(signal, endBySignal);
    await drop();
  };
}

function endBySignal(signal: keyof typeof SIGNALS): void {
  const drops = [...live];
  live.clear();
  void Promise.allSettled(drops.map((drop) => drop())).then(() => process.exit(SIGNALS[signal]));
}
