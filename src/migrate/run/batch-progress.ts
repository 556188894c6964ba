import type { SentStatement } from "./intercept";

/**
 * How far a migration is that fills a column in batches: its file marks the statement that counts the rows, and those that
 * fill some of them, with comments (`backfillFunction`).
 */
export class BatchProgress {
  #rows = 0;
  #done = 0;

  /** The share that is done after the statement, from 0 to 1; undefined for a statement that is no batch. */
  after({ sql }: Pick<SentStatement, "sql">, result: unknown): number | undefined {
    const mark = /\/\* retort: (rows|batch of (\d+)) \*\/$/.exec(sql);
    if (!mark) return undefined;
    if (mark[1] === "rows") {
      const [row] = result as { n: number | string }[];
      this.#rows = Number(row?.n ?? 0);
      this.#done = 0;
    } else this.#done += Number(mark[2]);
    return this.#rows === 0 ? 1 : Math.min(1, this.#done / this.#rows);
  }
}
