import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import { badLabel } from "./errors";

/** An alias of an entity, so that a query can use its table more than once. */
export interface Alias {
  readonly name: string;
  readonly model: EntityModel;
}

/** The path to a table: along relations, from the expression's entity or from an alias of it. */
export interface Path {
  readonly relations: readonly RelationModel[];
  readonly alias?: Alias | undefined;
}

/** The table of the expression's own entity. */
export const ROOT: Path = { relations: [] };

/** Renders expressions to SQL. */
export interface Renderer {
  readonly dialect: Dialect;
  /** Adds a parameter; returns its placeholder. The value is encoded already. */
  parameter(value: unknown): string;
  /** `left IN (values)`, for a list of any length; the values are encoded. */
  among(left: string, values: readonly unknown[]): string;
  /** The quoted column, with the alias of the table at the end of the path. */
  column(column: ColumnModel, path: Path): string;
  /** `EXISTS (…)` for a relation of the entity at the end of the path, with conditions on the related entity. */
  exists(relation: RelationModel, path: Path, condition: Condition | undefined): string;
  /** The SQL of a subquery, without parentheses. */
  subquery(query: Subquery): string;
}

/** A query inside another one. */
export interface Subquery {
  /** Its SQL; its parameters are added to the outer query's. */
  renderInto(renderer: Renderer): string;
}

/** A part of a query. Expressions are immutable, and can be used in any number of queries. */
export abstract class Expression {
  /** @internal Its SQL. */
  abstract render(renderer: Renderer): string;
}

/** The right operand of a comparison. */
export type Operand<T> = T | Scalar<T> | Subquery;

/** An expression with a value: a column, a function, arithmetic, a condition. */
export abstract class Scalar<T = unknown> extends Expression {
  /** The type of the value; it has no value at run time. */
  declare readonly $type: T;

  /** Whether values are JavaScript numbers. A number that is too large or too exact is a string. */
  readonly isNumber: boolean = false;
  /** Encodes a JavaScript value for the database. */
  encode(value: unknown): unknown {
    return value;
  }
  /** Decodes a value that the driver returned. */
  decode(raw: unknown): unknown {
    return raw;
  }
  /** Its SQL in a SELECT list, which may differ from that in a condition. */
  renderSelected(renderer: Renderer): string {
    return this.render(renderer);
  }

