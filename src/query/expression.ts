import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";

/** What an expression needs to become SQL. */
export interface Renderer {
  /** Takes a raw value and gives its placeholder. */
  parameter(value: unknown): string;
  /** `left IN (values)`, for a list of any length; the values are encoded. */
  among(left: string, values: readonly unknown[]): string;
  /** The quoted column, with the alias of its table in this query. */
  column(column: ColumnModel): string;
  /** `EXISTS (…)` over a relation, with conditions on its other side. */
  exists(relation: RelationModel, condition: Condition | undefined): string;
  subquery(query: Subquery): string;
  like(left: string, right: string, ignoreCase: boolean): string;
}

/** A query that stands inside another one. */
export interface Subquery {
  /** Its SQL, with its parameters handed to the renderer of the query around it. */
  renderInto(renderer: Renderer): string;
}

/** Any part of a query. Expressions are immutable and belong to no query until one renders them. */
export abstract class Expression {
  abstract render(renderer: Renderer): string;
}

/** What may stand on the right of a comparison. */
export type Operand<T> = T | Scalar<T> | Subquery;

/** An expression with a value: a column, a function, arithmetic. */
export abstract class Scalar<T = unknown> extends Expression {
  /** Turns a value of JavaScript into what the database compares with. */
  encode(value: unknown): unknown {
    return value;
  }

  eq(value: Operand<T> | null): Condition {
    return value === null ? this.isNull() : this.#compare("=", value);
  }
  ne(value: Operand<T> | null): Condition {
    return value === null ? this.isNotNull() : this.#compare("<>", value);
  }
  gt(value: Operand<T>): Condition {
    return this.#compare(">", value);
  }
  gte(value: Operand<T>): Condition {
    return this.#compare(">=", value);
  }
  lt(value: Operand<T>): Condition {
    return this.#compare("<", value);
  }
  lte(value: Operand<T>): Condition {
    return this.#compare("<=", value);
  }
  /** SQL's LIKE: `%` is any text, `_` any letter. */
  like(pattern: string): Condition {
    return new Condition((renderer) => renderer.like(this.render(renderer), renderer.parameter(pattern), false));
  }
  /** LIKE that does not mind case. */
  ilike(pattern: string): Condition {
    return new Condition((renderer) => renderer.like(this.render(renderer), renderer.parameter(pattern), true));
  }
  startsWith(text: string): Condition {
    return this.#likeText(`${escapeLike(text)}%`);
  }
  endsWith(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}`);
  }
  contains(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}%`);
  }
  /** Whether the value is one of a list (of any length) or of a subquery's. */
  in(values: readonly T[] | Subquery): Condition {
    if (isSubquery(values)) return new Condition((renderer) => `${this.render(renderer)} IN (${renderer.subquery(values)})`);
    // NULL is never IN a list, in SQL; here it is what was asked for.
    const known = values.filter((value) => value !== null && value !== undefined).map((value) => this.encode(value));
    const condition =
      known.length === 0
        ? NEVER
        : new Condition((renderer) => renderer.among(this.render(renderer), known));
    return known.length === values.length ? condition : condition.or(this.isNull());
  }
  notIn(values: readonly T[] | Subquery): Condition {
    return this.in(values).not();
  }
  between(low: Operand<T>, high: Operand<T>): Condition {
    return new Condition(
      (renderer) => `${this.render(renderer)} BETWEEN ${this.#operand(low, renderer)} AND ${this.#operand(high, renderer)}`,
    );
  }
  isNull(): Condition {
    return new Condition((renderer) => `${this.render(renderer)} IS NULL`);
  }
  isNotNull(): Condition {
    return new Condition((renderer) => `${this.render(renderer)} IS NOT NULL`);
  }

  plus(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("+", value);
  }
  minus(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("-", value);
  }
  times(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("*", value);
  }
  dividedBy(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("/", value);
  }

  asc(): Order {
    return new Order(this, "ASC");
  }
  desc(): Order {
    return new Order(this, "DESC");
  }
  /** Gives the value a name in `select(…)`. */
  as(name: string): Labelled<T> {
    return new Labelled(this, name);
  }

  count(): Scalar<number> {
    return call("COUNT", [this]);
  }
  countDistinct(): Scalar<number> {
    return new Rendered((renderer) => `COUNT(DISTINCT ${this.render(renderer)})`, asNumber);
  }
  sum(): Scalar<number> {
    return call("SUM", [this]);
  }
  avg(): Scalar<number> {
    return call("AVG", [this]);
  }
  min(): Scalar<T> {
    return new Rendered((renderer) => `MIN(${this.render(renderer)})`, (raw) => this.decode(raw));
  }
  max(): Scalar<T> {
    return new Rendered((renderer) => `MAX(${this.render(renderer)})`, (raw) => this.decode(raw));
  }
  lower(): Scalar<string> {
    return new Rendered((renderer) => `LOWER(${this.render(renderer)})`);
  }
  upper(): Scalar<string> {
    return new Rendered((renderer) => `UPPER(${this.render(renderer)})`);
  }
  length(): Scalar<number> {
    return call("LENGTH", [this]);
  }
  coalesce(value: Operand<T>): Scalar<T> {
    return new Rendered((renderer) => `COALESCE(${this.render(renderer)}, ${this.#operand(value, renderer)})`, (raw) =>
      this.decode(raw),
    );
  }

  /** Turns what the driver gives into what the caller sees. */
  decode(raw: unknown): unknown {
    return raw;
  }

  #compare(operator: string, value: Operand<T>): Condition {
    return new Condition((renderer) => `${this.render(renderer)} ${operator} ${this.#operand(value, renderer)}`);
  }
  #arithmetic(operator: string, value: Operand<T>): Scalar<T> {
    return new Rendered((renderer) => `(${this.render(renderer)} ${operator} ${this.#operand(value, renderer)})`, (raw) =>
      this.decode(raw),
    );
  }
  #operand(value: Operand<T>, renderer: Renderer): string {
    if (value instanceof Expression) return value.render(renderer);
    if (isSubquery(value)) return `(${renderer.subquery(value)})`;
    return renderer.parameter(this.encode(value));
  }
  #likeText(pattern: string): Condition {
    return new Condition((renderer) => `${renderer.like(this.render(renderer), renderer.parameter(pattern), false)} ESCAPE '!'`);
  }
}

