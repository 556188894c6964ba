import type { Dialect } from "../../dialect/dialect";

/**
 * Splits rows into those of one statement: at most so many, and no longer than a server accepts.
 *
 * @param most how many rows a statement may have
 * @param longest how many characters and bytes of values a statement may have
 */
export function rowBatches<T>(
  rows: readonly T[],
  most: number,
  longest: number,
  lengthOf: (row: T) => number,
): (readonly T[])[] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let length = 0;
  for (const row of rows) {
    const own = lengthOf(row);
    if (batch.length > 0 && (batch.length === most || length + own > longest)) {
      batches.push(batch);
      batch = [];
      length = 0;
    }
    batch.push(row);
    length += own;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The characters of texts and the bytes of buffers among parameters; other values are short. */
export function lengthOfValues(values: readonly unknown[]): number {
  let length = 0;
  for (const value of values) if (typeof value === "string" || value instanceof Uint8Array) length += value.length;
  return length;
}

/** Whether the values are too long for a statement of several rows. */
export function isTooLong(parameters: readonly unknown[], { statementLength }: Dialect): boolean {
  return statementLength !== Infinity && lengthOfValues(parameters) > statementLength;
}
