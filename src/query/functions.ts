import {
  call,
  checkCondition,
  checkParameter,
  condition,
  isPartOfQuery,
  isSubquery,
  Scalar,
  sqlValue,
  type Condition,
  type Renderer,
  type Subquery,
} from "./expression";
import { notAFunctionName, notASubquery } from "./errors";
import { anyType, BOOLEAN, NUMBER, type ValueType } from "./value-type";

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
  if (!isSubquery(query)) throw notASubquery(query);
  return condition((renderer) => `EXISTS (${renderer.subquery(query)})`);
}

/** SQL's CASE: `when(User.c.age.lt(18), "child").otherwise("adult")`. Without `otherwise`, NULL where no condition is met. */
export function when<const V>(holds: Condition, value: V): Case<Chosen<V>> {
  return new Case<Chosen<V>>([branch(holds, value)], undefined);
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

function branch(holds: Condition, value: unknown): Branch {
  checkCondition("when(…)", holds);
  checkParameter(value, "a value of when(…)");
  return { holds, value };
}

/** SQL's CASE, as `when` starts it. The first condition that is met decides. */
export class Case<T = unknown> extends Scalar<T | null> {
  readonly #branches: readonly Branch[];
  readonly #otherwise: unknown;
  /** @internal */
  readonly valueType: ValueType;

  /** @internal Use `when`. */
  constructor(branches: readonly Branch[], otherwise: unknown) {
    super();
    this.#branches = branches;
    this.#otherwise = otherwise;
    this.valueType = typeOfBranches([...branches.map(({ value }) => value), otherwise]);
  }

  /** Adds a branch. */
  when<const V>(holds: Condition, value: V): Case<T | Chosen<V>> {
    return new Case<T | Chosen<V>>([...this.#branches, branch(holds, value)], this.#otherwise);
  }
  /** Sets the value where no condition is met. */
  otherwise<const V>(value: V): Scalar<T | Chosen<V>> {
    checkParameter(value, "otherwise(…)");
    return new Case<T | Chosen<V>>(this.#branches, value) as unknown as Scalar<T | Chosen<V>>;
  }

  /** @internal */
  override render(renderer: Renderer): string {
    const valueOf = (value: unknown): string => branchValue(value, this.valueType, renderer);
    const branches = this.#branches.map(({ holds, value }) => `WHEN ${holds.render(renderer)} THEN ${valueOf(value)}`);
    const last = this.#otherwise === undefined ? "" : ` ELSE ${valueOf(this.#otherwise)}`;
    return `CASE ${branches.join(" ")}${last} END`;
  }
}

/** The type of the first expression; without one, that of the values. */
function typeOfBranches(all: readonly unknown[]): ValueType {
  const values = all.filter((value) => value !== undefined && value !== null);
  const scalar = values.find((value) => value instanceof Scalar);
  if (scalar) return scalar.valueType;
  if (values.every((value) => typeof value === "boolean")) return BOOLEAN;
  return values.every((value) => typeof value === "number") ? NUMBER : anyType("when(…)");
}

/** Numbers and booleans are literals, because the database cannot infer the type of a parameter in a CASE. */
function branchValue(value: unknown, type: ValueType, renderer: Renderer): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (isPartOfQuery(value)) return sqlValue(value, renderer);
  return renderer.parameter(typeof value === "object" ? type.encode(value) : value);
}