/** A column of an entity: `User.c.username`. */
export class Column<T = unknown> extends Scalar<T> {
  readonly model: ColumnModel;

  constructor(model: ColumnModel) {
    super();
    this.model = model;
  }

  override encode(value: unknown): unknown {
    return this.model.codec.encode ? this.model.codec.encode(value) : value;
  }
  override decode(raw: unknown): unknown {
    return this.model.codec.decode ? this.model.codec.decode(raw) : raw;
  }
  override render(renderer: Renderer): string {
    return renderer.column(this.model);
  }
}

/** A scalar given by how it renders. */
export class Rendered<T = unknown> extends Scalar<T> {
  readonly #render: (renderer: Renderer) => string;
  readonly #decode: (raw: unknown) => unknown;

  constructor(render: (renderer: Renderer) => string, decode: (raw: unknown) => unknown = (raw) => raw) {
    super();
    this.#render = render;
    this.#decode = decode;
  }

  override decode(raw: unknown): unknown {
    return this.#decode(raw);
  }
  override render(renderer: Renderer): string {
    return this.#render(renderer);
  }
}

/** Something that is true or false of a row. */
export class Condition extends Expression {
  readonly #render: (renderer: Renderer) => string;

  constructor(render: (renderer: Renderer) => string) {
    super();
    this.#render = render;
  }

  and(...others: Condition[]): Condition {
    return and(this, ...others);
  }
  or(...others: Condition[]): Condition {
    return or(this, ...others);
  }
  not(): Condition {
    return not(this);
  }
  override render(renderer: Renderer): string {
    return this.#render(renderer);
  }
}

/** A scalar with a direction: `User.c.username.desc()`. */
export class Order {
  readonly scalar: Scalar;
  readonly direction: "ASC" | "DESC";
  readonly nulls: "FIRST" | "LAST" | undefined;

  constructor(scalar: Scalar<never> | Scalar, direction: "ASC" | "DESC", nulls?: "FIRST" | "LAST") {
    this.scalar = scalar as Scalar;
    this.direction = direction;
    this.nulls = nulls;
  }
  nullsFirst(): Order {
    return new Order(this.scalar, this.direction, "FIRST");
  }
  nullsLast(): Order {
    return new Order(this.scalar, this.direction, "LAST");
  }
  render(renderer: Renderer): string {
    const value = this.scalar.render(renderer);
    // Written so that it holds on databases without NULLS FIRST as well.
    const nulls = this.nulls && `(${value} IS NULL) ${this.nulls === "FIRST" ? "DESC" : "ASC"}, `;
    return `${nulls ?? ""}${value} ${this.direction}`;
  }
}

