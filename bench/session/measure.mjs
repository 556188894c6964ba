import process from "node:process";

/**
 * Runs what is to be timed. Nothing is collected before it: no program does that in the middle of its work.
 *
 * @returns {Promise<{ milliseconds: number }>}
 */
export async function timed(work) {
  const started = performance.now();
  await work();
  return { milliseconds: performance.now() - started };
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

export function median(numbers) {
  const sorted = numbers.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
