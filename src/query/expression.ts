import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";

/** A name that one occurrence of an entity has in a query, so that its table can stand there more than once. */
export interface Alias {
  readonly name: string;
  readonly model: EntityModel;
}

/** How an expression comes to a table: along relations, from the entity that it began with, or from an alias of it. */
export interface Path {
  readonly relations: readonly RelationModel[];
  readonly alias?: Alias | undefined;
}

/** The table of the expression's own entity. */
export const ROOT: Path = { relations: [] };

/** What an expression needs to become SQL. */
export interface Renderer {
  /** The database that is written for. */
  readonly dialect: Dialect;
  /** Takes a raw value and gives what stands for it in the text. */
  parameter(value: unknown): string;
  /** `left IN (values)`, for a list of any length; the values are encoded. */
  among(left: string, values: readonly unknown[]): string;
  /** The quoted column with the alias of its table, which lies at the end of the way. */
  column(column: ColumnModel, way: Path): string;
  /** `EXISTS (…)` over a relation of what lies at the end of the way, with conditions on its other side. */
  exists(relation: RelationModel, way: Path, condition: Condition | undefined): string;
  /** The SQL of a query inside this one, without parentheses. */
  subquery(query: Subquery): string;
}

/** A query that stands inside another one. */
export interface Subquery {
  /** Its SQL, with its parameters handed to the renderer of the query around it. */
  renderInto(renderer: Renderer): string;
}

/** Any part of a query. Expressions are immutable and belong to no query until one renders them. */
export abstract class Expression {
  /** @internal Its SQL. */
  abstract render(renderer: Renderer): string;
}

/** What may stand on the right of a comparison. */
export type Operand<T> = T | Scalar<T> | Subquery;

/** An expression with a value: a column, a function, arithmetic, a condition. */
export abstract class Scalar<T = unknown> extends Expression {
  /** What the value is in TypeScript; there is nothing at run time. */
  declare readonly $type: T;

  /** Whether it is a number in JavaScript, and not a text that a number too large or too exact is kept in. */
  readonly isNumber: boolean = false;
  /** Turns a value of JavaScript into what the database compares with. */
  encode(value: unknown): unknown {
    return value;
  }
  /** Turns what the driver gives into what the caller sees. */
  decode(raw: unknown): unknown {
    return raw;
  }
  /** How it stands in a SELECT list, where that is not as in a condition. */
  renderSelected(renderer: Renderer): string {
    return this.render(renderer);
  }

  /** Equal; `null` asks for rows without a value. */
  eq(value: Operand<T> | null): Condition {
    return value === null ? this.isNull() : this.#compare("=", value);
  }
  /** Another value; `null` asks for rows that have one. As in SQL, rows without a value are no others. */
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
  /** SQL's LIKE: `%` is any text, `_` any letter. Whether case matters is the database's affair. */
  like(pattern: Operand<string>): Condition {
    return condition((renderer) => `${operand(this, renderer)} LIKE ${this.#text(pattern, renderer)}`);
  }
  /** The opposite of `like`; rows without a value are not found either. */
  notLike(pattern: Operand<string>): Condition {
    return this.like(pattern).not();
  }
  /** LIKE that does not mind case. */
  ilike(pattern: Operand<string>): Condition {
    return condition((renderer) =>
      renderer.dialect.caseInsensitiveLike(operand(this, renderer), this.#text(pattern, renderer)),
    );
  }
  /** Whether the text begins so; `%` and `_` are ordinary signs here. */
  startsWith(text: string): Condition {
    return this.#likeText(`${escapeLike(text)}%`);
  }
  /** Whether the text ends so; `%` and `_` are ordinary signs here. */
  endsWith(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}`);
  }
  /** Whether the text has this in it; `%` and `_` are ordinary signs here. */
  contains(text: string): Condition {
    return this.#likeText(`%${escapeLike(text)}%`);
  }
  /** Whether the value is one of a list (of any length) or of a subquery's. */
  in(values: Iterable<T | null> | Subquery): Condition {
    if (isSubquery(values))
      return condition((renderer) => `${operand(this, renderer)} IN (${renderer.subquery(values)})`);
    const all = [...values];
    // NULL is never IN a list, in SQL; here it is what was asked for.
    const known = all.filter((value) => value !== null && value !== undefined).map((value) => this.encode(value));
    const among = known.length === 0 ? NEVER : condition((renderer) => renderer.among(operand(this, renderer), known));
    return known.length === all.length ? among : among.or(this.isNull());
  }
  /** The opposite of `in`; rows without a value are not found either. */
  notIn(values: Iterable<T | null> | Subquery): Condition {
    return this.in(values).not();
  }
  /** Both ends belong to it. */
  between(low: Operand<T>, high: Operand<T>): Condition {
    return condition(
      (renderer) =>
        `${operand(this, renderer)} BETWEEN ${this.#operand(low, renderer)} AND ${this.#operand(high, renderer)}`,
    );
  }
  /** Whether there is no value. */
  isNull(): Condition {
    return condition((renderer) => `${operand(this, renderer)} IS NULL`);
  }
  /** Whether there is a value. */
  isNotNull(): Condition {
    return condition((renderer) => `${operand(this, renderer)} IS NOT NULL`);
  }

