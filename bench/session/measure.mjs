import process from "node:process";

/**
 * Runs what is to be timed; what came before it left garbage that is not its own, so that goes first where node lets it.
 * Young garbage only: between two works no object of an entity is alive, and a whole collection would take what V8 has learnt
 * of their classes, with the code that it compiled for them. No program lives through that in the middle of its work.
 *
 * @returns {Promise<{ milliseconds: number }>}
 */
export async function timed(work) {
  globalThis.gc?.({ type: "minor" });
  const started = performance.now();
  const c0 = process.cpuUsage();
  await work();
  const milliseconds = performance.now() - started;
  const c = process.cpuUsage(c0);
  return { milliseconds, cpu: (c.user + c.system) / 1000 };
}

/** The better of two results of one work. */
export function best(before, result) {
  return !before || result.failed || result.milliseconds < before.milliseconds ? result : before;
}

/** Progress, for whoever waits at a terminal. */
export function note(line) {
  if (process.stderr.isTTY || process.env.BENCH_VERBOSE) process.stderr.write(`${line}\n`);
}

/** A check outside the clock: a contestant that is fast because it did not do the work is found out. */
export function expect(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}
