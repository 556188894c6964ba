import { inspect } from "node:util";
import { isObject } from "../values";
import type { Dialect } from "../dialect/dialect";
import { wrongType } from "../metadata/inspection/refusal";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import { arraysElsewhere, badLabel, notACondition, parameterRefused, undefinedParameter } from "./errors";
import { misuseOf, notAValue, parameterRefusal } from "./value-check";
import { anyType, arithmeticType, BOOLEAN, ColumnType, NUMBER, TEXT, type ValueType } from "./value-type";

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
  /** The SQL of an expression; where a statement repeats one, with the same parameters, so that the database finds them equal. */
  expression(expression: Expression): string;
  /** Renders the argument of an aggregate, which is computed of each row: names of values, which are those of a group, mean nothing there. */
  ofEachRow(render: () => string): string;
  /** `left IN (values)`, for a list of any length; the values are encoded. */
  among(left: string, values: readonly unknown[]): string;
  /** The quoted column, with the alias of the table at the end of the path. */
  column(column: ColumnModel, path: Path): string;
  /** `EXISTS (…)` for a relation of the entity at the end of the path, with conditions on the related entity. */
  exists(relation: RelationModel, path: Path, condition: Condition | undefined): string;
  /** The SQL of a subquery, without parentheses. */
  subquery(query: Subquery): string;
}

/** The method of a query that renders it inside another one. A symbol, because `User.c.posts` has names of columns as properties. */
export const renderInto: unique symbol = Symbol("renderInto");

/** A query inside another one. */
export interface Subquery {
  /** @internal Its SQL; its parameters are added to the outer query's. */
  [renderInto](renderer: Renderer): string;
}

/** A part of a query. Expressions are immutable, and can be used in any number of queries. */
export abstract class Expression {
  /** @internal Its SQL. */
  abstract render(renderer: Renderer): string;
  /** What `console.log` and messages show of it. */
  [inspect.custom](): string {
    return "[expression]";
  }
}

/** The right operand of a comparison. */
export type Operand<T> = T | Scalar<T> | Subquery;

/** The SQL of an operand whose value was checked and encoded. */
type Rendering = (renderer: Renderer) => string;

/**
 * An expression with a value: a column, a function, arithmetic, a condition.
 *
 * Its methods check the values that they are given, as a flush does: undefined, and values of a type that the expression cannot have, are
 * refused with a `ValueError`. Values of columns with a transformer are given in the form of the property.
 */
export abstract class Scalar<T = unknown> extends Expression {
  /** The type of the value; it has no value at run time. */
  declare readonly $type: T;

  /** @internal How its values are checked, sent and read. */
  abstract get valueType(): ValueType;

  /** Whether values are JavaScript numbers. A number that is too large or too exact is a string. */
  get isNumber(): boolean {
    return this.valueType.isNumber;
  }
  /** Encodes a JavaScript value for the database. @throws ValueError for a value that the expression cannot have */
  encode(value: unknown): unknown {
    return this.valueType.encode(value);
  }
  /** Decodes a value that the driver returned. */
  decode(raw: unknown): unknown {
    return this.valueType.decode(raw);
  }
  /** @internal Its SQL in a SELECT list, which may differ from that in a condition. */
  renderSelected(renderer: Renderer): string {
    return this.valueType.selected(renderer.expression(this));
  }