  /** Equal; `eq(null)` is `IS NULL`. */
  eq(value: Operand<T> | null): Condition {
    return value === null ? this.isNull() : this.#compare("=", value);
  }
  /** Not equal; `ne(null)` is `IS NOT NULL`. As in SQL, rows with NULL do not meet it. */
  ne(value: Operand<T> | null): Condition {
    return value === null ? this.isNotNull() : this.#compare("<>", value);
  }
  /** Greater than. */
  gt(value: Operand<T>): Condition {
    return this.#compare(">", value);
  }
  /** Greater than, or equal. */
  gte(value: Operand<T>): Condition {
    return this.#compare(">=", value);
  }
  /** Less than. */
  lt(value: Operand<T>): Condition {
    return this.#compare("<", value);
  }
  /** Less than, or equal. */
  lte(value: Operand<T>): Condition {
    return this.#compare("<=", value);
  }
  /** SQL's LIKE: `%` is any text, `_` any character. The database decides whether it is case-sensitive. */
  like(pattern: Operand<string>): Condition {
    return condition((renderer) => `${operand(this, renderer)} LIKE ${this.#text(pattern, renderer)}`);
  }
  /** The opposite of `like`; rows with NULL do not meet it either. */
  notLike(pattern: Operand<string>): Condition {
    return this.like(pattern).not();
  }
  /** Case-insensitive LIKE. */
  ilike(pattern: Operand<string>): Condition {
    return condition((renderer) =>
      renderer.dialect.caseInsensitiveLike(operand(this, renderer), this.#text(pattern, renderer)),
    );
  }
  /** Starts with this text; `%` and `_` have no special meaning. */
  startsWith(text: string): Condition {
    return this.#likeText(`${escapeLike(text)}%`);
  }
  /** Ends with this text; `%` and `_` have no special meaning. */
  endsWith(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}`);
  }
  /** Contains this text; `%` and `_` have no special meaning. */
  contains(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}%`);
  }
  /** Is one of a list of any length, or of a subquery's values. `null` in the list is `IS NULL`. */
  in(values: Iterable<T | null> | Subquery): Condition {
    if (isSubquery(values))
      return condition((renderer) => `${operand(this, renderer)} IN (${renderer.subquery(values)})`);
    const all = [...values];
    // In SQL, NULL is never IN a list.
    const known = all.filter((value) => value !== null && value !== undefined).map((value) => this.encode(value));
    const among = known.length === 0 ? NEVER : condition((renderer) => renderer.among(operand(this, renderer), known));
    return known.length === all.length ? among : among.or(this.isNull());
  }
  /** The opposite of `in`; rows with NULL do not meet it either. */
  notIn(values: Iterable<T | null> | Subquery): Condition {
    return this.in(values).not();
  }
  /** Between two values, both included. */
  between(low: Operand<T>, high: Operand<T>): Condition {
    return condition(
      (renderer) =>
        `${operand(this, renderer)} BETWEEN ${this.#operand(low, renderer)} AND ${this.#operand(high, renderer)}`,
    );
  }
  /** IS NULL. */
  isNull(): Condition {
    return condition((renderer) => `${operand(this, renderer)} IS NULL`);
  }
  /** IS NOT NULL. */
  isNotNull(): Condition {
    return condition((renderer) => `${operand(this, renderer)} IS NOT NULL`);
  }

  /** The sum with a number or another expression. */
  plus(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("+", value);
  }
  /** The difference. */
  minus(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("-", value);
  }
  /** The product. */
  times(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("*", value);
  }
  /** The quotient, never an integer division: 7 / 2 is 3.5 on every database. */
  dividedBy(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("* 1.0 /", value);
  }
  /** The remainder of a division. */
  modulo(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("%", value);
  }

  /** Ascending order, for `orderBy`. */
  asc(): Order {
    return new Order(this, "ASC");
  }
  /** Descending order, for `orderBy`. */
  desc(): Order {
    return new Order(this, "DESC");
  }
  /** Gives the value a name in `select(…)`. */
  as<N extends string>(name: N): Labelled<T, N> {
    return new Labelled(this, name);
  }

  /** The number of rows of the group with a value. */
  count(): Scalar<number> {
    return call("COUNT", [this]);
  }
  /** The number of distinct values in the group. */
  countDistinct(): Scalar<number> {
    return new Rendered((renderer) => `COUNT(DISTINCT ${this.render(renderer)})`, asNumber);
  }
  /** The sum of the group's values; as in SQL, NULL and not 0 where there are none. */
  sum(): Scalar<number | null> {
    return call("SUM", [this]);
  }
  /** The mean of the group's values; NULL where there are none. */
  avg(): Scalar<number | null> {
    return call("AVG", [this]);
  }
  /** The smallest value of the group; NULL where there are none. */
  min(): Scalar<T | null> {
    return this.#same((own) => `MIN(${own})`);
  }
  /** The largest value of the group; NULL where there are none. */
  max(): Scalar<T | null> {
    return this.#same((own) => `MAX(${own})`);
  }
  /** The text in lower case. SQLite only converts A to Z. */
  lower(): Scalar<string> {
    return new Rendered((renderer) => `LOWER(${this.render(renderer)})`);
  }
  /** The text in upper case. SQLite only converts A to Z. */
  upper(): Scalar<string> {
    return new Rendered((renderer) => `UPPER(${this.render(renderer)})`);
  }
  /** The length in characters, not bytes. */
  length(): Scalar<number> {
    return new Rendered((renderer) => `${renderer.dialect.charLength}(${this.render(renderer)})`, asNumber);
  }
  /** The value, or another one instead of NULL (COALESCE). */
  coalesce(value: Operand<T>): Scalar<NonNullable<T>> {
    return this.#same((own, renderer) => `COALESCE(${own}, ${this.#operand(value, renderer)})`) as Scalar<
      NonNullable<T>
    >;
  }

  #compare(operator: string, value: Operand<T>): Condition {
    return condition((renderer) => `${operand(this, renderer)} ${operator} ${this.#operand(value, renderer)}`);
  }
  #arithmetic(operator: string, value: Operand<T>): Scalar<T> {
    const scalar = this.#same((own, renderer) => `(${own} ${operator} ${this.#operand(value, renderer)})`);
    if (!this.isNumber) return scalar;
    // MySQL's driver returns BIGINT as a string.
    return new Rendered(
      (renderer) => scalar.render(renderer),
      asNumber,
      (one) => this.encode(one),
      true,
    );
  }
  /** An expression of the same type, with the same encoding. */
  #same(render: (own: string, renderer: Renderer) => string): Scalar<T> {
    return new Rendered(
      (renderer) => render(operand(this, renderer), renderer),
      (raw) => this.decode(raw),
      (value) => this.encode(value),
    );
  }
  #operand(value: Operand<T>, renderer: Renderer): string {
    if (value instanceof Expression || isSubquery(value)) return sqlValue(value, renderer);
    const encoded = this.encode(value);
    // PostgreSQL infers the type of a parameter from the other operand, and would refuse 1.5 beside an integer.
    if (this.isNumber && typeof encoded === "number" && Number.isFinite(encoded) && !Number.isInteger(encoded))
      return `(${encoded})`;
    return renderer.parameter(encoded);
  }
  #text(value: Operand<string>, renderer: Renderer): string {
    return sqlValue(value, renderer);
  }
  #likeText(pattern: string): Condition {
    return condition((renderer) => `${operand(this, renderer)} LIKE ${renderer.parameter(pattern)} ESCAPE '!'`);
  }
}

