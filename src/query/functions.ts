import {
  asNumber,
  call,
  condition,
  Expression,
  isSubquery,
  Scalar,
  sqlValue,
  type Condition,
  type Renderer,
  type Subquery,
} from "./expression";

/** A function of the database: expressions are rendered, queries become subqueries, all else becomes parameters. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- nobody but the database knows what its functions give
export type DatabaseFunction<T = any> = (...values: unknown[]) => Scalar<T>;

/** `func`: the functions whose results are known by type, and any other one by its name. */
export interface Functions {
  /** Without an argument it counts rows. */
  readonly count: DatabaseFunction<number>;
  /** NULL where there are no rows; text where JavaScript's numbers are not exact enough. */
  readonly sum: DatabaseFunction<number | null>;
  /** NULL where there are no rows. */
  readonly avg: DatabaseFunction<number | null>;
  /** The least value of the group. */
  readonly min: DatabaseFunction;
  /** The greatest value of the group. */
  readonly max: DatabaseFunction;
  /** In small letters. */
  readonly lower: DatabaseFunction<string>;
  /** In capitals. */
  readonly upper: DatabaseFunction<string>;
  /** Without blanks at either end. */
  readonly trim: DatabaseFunction<string>;
  /** `func.replace(text, what, by)`. */
  readonly replace: DatabaseFunction<string>;
  /** Texts one behind the other. */
  readonly concat: DatabaseFunction<string>;
  /** Without its sign. */
  readonly abs: DatabaseFunction;
  /** `func.round(number)`, or to so many digits behind the point. */
  readonly round: DatabaseFunction<number>;
  /** The first that has a value. */
  readonly coalesce: DatabaseFunction;
  /** NULL where both are equal. */
  readonly nullif: DatabaseFunction;
  /** Any other function, in the database's own name. */
  readonly [name: string]: DatabaseFunction;
}

/** The functions of the database by name: `func.round(User.c.score, 2)`, `func.count()`. */
export const func: Functions = new Proxy({} as Functions, {
  get: (_, name) => (typeof name === "symbol" ? undefined : (...values: unknown[]) => call(name.toUpperCase(), values)),
});

/** Whether a query finds anything, as a condition of another one: `User.query.filter(exists(Post.query.filter(…)))`. */
export function exists(query: Subquery): Condition {
  return condition((renderer) => `EXISTS (${renderer.subquery(query)})`);
}

/** A value that depends: `when(User.c.age.lt(18), "child").otherwise("adult")`. SQL's CASE; NULL where nothing holds and there is no otherwise. */
export function when<const V>(holds: Condition, value: V): Case<Chosen<V>> {
  return new Case<Chosen<V>>([{ holds, value }], undefined);
}

/** What a branch gives: the value of an expression, or a value of TypeScript without the narrowness of a literal. */
type Chosen<V> =
  V extends Scalar<infer S>
    ? S
    : V extends string
      ? string
      : V extends number
        ? number
        : V extends boolean
          ? boolean
          : V extends null
            ? null
            : V;

interface Branch {
  readonly holds: Condition;
  readonly value: unknown;
}

/** A CASE of SQL, as `when` begins it; what holds first counts. */
export class Case<T = unknown> extends Scalar<T | null> {
  readonly #branches: readonly Branch[];
  readonly #otherwise: unknown;
  /** Whether every branch gives a number. */
  override readonly isNumber: boolean;

  /** @internal Begun by `when`. */
  constructor(branches: readonly Branch[], otherwise: unknown) {
    super();
    this.#branches = branches;
    this.#otherwise = otherwise;
    this.isNumber = this.#values.every(
      (value) => typeof value === "number" || (value instanceof Scalar && value.isNumber),
    );
  }

  /** One more branch, looked at after those before it. */
  when<const V>(holds: Condition, value: V): Case<T | Chosen<V>> {
    return new Case<T | Chosen<V>>([...this.#branches, { holds, value }], this.#otherwise);
  }
  /** The value where no branch holds. */
  otherwise<const V>(value: V): Scalar<T | Chosen<V>> {
    return new Case<T | Chosen<V>>(this.#branches, value) as unknown as Scalar<T | Chosen<V>>;
  }

  /** @internal */
  override decode(raw: unknown): unknown {
    if (raw === null) return null;
    const values = this.#values;
    if (values.every((value) => typeof value === "boolean")) return Boolean(raw);
    const column = values.find((value) => value instanceof Scalar);
    if (column) return column.decode(raw);
    return this.isNumber ? asNumber(raw) : raw;
  }
  /** @internal */
  override render(renderer: Renderer): string {
    const branches = this.#branches.map(
      ({ holds, value }) => `WHEN ${holds.render(renderer)} THEN ${branchValue(value, renderer)}`,
    );
    const last = this.#otherwise === undefined ? "" : ` ELSE ${branchValue(this.#otherwise, renderer)}`;
    return `CASE ${branches.join(" ")}${last} END`;
  }

  get #values(): unknown[] {
    const all = [...this.#branches.map(({ value }) => value), this.#otherwise];
    return all.filter((value) => value !== undefined && value !== null);
  }
}

/** Numbers and booleans stand in the text: a parameter has no type there by which the database could know theirs. */
function branchValue(value: unknown, renderer: Renderer): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Expression || isSubquery(value)) return sqlValue(value, renderer);
  return renderer.parameter(value);
}
