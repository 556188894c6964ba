import { pluralize } from "../text";
import type { ColumnModel, EntityModel } from "../metadata/model";
import type { QueryContext } from "./context";
import { batchesNotInOrder } from "./errors";
import { Column } from "./expression";
import type { KeysetTerm, Side } from "./keyset";
import type { Assignments } from "./types";

/** The rows of one batch. */
export interface Batch<R> {
  readonly rows: R[];
  /** The place of the last one in the order; undefined where there is no row. */
  readonly last: readonly unknown[] | undefined;
  /** The SELECT that found it. */
  readonly sql: string;
  /** Detaches what was loaded for it and not changed. */
  release(): void;
}

/** What batches need to know of their query. */
export interface BatchFacts {
  readonly context: QueryContext;
  readonly limit: number | undefined;
  readonly hasOffset: boolean;
  /** Whether the order decides which rows are selected. */
  readonly isLimited: boolean;
  readonly terms: readonly KeysetTerm[];
}

/** What batches use of their query. */
interface BatchedQuery<T extends object, R extends object> {
  readonly batchFacts: BatchFacts;
  inKeyOrder(): BatchedQuery<T, R>;
  withoutOffset(): BatchedQuery<T, R>;
  limit(limit: number): BatchedQuery<T, R>;
  beyond(side: Side, values: readonly unknown[], isInclusive: boolean): BatchedQuery<T, R>;
  readBatch(size: number): Promise<Batch<R>>;
  placeAt(number: number): Promise<{ readonly values: readonly unknown[] | undefined; readonly sql: string }>;
  tableEnds(): Promise<readonly [number, number] | undefined>;
  update(values: Assignments<T>): Promise<number>;
  delete(): Promise<number>;
}

/** A batch that was written: the place where it ends; undefined where no row can follow. */
interface Written {
  readonly end: readonly unknown[] | undefined;
  readonly count: number;
  readonly sql: string;
}

/**
 * The rows of a query in batches, as `query.inBatches(n)` gives them: an asynchronous iterable of lists, which can also be updated and
 * deleted batch by batch.
 */
export class Batches<T extends object = object, R extends object = T> implements AsyncIterable<R[]> {
  readonly #query: BatchedQuery<T, R>;
  readonly #size: number;
  readonly #model: EntityModel;

  /** @internal Use `query.inBatches(n)`. */
  constructor(query: BatchedQuery<T, R>, size: number, model: EntityModel) {
    this.#query = query;
    this.#size = size;
    this.#model = model;
  }

  /** @internal */
  get entity(): EntityModel {
    return this.#model;
  }

  get [Symbol.toStringTag](): string {
    return `Batches of ${this.#model.name}`;
  }

  /** Rows of a batch. */
  get size(): number {
    return this.#size;
  }

  /** Reads one list of entities, or of rows of `select(…)`, after the other. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R[]> {
    const { context, limit = Infinity } = this.#query.batchFacts;
    const progress = new Progress(this.#model, "read", this.#query.batchFacts);
    const checkCancelled = context.cancellation();
    let query = this.#query;
    let left = limit;
    while (left > 0) {
      const size = Math.min(this.#size, left);
      const batch = await query.readBatch(size);
      const { rows, last, sql } = batch;
      if (!last) return;
      try {
        yield rows;
      } finally {
        batch.release();
      }
      const isLast = rows.length < size;
      await progress.add(rows.length, isLast ? undefined : last, sql, () => this.#query.tableEnds());
      if (isLast) return;
      await checkCancelled();
      left -= rows.length;
      query = query.withoutOffset().beyond("after", last, false);
    }
  }

  /**
   * Updates all rows of the query, batch by batch, in the order of the primary key where the query has no limit. Outside of a transaction
   * each batch is committed by itself; in one, all belong to it. Loaded objects are read again. Listeners are not called.
   *
   * @param values as of `query.update`
   * @returns the number of rows
   * @throws RetortError `query/batches` for a change of a column that the batches are sorted by; `session/unflushed` where the session has
   *   changes that the first batch would commit. An error of a batch says how many rows the batches before it have changed
   */
  async update(values: Assignments<T>): Promise<number> {
    return this.#write("update", Object.keys(values), (query) => query.update(values));
  }

  /**
   * Deletes all rows of the query, batch by batch, as `update` does.
   *
   * @returns the number of rows
   */
  async delete(): Promise<number> {
    return this.#write("delete", [], (query) => query.delete());
  }