/** A scalar with the name it has in the result. */
export class Labelled<T = unknown> {
  readonly scalar: Scalar<T>;
  readonly name: string;

  constructor(scalar: Scalar<T>, name: string) {
    this.scalar = scalar;
    this.name = name;
  }
}

/** A relation in a condition: `User.c.posts.any({ … })`. */
export class RelationExpression {
  readonly model: RelationModel;
  readonly #conditionOf: (model: EntityModel, criteria: object) => Condition;

  constructor(model: RelationModel, conditionOf: (model: EntityModel, criteria: object) => Condition) {
    this.model = model;
    this.#conditionOf = conditionOf;
  }

  /** At least one related row for which the conditions hold. */
  any(criteria?: object | Condition): Condition {
    const condition =
      criteria === undefined || criteria instanceof Condition ? criteria : this.#conditionOf(this.model.target, criteria);
    return new Condition((renderer) => renderer.exists(this.model, condition));
  }
  /** The same, as one says of a relation to one. */
  has(criteria?: object | Condition): Condition {
    return this.any(criteria);
  }
}

/** Holds for no row. */
export const NEVER = new Condition(() => "1 = 0");
const ALWAYS = new Condition(() => "1 = 1");

/** All of them hold. */
export function and(...conditions: Condition[]): Condition {
  return joined("AND", conditions) ?? ALWAYS;
}

/** At least one of them holds. */
export function or(...conditions: Condition[]): Condition {
  return joined("OR", conditions) ?? NEVER;
}

/** It does not hold. */
export function not(condition: Condition): Condition {
  return new Condition((renderer) => `NOT (${condition.render(renderer)})`);
}

/**
 * SQL of your own in a query: ``sql`lower(${User.c.username}) = ${name}` ``. Expressions are rendered, values become
 * parameters.
 */
export function sql(texts: TemplateStringsArray, ...values: unknown[]): Rendered & Condition {
  const render = (renderer: Renderer): string =>
    texts.reduce((text, next, index) => text + sqlValue(values[index - 1], renderer) + next);
  return new Rendered(render) as Rendered & Condition;
}

function sqlValue(value: unknown, renderer: Renderer): string {
  if (value instanceof Expression) return value.render(renderer);
  if (isSubquery(value)) return `(${renderer.subquery(value)})`;
  return renderer.parameter(value);
}

/** The functions of the database by name: `func.round(User.c.score, 2)`, `func.count()`. */
export const func: Readonly<Record<string, (...values: unknown[]) => Scalar<never>>> = new Proxy(
  {},
  {
    get: (_, name) => (typeof name === "symbol" ? undefined : (...values: unknown[]) => call(name.toUpperCase(), values)),
  },
);

function call(name: string, values: unknown[]): Scalar<never> {
  const render = (renderer: Renderer): string => {
    if (values.length === 0 && name === "COUNT") return "COUNT(*)";
    return `${name}(${values.map((value) => sqlValue(value, renderer)).join(", ")})`;
  };
  return new Rendered<never>(render, NUMERIC.has(name) ? asNumber : undefined);
}

const NUMERIC = new Set(["COUNT", "SUM", "AVG", "LENGTH"]);

/** Servers give counts and sums as text; a number that JavaScript cannot hold stays text. */
function asNumber(raw: unknown): unknown {
  if (typeof raw === "bigint") return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
  if (typeof raw !== "string") return raw;
  const number = Number(raw);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? raw : number;
}

export function isSubquery(value: unknown): value is Subquery {
  return typeof (value as Subquery | undefined)?.renderInto === "function";
}

function joined(word: "AND" | "OR", conditions: readonly Condition[]): Condition | undefined {
  if (conditions.length <= 1) return conditions[0];
  // Halves instead of a chain: SQLite refuses expressions deeper than 1,000.
  const middle = conditions.length >> 1;
  const left = joined(word, conditions.slice(0, middle))!;
  const right = joined(word, conditions.slice(middle))!;
  return new Condition((renderer) => `(${left.render(renderer)} ${word} ${right.render(renderer)})`);
}

function escapeLike(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}