  /** Equal; `eq(null)` is `IS NULL`. */
  eq(value: Operand<T> | null): Condition {
    if (isPartOfQuery(value)) return this.#compare("=", rendering(value));
    const encoded = this.encode(value);
    if (encoded === null) return this.isNull();
    const equal = this.#compare("=", this.#parameter(encoded));
    // A transformer may store null as another value; a row that was written without it has NULL.
    return value === null ? equal.or(this.isNull()) : equal;
  }
  /** Not equal; `ne(null)` is `IS NOT NULL`. As in SQL, rows with NULL do not meet it. */
  ne(value: Operand<T> | null): Condition {
    if (isPartOfQuery(value)) return this.#compare("<>", rendering(value));
    const encoded = this.encode(value);
    return encoded === null ? this.isNotNull() : this.#compare("<>", this.#parameter(encoded));
  }
  /** Greater than. */
  gt(value: Operand<T>): Condition {
    return this.#compare(">", this.#operand(value));
  }
  /** Greater than, or equal. */
  gte(value: Operand<T>): Condition {
    return this.#compare(">=", this.#operand(value));
  }
  /** Less than. */
  lt(value: Operand<T>): Condition {
    return this.#compare("<", this.#operand(value));
  }
  /** Less than, or equal. */
  lte(value: Operand<T>): Condition {
    return this.#compare("<=", this.#operand(value));
  }
  /** SQL's LIKE: `%` is any text, `_` any character. The database decides whether it is case-sensitive. A pattern passes no transformer. */
  like(pattern: Operand<string>): Condition {
    return this.#compare("LIKE", this.#pattern(pattern));
  }
  /** The opposite of `like`; rows with NULL do not meet it either. */
  notLike(pattern: Operand<string>): Condition {
    return this.like(pattern).not();
  }
  /** Case-insensitive LIKE. */
  ilike(pattern: Operand<string>): Condition {
    const right = this.#pattern(pattern);
    return condition((renderer) => renderer.dialect.caseInsensitiveLike(sqlValue(this, renderer), right(renderer)));
  }
  /** Starts with this text; `%` and `_` have no special meaning. */
  startsWith(text: string): Condition {
    return this.#likeText((escaped) => `${escaped}%`, text);
  }
  /** Ends with this text; `%` and `_` have no special meaning. */
  endsWith(text: string): Condition {
    return this.#likeText((escaped) => `%${escaped}`, text);
  }
  /** Contains this text; `%` and `_` have no special meaning. */
  contains(text: string): Condition {
    return this.#likeText((escaped) => `%${escaped}%`, text);
  }
  /** Is one of a list of any length, or of a subquery's values. `null` in the list is `IS NULL`. */
  in(values: Iterable<Operand<T> | null> | Subquery): Condition {
    if (isSubquery(values))
      return condition((renderer) => `${sqlValue(this, renderer)} IN (${renderer.subquery(values)})`);
    const all = this.#members(values);
    const expressions = all.filter(isPartOfQuery).map((one) => this.eq(one as Scalar<T>));
    const encoded = all.filter((value) => !isPartOfQuery(value)).map((value) => this.encode(value));
    // In SQL, NULL is never IN a list.
    const known = encoded.filter((value) => value !== null);
    const among = known.length === 0 ? [] : [condition((renderer) => renderer.among(sqlValue(this, renderer), known))];
    return or(...among, ...expressions, ...(encoded.includes(null) || all.includes(null) ? [this.isNull()] : []));
  }
  /** The opposite of `in`; rows with NULL do not meet it either. */
  notIn(values: Iterable<Operand<T> | null> | Subquery): Condition {
    return this.in(values).not();
  }
  /** Between two values, both included. */
  between(low: Operand<T>, high: Operand<T>): Condition {
    const [least, most] = [this.#operand(low), this.#operand(high)];
    return condition((renderer) => `${sqlValue(this, renderer)} BETWEEN ${least(renderer)} AND ${most(renderer)}`);
  }
  /** IS NULL. */
  isNull(): Condition {
    return condition((renderer) => `${sqlValue(this, renderer)} IS NULL`);
  }
  /** IS NOT NULL. */
  isNotNull(): Condition {
    return condition((renderer) => `${sqlValue(this, renderer)} IS NOT NULL`);
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
    return new Rendered((renderer) => `COUNT(DISTINCT ${renderer.ofEachRow(() => renderer.expression(this))})`, NUMBER);
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
    return call("MIN", [this]);
  }
  /** The largest value of the group; NULL where there are none. */
  max(): Scalar<T | null> {
    return call("MAX", [this]);
  }
  /** The text in lower case. SQLite only converts A to Z. */
  lower(): Scalar<string> {
    return call("LOWER", [this]);
  }
  /** The text in upper case. SQLite only converts A to Z. */
  upper(): Scalar<string> {
    return call("UPPER", [this]);
  }
  /** The length in characters, not bytes. */
  length(): Scalar<number> {
    return new Rendered((renderer) => `${renderer.dialect.charLength}(${renderer.expression(this)})`, NUMBER);
  }
  /** The value, or another one instead of NULL (COALESCE). */
  coalesce(value: Operand<T>): Scalar<NonNullable<T>> {
    const other = this.#operand(value);
    return new Rendered(
      (renderer) => `COALESCE(${sqlValue(this, renderer)}, ${other(renderer)})`,
      this.valueType,
    ) as unknown as Scalar<NonNullable<T>>;
  }

  #compare(operator: string, right: Rendering): Condition {
    return condition((renderer) => `${sqlValue(this, renderer)} ${operator} ${right(renderer)}`);
  }
  #arithmetic(operator: string, value: Operand<T>): Scalar<T> {
    const isNumber = (typeof value === "number" && Number.isFinite(value)) || typeof value === "bigint";
    const right = isNumber ? this.#parameter(this.valueType.number(value, operator)) : this.#operand(value);
    return new Rendered(
      (renderer) => `(${sqlValue(this, renderer)} ${operator} ${right(renderer)})`,
      arithmeticType(this.valueType),
    );
  }
  /** A value that is not compared with NULL: that is true of no row. */
  #operand(value: unknown): Rendering {
    if (isPartOfQuery(value)) return rendering(value);
    if (value === null) throw this.valueType.refused(null, NULL_OPERAND);
    return this.#parameter(this.encode(value));
  }
  #parameter(encoded: unknown): Rendering {
    // PostgreSQL infers the type of a parameter from the other operand, and would refuse 1.5 beside an integer.
    if (this.isNumber && typeof encoded === "number" && Number.isFinite(encoded) && !Number.isInteger(encoded))
      return () => `(${encoded})`;
    return (renderer) => renderer.parameter(encoded);
  }
  #members(values: unknown): unknown[] {
    if (values === undefined) return [this.encode(values)];
    const misuse = misuseOf(values);
    if (misuse) throw this.valueType.refused(values, misuse);
    const isList = isObject(values) && Symbol.iterator in values && !(values instanceof Uint8Array);
    if (!isList) throw this.valueType.refused(values, wrongType("in() takes a list or a query", "in([…])"));
    return [...(values as Iterable<unknown>)];
  }
  #pattern(value: unknown): Rendering {
    if (isPartOfQuery(value)) return rendering(value);
    const pattern = this.#text(value);
    return (renderer) => renderer.parameter(pattern);
  }
  #text(value: unknown): string {
    if (value === undefined) this.encode(value);
    if (typeof value !== "string")
      throw this.valueType.refused(value, wrongType("a pattern is a text", "String(value)"));
    return value;
  }
  #likeText(patternOf: (escaped: string) => string, text: unknown): Condition {
    const pattern = patternOf(escapeLike(this.#text(text)));
    return condition((renderer) => `${sqlValue(this, renderer)} LIKE ${renderer.parameter(pattern)} ESCAPE '!'`);
  }
}