/** A column of an entity: `User.c.username`, or of a related one: `Post.c.author.username`. */
export class Column<T = unknown, N extends string = string, R = T> extends Scalar<T> {
  /** The type of the value in a row, NULL included, and its name; has no value at run time. */
  declare readonly $row: { readonly [K in N]: R };
  /** The column's metadata. */
  readonly model: ColumnModel;
  /** @internal The path to its table. */
  readonly path: Path;
  /** Whether its values are JavaScript numbers. */
  override readonly isNumber: boolean;

  /** @internal Use `User.c.username`. */
  constructor(model: ColumnModel, path: Path = ROOT) {
    super();
    this.model = model;
    this.path = path;
    this.isNumber = model.codec.isNumber === true;
  }

  /** @internal */
  override encode(value: unknown): unknown {
    return this.model.codec.encode ? this.model.codec.encode(value) : value;
  }
  /** @internal */
  override decode(raw: unknown): unknown {
    return this.model.codec.decode ? this.model.codec.decode(raw) : raw;
  }
  /** @internal */
  override render(renderer: Renderer): string {
    return renderer.column(this.model, this.path);
  }
  /** @internal */
  override renderSelected(renderer: Renderer): string {
    return this.model.selected(this.render(renderer));
  }
}

/** A scalar defined by its rendering function. */
export class Rendered<T = unknown> extends Scalar<T> {
  readonly #render: (renderer: Renderer) => string;
  readonly #decode: ((raw: unknown) => unknown) | undefined;
  readonly #encode: ((value: unknown) => unknown) | undefined;
  override readonly isNumber: boolean;

  constructor(
    render: (renderer: Renderer) => string,
    decode?: (raw: unknown) => unknown,
    encode?: (value: unknown) => unknown,
    isNumber = false,
  ) {
    super();
    this.isNumber = isNumber;
    this.#render = render;
    this.#decode = decode;
    this.#encode = encode;
  }

