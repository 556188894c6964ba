import { badPage } from "./errors";

/** Which page, and how large, as `paginate` takes it. */
export interface PaginateOptions {
  /** Counted from 1. Default 1. */
  page?: number;
  /** Default 20. */
  perPage?: number;
  /** `perPage` is cut to this. Default 100. */
  maxPerPage?: number;
}

/** One page of a query's results, as Flask-SQLAlchemy's. */
export class Pagination<T> {
  /** The entities of this page. */
  readonly items: T[];
  /** Counted from 1. */
  readonly page: number;
  /** How many entities a page has at most. */
  readonly perPage: number;
  /** How many entities there are on all pages. */
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

  /** How many pages there are. */
  get pages(): number {
    return Math.ceil(this.total / this.perPage);
  }
  /** Whether there is a page behind this one. */
  get hasNext(): boolean {
    return this.page < this.pages;
  }
  /** Whether there is a page before this one. */
  get hasPrev(): boolean {
    return this.page > 1;
  }
  /** The number of the page behind this one, or null. */
  get nextNum(): number | null {
    return this.hasNext ? this.page + 1 : null;
  }
  /** The number of the page before this one, or null. */
  get prevNum(): number | null {
    return this.hasPrev ? this.page - 1 : null;
  }
  /** The page behind this one; an empty one behind the last. */
  next(): Promise<Pagination<T>> {
    return this.#turn(this.page + 1);
  }
  /** The page before this one; the first page's is itself. */
  prev(): Promise<Pagination<T>> {
    return this.#turn(Math.max(1, this.page - 1));
  }
  /** The entities of this page: `for (const user of page)`. */
  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** Page and size of a request, or the error that names what is wrong with it. */
export function pageOf({ page = 1, perPage = 20, maxPerPage = 100 }: PaginateOptions): {
  page: number;
  perPage: number;
} {
  for (const [name, value] of Object.entries({ page, perPage, maxPerPage }))
    if (!Number.isSafeInteger(value) || value < 1) throw badPage(name, value);
  return { page, perPage: Math.min(perPage, maxPerPage) };
}
