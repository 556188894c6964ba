import { notAFunctionName } from "./errors";
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

/** A database function. Expressions are rendered, queries become subqueries, other values become parameters. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types of other functions are not known
export type DatabaseFunction<T = any> = (...values: unknown[]) => Scalar<T>;

/** `func`: functions with typed results, and any other function by name. */
export interface Functions {
  /** `func.count()` counts rows. */
  readonly count: DatabaseFunction<number>;
  /** NULL where there are no rows; a string where a JavaScript number is not exact enough. */
  readonly sum: DatabaseFunction<number | null>;
  /** NULL where there are no rows. */
  readonly avg: DatabaseFunction<number | null>;
  /** The smallest value of the group. */
  readonly min: DatabaseFunction;
  /** The largest value of the group. */
  readonly max: DatabaseFunction;
  /** The text in lower case. */
  readonly lower: DatabaseFunction<string>;
  /** The text in upper case. */
  readonly upper: DatabaseFunction<string>;
  /** The text without spaces at both ends. */
  readonly trim: DatabaseFunction<string>;
  /** `func.replace(text, what, by)`. */
  readonly replace: DatabaseFunction<string>;
  /** Concatenates texts. */
  readonly concat: DatabaseFunction<string>;
  /** The absolute value. */
  readonly abs: DatabaseFunction;
  /** `func.round(number, digits)`; without `digits`, to an integer. */
  readonly round: DatabaseFunction<number>;
  /** The first argument that is not NULL. */
  readonly coalesce: DatabaseFunction;
  /** The first argument, or NULL where both are equal. */
  readonly nullif: DatabaseFunction;
  /** Any other function of the database. */
  readonly [name: string]: DatabaseFunction;
}

/** A name, or one in a schema; anything else would become SQL. */
const FUNCTION_NAME = /^[\p{L}_][\p{L}\p{N}_$]*(\.[\p{L}_][\p{L}\p{N}_$]*)?$/u;

/** The functions of the database by name: `func.round(User.c.score, 2)`, `func.count()`. */
export const func: Functions = new Proxy({} as Functions, {
  get(_, name) {
    if (typeof name === "symbol") return undefined;
    if (!FUNCTION_NAME.test(name)) throw notAFunctionName(name);
    return (...values: unknown[]) => call(name.toUpperCase(), values);
  },
});

/** The condition that a subquery has a result: `User.query.filter(exists(Post.query.filter(…)))`. */
export function exists(query: Subquery): Condition {
  return condition((renderer) => `EXISTS (${renderer.subquery(query)})`);
}

/** SQL's CASE: `when(User.c.age.lt(18), "child").otherwise("adult")`. Without `otherwise`, NULL where no condition is met. */
export function when<const V>(holds: Condition, value: V): Case<Chosen<V>> {
  return new Case<Chosen<V>>([{ holds, value }], undefined);
}

/** The type of a branch: that of the expression, or the widened type of a literal. */
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

/** SQL's CASE, as `when` starts it. The first condition that is met decides. */
export class Case<T = unknown> extends Scalar<T | null> {
  readonly #branches: readonly Branch[];
  readonly #otherwise: unknown;
  /** Whether all branches are numbers. */
  override readonly isNumber: boolean;

  /** @internal Use `when`. */
  constructor(branches: readonly Branch[], otherwise: unknown) {
    super();
    this.#branches = branches;
    this.#otherwise = otherwise;
    this.isNumber = this.#values.every(
      (value) => typeof value === "number" || (value instanceof Scalar && value.isNumber),
    );
  }

  /** Adds a branch. */
  when<const V>(holds: Condition, value: V): Case<T | Chosen<V>> {
    return new Case<T | Chosen<V>>([...this.#branches, { holds, value }], this.#otherwise);
  }
  /** Sets the value where no condition is met. */
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

/** Numbers and booleans are literals, because the database cannot infer the type of a parameter in a CASE. */
function branchValue(value: unknown, renderer: Renderer): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Expression || isSubquery(value)) return sqlValue(value, renderer);
  return renderer.parameter(value);
}