  override decode(raw: unknown): unknown {
    return this.#decode ? this.#decode(raw) : raw;
  }
  override encode(value: unknown): unknown {
    return this.#encode ? this.#encode(value) : value;
  }
  override render(renderer: Renderer): string {
    return this.#render(renderer);
  }
}

/** A boolean expression. It is a value too: `select(User.c.age.gt(17).as("adult"))`. */
export abstract class Condition extends Scalar<boolean> {
  /** This condition and the others. */
  and(...others: Condition[]): Condition {
    return and(this, ...others);
  }
  /** This condition, or one of the others. */
  or(...others: Condition[]): Condition {
    return or(this, ...others);
  }
  /** The negation. As in SQL, the negation of NULL is NULL. */
  not(): Condition {
    return not(this);
  }
  /** @internal The conditions that this one is a conjunction of. */
  conjuncts(): readonly Condition[] {
    return [this];
  }
  /** @internal Its SQL as an operand of AND, OR and NOT. */
  renderGuarded(renderer: Renderer): string {
    return this.render(renderer);
  }
  /** @internal */
  override encode(value: unknown): unknown {
    return Boolean(value);
  }
  /** @internal */
  override decode(raw: unknown): unknown {
    return raw === null ? null : Boolean(raw);
  }
}

class RenderedCondition extends Condition {
  readonly #render: (renderer: Renderer) => string;

  constructor(render: (renderer: Renderer) => string) {
    super();
    this.#render = render;
  }
  override render(renderer: Renderer): string {
    return this.#render(renderer);
  }
}

/** A condition defined by its rendering function; its SQL needs no parentheses as an operand of AND. */
export function condition(render: (renderer: Renderer) => string): Condition {
  return new RenderedCondition(render);
}

/** Conditions connected by AND or OR. */
class Connected extends Condition {
  readonly word: "AND" | "OR";
  readonly parts: readonly Condition[];

  constructor(word: "AND" | "OR", parts: readonly Condition[]) {
    super();
    this.word = word;
    this.parts = parts;
  }

  override render(renderer: Renderer): string {
    const texts = this.#flat().map((part) => part.renderGuarded(renderer));
    return connected(texts, this.word);
  }

  override conjuncts(): readonly Condition[] {
    return this.word === "AND" ? this.#flat() : [this];
  }

  /** The operands of a chain of the same operator: a chain of `or(…)` may be as deep as it is long. */
  #flat(): Condition[] {
    const flat: Condition[] = [];
    const waiting: Condition[] = [...this.parts].reverse();
    for (let part = waiting.pop(); part; part = waiting.pop()) {
      if (part instanceof Connected && part.word === this.word)
        for (let index = part.parts.length - 1; index >= 0; index--) waiting.push(part.parts[index]!);
      else flat.push(part);
    }
    return flat;
  }
}

/** With more conditions than this they are nested, because SQLite limits the depth of expressions. */
export const MAX_UNNESTED = 100;

/** Connects any number of conditions, each in parentheses where it needs them. */
export function connected(texts: readonly string[], word: "AND" | "OR"): string {
  return halved(texts, 0, texts.length, ` ${word} `);
}

/** Nests conditions in halves instead of a chain: SQLite refuses expressions that are deeper than 1,000. */
function halved(texts: readonly string[], from: number, to: number, word: string): string {
  if (to - from <= MAX_UNNESTED) return `(${texts.slice(from, to).join(word)})`;
  const middle = (from + to) >> 1;
  return `(${halved(texts, from, middle, word)}${word}${halved(texts, middle, to, word)})`;
}

class Negated extends Condition {
  readonly of: Condition;

  constructor(of: Condition) {
    super();
    this.of = of;
  }
  override render(renderer: Renderer): string {
    return `NOT (${this.of.render(renderer)})`;
  }
  override not(): Condition {
    return this.of;
  }
}