const NULL_OPERAND = wrongType("no comparison with NULL is true", "eq(null), isNull()");

/** The SQL of an operand that is part of a query itself. */
function rendering(value: unknown): Rendering {
  return (renderer) => sqlValue(value, renderer);
}

/** A column of an entity: `User.c.username`, or of a related one: `Post.c.author.username`. */
export class Column<T = unknown, N extends string = string, R = T> extends Scalar<T> {
  /** The type of the value in a row, NULL included, and its name; has no value at run time. */
  declare readonly $row: { readonly [K in N]: R };
  /** The column's metadata. */
  readonly model: ColumnModel;
  /** @internal The path to its table. */
  readonly path: Path;
  /** @internal */
  readonly valueType: ValueType;

  /** @internal Use `User.c.username`. */
  constructor(model: ColumnModel, path: Path = ROOT) {
    super();
    this.model = model;
    this.path = path;
    this.valueType = new ColumnType(model);
  }

  /** @internal */
  override render(renderer: Renderer): string {
    return renderer.column(this.model, this.path);
  }
  /** Its name. */
  override [inspect.custom](): string {
    return this.model.label;
  }
}

/** A scalar defined by its rendering function. */
export class Rendered<T = unknown> extends Scalar<T> {
  readonly #render: Rendering;
  readonly valueType: ValueType;

