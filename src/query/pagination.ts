import { badPage } from "./errors";

/** The options of `paginate`. */
export interface PaginateOptions {
  /** The number of the page, from 1. Default 1. */
  page?: number;
  /** The number of entities on a page. Default 20. */
  perPage?: number;
  /** The maximum of `perPage`; a larger one is reduced to it. Default 100. */
  maxPerPage?: number;
}

/** One page of a query's results. @see Flask-SQLAlchemy's `Pagination` */
export class Pagination<T> {
  /** The entities of this page. */
  readonly items: T[];
  /** The number of this page, from 1. */
  readonly page: number;
  /** The maximum number of entities on a page. */
  readonly perPage: number;
  /** The number of entities on all pages. */
  readonly total: number;
  readonly #turn: (page: number) => Promise<Pagination<T>>;

  constructor(
    items: T[],
    page: number,
    perPage: number,
    total: number,
    turn: (page: number) => Promise<Pagination<T>>,
  ) {
    this.items = items;
    this.page = page;
    this.perPage = perPage;
    this.total = total;
    this.#turn = turn;
  }

  /** The number of pages. */
  get pages(): number {
    return Math.ceil(this.total / this.perPage);
  }
  /** Whether there is a next page. */
  get hasNext(): boolean {
    return this.page < this.pages;
  }
  /** Whether there is a previous page. */
  get hasPrev(): boolean {
    return this.page > 1;
  }
  /** The number of the next page, or null. */
  get nextNum(): number | null {
    return this.hasNext ? this.page + 1 : null;
  }
  /** The number of the previous page, or null. */
  get prevNum(): number | null {
    return this.hasPrev ? this.page - 1 : null;
  }
  /** The next page; an empty one after the last. */
  next(): Promise<Pagination<T>> {
    return this.#turn(this.page + 1);
  }
  /** The previous page; the first page is its own. */
  prev(): Promise<Pagination<T>> {
    return this.#turn(Math.max(1, this.page - 1));
  }
  /** Iterates over the entities of this page: `for (const user of page)`. */
  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** The page and its size. @throws RetortError `query/page` */
export function pageOf({ page = 1, perPage = 20, maxPerPage = 100 }: PaginateOptions): {
  page: number;
  perPage: number;
} {
  for (const [name, value] of Object.entries({ page, perPage, maxPerPage }))
    if (!Number.isSafeInteger(value) || value < 1) throw badPage(name, value);
  return { page, perPage: Math.min(perPage, maxPerPage) };
}