/** A scalar with a direction: `User.c.username.desc()`. */
export class Order {
  /** The sorted expression. */
  readonly scalar: Scalar;
  /** The direction. */
  readonly direction: "ASC" | "DESC";
  /** Where NULL is sorted; undefined: the database's default. */
  readonly nulls: "FIRST" | "LAST" | undefined;

  constructor(scalar: Scalar<never> | Scalar, direction: "ASC" | "DESC", nulls?: "FIRST" | "LAST") {
    this.scalar = scalar as Scalar;
    this.direction = direction;
    this.nulls = nulls;
  }
  /** Sorts NULL first, on every database. */
  nullsFirst(): Order {
    return new Order(this.scalar, this.direction, "FIRST");
  }
  /** Sorts NULL last, on every database. */
  nullsLast(): Order {
    return new Order(this.scalar, this.direction, "LAST");
  }
  /** @param value the rendered scalar */
  render(value: string): string {
    // Works on databases without NULLS FIRST, too.
    const nulls = this.nulls && `(${value} IS NULL) ${this.nulls === "FIRST" ? "DESC" : "ASC"}, `;
    return `${nulls ?? ""}${value} ${this.direction}`;
  }
}

/** A scalar with its name in the results. */
export class Labelled<T = unknown, N extends string = string> {
  /** The value. */
  readonly scalar: Scalar<T>;
  /** Its name in the row. */
  readonly name: N;

  constructor(scalar: Scalar<T>, name: N) {
    if (typeof name !== "string" || name === "" || name === "__proto__" || name.includes("\0")) throw badLabel(name);
    this.scalar = scalar;
    this.name = name;
  }
}

/** A condition that no row meets. */
export const NEVER = condition(() => "1 = 0");
const ALWAYS = condition(() => "1 = 1");

/** A conjunction: all conditions. */
export function and(...conditions: Condition[]): Condition {
  if (conditions.length > 1) return new Connected("AND", conditions);
  return conditions[0] ?? ALWAYS;
}

/** A disjunction: at least one condition. */
export function or(...conditions: Condition[]): Condition {
  if (conditions.length > 1) return new Connected("OR", conditions);
  return conditions[0] ?? NEVER;
}

/** A negation. */
export function not(of: Condition): Condition {
  return new Negated(of);
}

/** The SQL of any value: an expression, a subquery, or a parameter. */
export function sqlValue(value: unknown, renderer: Renderer): string {
  if (value instanceof Condition) return `(${value.render(renderer)})`;
  if (value instanceof Expression) return value.render(renderer);
  if (value instanceof Labelled) return sqlValue(value.scalar, renderer);
  if (isSubquery(value)) return `(${renderer.subquery(value)})`;
  return renderer.parameter(value);
}

/** The SQL of an operator's left operand. */
function operand(scalar: Scalar<never> | Scalar, renderer: Renderer): string {
  return sqlValue(scalar, renderer);
}

/** A call of a database function. */
export function call(name: string, values: readonly unknown[]): Scalar<never> {
  const render = (renderer: Renderer): string => {
    if (values.length === 0 && name === "COUNT") return "COUNT(*)";
    return `${name}(${values.map((value) => sqlValue(value, renderer)).join(", ")})`;
  };
  return new Rendered<never>(render, NUMERIC.has(name) ? asNumber : undefined);
}

const NUMERIC = new Set(["COUNT", "SUM", "AVG", "LENGTH", "CHAR_LENGTH", "ROUND", "CEIL", "FLOOR"]);

/** Servers return counts and sums as strings; one that is no safe JavaScript number stays a string. */
export function asNumber(raw: unknown): unknown {
  if (typeof raw === "bigint") return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
  if (typeof raw !== "string") return raw;
  const number = Number(raw);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? raw : number;
}

export function isSubquery(value: unknown): value is Subquery {
  return typeof (value as Subquery | null | undefined)?.renderInto === "function";
}

function escapeLike(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}