  async #write(
    operation: "update" | "delete",
    changed: readonly string[],
    run: (query: BatchedQuery<T, R>) => Promise<number>,
  ): Promise<number> {
    const facts = this.#query.batchFacts;
    // Only a limit depends on the order; the primary key is the one that has an index, and that no update changes.
    const ordered = facts.isLimited ? this.#query : this.#query.inKeyOrder();
    this.#checkChanged(ordered.batchFacts.terms, changed);
    const progress = new Progress(this.#model, operation, facts);
    const checkCancelled = facts.context.cancellation();
    let query = await this.#fromOffset(ordered);
    try {
      while (query) {
        const left = (facts.limit ?? Infinity) - progress.rows;
        if (left <= 0) return progress.rows;
        const current = query;
        const { end, count, sql } = await facts.context.transacted(`inBatches().${operation}()`, () =>
          this.#writeBatch(current, left, run),
        );
        await progress.add(count, end, sql, () => current.tableEnds());
        if (!end) return progress.rows;
        await checkCancelled();
        query = query.beyond("after", end, false);
      }
      return progress.rows;
    } catch (error) {
      throw error instanceof Error ? progress.stoppedBy(error) : error;
    }
  }

  /** The rows from the offset on, selected by their place; undefined where there are none. */
  async #fromOffset(query: BatchedQuery<T, R>): Promise<BatchedQuery<T, R> | undefined> {
    if (!query.batchFacts.hasOffset) return query;
    const { values } = await query.placeAt(0);
    return values && query.withoutOffset().beyond("after", values, true);
  }

  async #writeBatch(
    query: BatchedQuery<T, R>,
    left: number,
    run: (query: BatchedQuery<T, R>) => Promise<number>,
  ): Promise<Written> {
    const isLast = left <= this.#size;
    const { values: end, sql } = isLast ? { values: undefined, sql: "" } : await query.placeAt(this.#size - 1);
    if (end) return { end, count: await run(query.beyond("before", end, true)), sql };
    return { end, count: await run(left === Infinity ? query : query.limit(left)), sql };
  }

  #checkChanged(terms: readonly KeysetTerm[], changed: readonly string[]): void {
    const sorted = terms.flatMap(({ scalar }) =>
      scalar instanceof Column ? [(scalar.model as ColumnModel).property] : [],
    );
    const both = changed.find((property) => sorted.some((one) => one === property || one.startsWith(`${property}.`)));
    if (both !== undefined)
      throw batchesNotInOrder(
        this.#model.name,
        `update() changes ${both}, by which they are sorted`,
        "sort by other columns, or update() without inBatches()",
      );
  }
}

/** How far the batches are. */
class Progress {
  rows = 0;
  #batches = 0;
  readonly #model: EntityModel;
  readonly #operation: "read" | "update" | "delete";
  readonly #facts: BatchFacts;
  readonly #isCommitted: boolean;
  /** The first and the last key of the table; null where they say nothing. */
  #ends: readonly [number, number] | null | undefined;

  constructor(model: EntityModel, operation: "read" | "update" | "delete", facts: BatchFacts) {
    this.#model = model;
    this.#operation = operation;
    this.#facts = facts;
    this.#isCommitted = operation !== "read" && !facts.context.inTransaction;
  }

  /** @param ends reads the first and the last key of the table */
  async add(
    count: number,
    end: readonly unknown[] | undefined,
    sql: string,
    ends: () => Promise<readonly [number, number] | undefined>,
  ): Promise<void> {
    this.rows += count;
    this.#batches++;
    const { context } = this.#facts;
    if (!context.isObserved) return;
    context.notifyBatch({
      entity: this.#model.name,
      operation: this.#operation,
      batches: this.#batches,
      rows: this.rows,
      share: await this.#share(end, ends),
      isCommitted: this.#isCommitted,
      sql,
    });
  }

  async #share(
    end: readonly unknown[] | undefined,
    ends: () => Promise<readonly [number, number] | undefined>,
  ): Promise<number | undefined> {
    if (!end) return 1;
    const { limit } = this.#facts;
    if (limit !== undefined) return Math.min(1, this.rows / limit);
    if (this.#ends === undefined) this.#ends = (await ends()) ?? null;
    if (!this.#ends) return undefined;
    const [first, last] = this.#ends;
    return last === first ? 1 : Math.min(1, Math.max(0, (Number(end[0]) - first) / (last - first)));
  }

  /** The same error with its code and cause; its message says what the batches before it have done. */
  stoppedBy(error: Error): Error {
    if (this.#batches === 0) return error;
    const done = `${this.#operation} of ${this.#model.name} in batches stopped after ${pluralize(this.rows, "row")}`;
    error.message = `${error.message} (${done}${this.#isCommitted && this.rows > 0 ? ", which are committed" : ""})`;
    return error;
  }
}