  constructor(render: Rendering, valueType: ValueType) {
    super();
    this.#render = render;
    this.valueType = valueType;
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
  get valueType(): ValueType {
    return BOOLEAN;
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

const ORDER_AS_VALUE = wrongType("it is an order, for orderBy()", "leave asc() or desc() out");

/** A scalar with a direction: `User.c.username.desc()`. */
export class Order {
  /** @internal */
  get [notAValue](): typeof ORDER_AS_VALUE {
    return ORDER_AS_VALUE;
  }
  /** What messages show of it. */
  [inspect.custom](): string {
    return "[order]";
  }
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
  /** @internal The same order of another expression. */
  of(scalar: Scalar): Order {
    return scalar === this.scalar ? this : new Order(scalar, this.direction, this.nulls);
  }
  /** Sorts NULL first, on every database. */
  nullsFirst(): Order {
    return new Order(this.scalar, this.direction, "FIRST");
  }
  /** Sorts NULL last, on every database. */
  nullsLast(): Order {
    return new Order(this.scalar, this.direction, "LAST");
  }
  /** @internal @param value the rendered scalar */
  render(value: string, { supportsNullsOrder }: Dialect): string {
    if (!this.nulls) return `${value} ${this.direction}`;
    if (supportsNullsOrder) return `${value} ${this.direction} NULLS ${this.nulls}`;
    return `(${value} IS NULL) ${this.nulls === "FIRST" ? "DESC" : "ASC"}, ${value} ${this.direction}`;
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
  return connectedBy("AND", conditions, ALWAYS);
}

/** A disjunction: at least one condition. */
export function or(...conditions: Condition[]): Condition {
  return connectedBy("OR", conditions, NEVER);
}

function connectedBy(word: "AND" | "OR", conditions: readonly Condition[], none: Condition): Condition {
  for (const one of conditions) checkCondition(`${word.toLowerCase()}(…)`, one);
  return conditions.length > 1 ? new Connected(word, conditions) : (conditions[0] ?? none);
}

/** A negation. */
export function not(of: Condition): Condition {
  checkCondition("not(…)", of);
  return new Negated(of);
}

/** Callers of JavaScript may pass anything. @throws RetortError `query/criteria` where it is no condition */
export function checkCondition(where: string, value: unknown): asserts value is Condition {
  if (value instanceof Condition) return;
  const hint =
    value instanceof Scalar ? "compare it: column.eq(true)" : "User.c.age.gt(18), or leave the condition out";
  throw notACondition(where, value, hint);
}

/** The SQL of any value: an expression, a subquery, or a parameter. */
export function sqlValue(value: unknown, renderer: Renderer): string {
  if (value instanceof Condition) return `(${renderer.expression(value)})`;
  if (value instanceof Expression) return renderer.expression(value);
  if (value instanceof Labelled) return sqlValue(value.scalar, renderer);
  if (isSubquery(value)) return `(${renderer.subquery(value)})`;
  // No parameter: PostgreSQL would have to infer its type.
  if (value === null) return "NULL";
  if (Array.isArray(value) && !renderer.dialect.supportsArrays) throw arraysElsewhere(renderer.dialect.displayName);
  return renderer.parameter(value);
}

/**
 * Refuses what cannot be sent: undefined, NaN, objects and relations.
 *
 * @param what names the value in the error: `a value of sql`…``
 * @throws ValueError
 */
export function checkParameter(value: unknown, what: string): void {
  if (isPartOfQuery(value)) return;
  if (value === undefined) throw undefinedParameter(what);
  const refusal = value === null ? undefined : parameterRefusal(value);
  if (refusal) throw parameterRefused(what, value, refusal);
}

/** A call of a database function. */
export function call(name: string, values: readonly unknown[]): Scalar<never> {
  for (const value of values) checkParameter(value, `an argument of ${name}(…)`);
  const render = (renderer: Renderer): string => {
    if (values.length === 0 && name === "COUNT") return "COUNT(*)";
    const list = (): string => values.map((value) => argument(name, value, renderer)).join(", ");
    return `${name}(${AGGREGATES.test(name) ? renderer.ofEachRow(list) : list()})`;
  };
  return new Rendered<never>(render, typeOfCall(name, values));
}

function argument(name: string, value: unknown, renderer: Renderer): string {
  const text = sqlValue(value, renderer);
  // CONCAT takes arguments of any type.
  return typeof value === "string" && name.startsWith("CONCAT") ? renderer.dialect.textPlaceholder(text) : text;
}

const AGGREGATES =
  /^(COUNT|SUM|AVG|MIN|MAX|TOTAL|EVERY|(BOOL|BIT)_(AND|OR|XOR)|STD|STDDEV|VARIANCE|VAR_\w+|STDDEV_\w+|\w+_AGG|\w*GROUP_\w+)$/;

const NUMERIC = new Set(["COUNT", "SUM", "AVG", "LENGTH", "CHAR_LENGTH", "ROUND", "CEIL", "FLOOR"]);
const TEXTS = new Set(["LOWER", "UPPER", "TRIM", "LTRIM", "RTRIM", "REPLACE", "CONCAT", "SUBSTR", "SUBSTRING"]);
/** Functions that return one of their arguments. */
const SELECTIVE = new Set(["MIN", "MAX", "COALESCE", "IFNULL", "NULLIF", "GREATEST", "LEAST", "ANY_VALUE"]);

function typeOfCall(name: string, values: readonly unknown[]): ValueType {
  if (NUMERIC.has(name)) return NUMBER;
  if (TEXTS.has(name)) return TEXT;
  const scalar = SELECTIVE.has(name) ? values.find((value) => value instanceof Scalar) : undefined;
  return scalar ? scalar.valueType : anyType(`${name}(…)`);
}

/** Whether a value is rendered into the statement, and sent as no parameter. */
export function isPartOfQuery(value: unknown): value is Scalar | Labelled | Subquery {
  return value instanceof Expression || value instanceof Labelled || isSubquery(value);
}

export function isSubquery(value: unknown): value is Subquery {
  return isObject(value) && renderInto in value;
}

function escapeLike(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}