  /** The sum with a number or another value of the row. */
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
  /** With what is behind the point, also where both are whole numbers: 7 / 2 is 3.5 on every database. */
  dividedBy(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("* 1.0 /", value);
  }
  /** What is left over by a division. */
  modulo(value: Operand<T>): Scalar<T> {
    return this.#arithmetic("%", value);
  }

  /** Small ones first, for `orderBy`. */
  asc(): Order {
    return new Order(this, "ASC");
  }
  /** Great ones first, for `orderBy`. */
  desc(): Order {
    return new Order(this, "DESC");
  }
  /** Gives the value a name in `select(…)`. */
  as<N extends string>(name: N): Labelled<T, N> {
    return new Labelled(this, name);
  }

  /** How many rows of the group have a value. */
  count(): Scalar<number> {
    return call("COUNT", [this]);
  }
  /** How many different values there are in the group. */
  countDistinct(): Scalar<number> {
    return new Rendered((renderer) => `COUNT(DISTINCT ${this.render(renderer)})`, asNumber);
  }
  /** NULL, not 0, where there are no rows: that is SQL's sum. */
  sum(): Scalar<number | null> {
    return call("SUM", [this]);
  }
  /** The mean of the group's values; NULL where there are none. */
  avg(): Scalar<number | null> {
    return call("AVG", [this]);
  }
  /** The least value of the group; NULL where there are none. */
  min(): Scalar<T | null> {
    return this.#same((own) => `MIN(${own})`);
  }
  /** The greatest value of the group; NULL where there are none. */
  max(): Scalar<T | null> {
    return this.#same((own) => `MAX(${own})`);
  }
  /** The text in small letters. Which letters the database knows is its affair (SQLite: A to Z). */
  lower(): Scalar<string> {
    return new Rendered((renderer) => `LOWER(${this.render(renderer)})`);
  }
  /** The text in capitals. Which letters the database knows is its affair (SQLite: A to Z). */
  upper(): Scalar<string> {
    return new Rendered((renderer) => `UPPER(${this.render(renderer)})`);
  }
  /** Letters, not bytes. */
  length(): Scalar<number> {
    return new Rendered((renderer) => `${renderer.dialect.charLength}(${this.render(renderer)})`, asNumber);
  }
  /** The value, or another one where there is none. */
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
    // MySQL counts in BIGINT, which its driver gives as text.
    return new Rendered(
      (renderer) => scalar.render(renderer),
      asNumber,
      (one) => this.encode(one),
      true,
    );
  }
  /** A value of the same kind, which travels as this one does. */
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
    // PostgreSQL takes a parameter for what stands beside it, and refuses 1.5 beside a whole number.
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
  /** What a row holds for it, NULL included, and under which name; for types only. */
  declare readonly $row: { readonly [K in N]: R };
  /** What is known of the column. */
  readonly model: ColumnModel;
  /** @internal How it comes to its entity. */
  readonly way: Path;
  /** Whether its values are numbers in JavaScript. */
  override readonly isNumber: boolean;

  /** @internal Columns are had as `User.c.username`. */
  constructor(model: ColumnModel, way: Path = ROOT) {
    super();
    this.model = model;
    this.way = way;
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
    return renderer.column(this.model, this.way);
  }
  /** @internal */
  override renderSelected(renderer: Renderer): string {
    return this.model.selected(this.render(renderer));
  }
}

/** A scalar given by how it renders. */
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

/** Something that is true or false of a row. It is a value too: `select(User.c.age.gt(17).as("adult"))`. */
export abstract class Condition extends Scalar<boolean> {
  /** Both hold (or all of them). */
  and(...others: Condition[]): Condition {
    return and(this, ...others);
  }
  /** This one holds, or one of the others. */
  or(...others: Condition[]): Condition {
    return or(this, ...others);
  }
  /** It does not hold. As in SQL, what is NULL neither holds nor does not. */
  not(): Condition {
    return not(this);
  }
  /** @internal The conditions that all have to hold for this one to hold. */
  conjuncts(): readonly Condition[] {
    return [this];
  }
  /** @internal As it stands beside AND, OR and NOT. */
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

/** A condition given by how it renders: one comparison, or anything else that needs no parentheses beside AND. */
export function condition(render: (renderer: Renderer) => string): Condition {
  return new RenderedCondition(render);
}

/** Conditions with AND or OR between them. */
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

  /** The parts of all that are connected by the same word: a chain of `or(…)` may be as deep as the list is long. */
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

/** Conditions, each guarded, with a word between them, of whatever number. */
export function connected(texts: readonly string[], word: "AND" | "OR"): string {
  return halved(texts, 0, texts.length, ` ${word} `);
}

/** Halves within halves instead of a chain: SQLite refuses expressions that are deeper than 1,000. */
function halved(texts: readonly string[], from: number, to: number, word: string): string {
  if (to - from <= CHAINED) return `(${texts.slice(from, to).join(word)})`;
  const middle = (from + to) >> 1;
  return `(${halved(texts, from, middle, word)}${word}${halved(texts, middle, to, word)})`;
}

/** So many stand beside each other without parentheses. */
const CHAINED = 100;

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
  /** What is sorted by. */
  readonly scalar: Scalar;
  /** Which way. */
  readonly direction: "ASC" | "DESC";
  /** Where rows without a value go; undefined: where the database puts them. */
  readonly nulls: "FIRST" | "LAST" | undefined;

  constructor(scalar: Scalar<never> | Scalar, direction: "ASC" | "DESC", nulls?: "FIRST" | "LAST") {
    this.scalar = scalar as Scalar;
    this.direction = direction;
    this.nulls = nulls;
  }
  /** Puts rows without a value first, on every database. */
  nullsFirst(): Order {
    return new Order(this.scalar, this.direction, "FIRST");
  }
  /** Puts rows without a value last, on every database. */
  nullsLast(): Order {
    return new Order(this.scalar, this.direction, "LAST");
  }
  /** @param value how the scalar stands in the query */
  render(value: string): string {
    // Written so that it holds on databases without NULLS FIRST as well.
    const nulls = this.nulls && `(${value} IS NULL) ${this.nulls === "FIRST" ? "DESC" : "ASC"}, `;
    return `${nulls ?? ""}${value} ${this.direction}`;
  }
}

/** A scalar with the name it has in the result. */
export class Labelled<T = unknown, N extends string = string> {
  /** The value. */
  readonly scalar: Scalar<T>;
  /** Its name in the row. */
  readonly name: N;

  constructor(scalar: Scalar<T>, name: N) {
    this.scalar = scalar;
    this.name = name;
  }
}

/** Holds for no row. */
export const NEVER = condition(() => "1 = 0");
const ALWAYS = condition(() => "1 = 1");

/** All of them hold. */
export function and(...conditions: Condition[]): Condition {
  if (conditions.length > 1) return new Connected("AND", conditions);
  return conditions[0] ?? ALWAYS;
}

/** At least one of them holds. */
export function or(...conditions: Condition[]): Condition {
  if (conditions.length > 1) return new Connected("OR", conditions);
  return conditions[0] ?? NEVER;
}

/** It does not hold. */
export function not(of: Condition): Condition {
  return new Negated(of);
}

/** How a value of any kind stands in the text: an expression, a query, a parameter. */
export function sqlValue(value: unknown, renderer: Renderer): string {
  if (value instanceof Condition) return `(${value.render(renderer)})`;
  if (value instanceof Expression) return value.render(renderer);
  if (value instanceof Labelled) return sqlValue(value.scalar, renderer);
  if (isSubquery(value)) return `(${renderer.subquery(value)})`;
  return renderer.parameter(value);
}

/** The left side of an operator. */
function operand(scalar: Scalar<never> | Scalar, renderer: Renderer): string {
  return sqlValue(scalar, renderer);
}

/** A function of the database. */
export function call(name: string, values: readonly unknown[]): Scalar<never> {
  const render = (renderer: Renderer): string => {
    if (values.length === 0 && name === "COUNT") return "COUNT(*)";
    return `${name}(${values.map((value) => sqlValue(value, renderer)).join(", ")})`;
  };
  return new Rendered<never>(render, NUMERIC.has(name) ? asNumber : undefined);
}

const NUMERIC = new Set(["COUNT", "SUM", "AVG", "LENGTH", "CHAR_LENGTH", "ROUND", "CEIL", "FLOOR"]);

/** Servers give counts and sums as text; a number that JavaScript cannot hold stays text. */
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
