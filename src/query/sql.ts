import { checkParameter, Condition, Labelled, sqlValue, type Renderer } from "./expression";
import { anyType, type ValueType } from "./value-type";

/** The type of raw SQL is not known. */
const ANY = anyType("sql`…`");

/** Raw SQL, made by ``sql`…` ``: a value, a condition, or an order. */
export class Sql extends Condition {
  readonly #texts: readonly string[];
  readonly #values: readonly unknown[];

  constructor(texts: readonly string[], values: readonly unknown[]) {
    super();
    this.#texts = texts;
    this.#values = values;
  }

  /** @internal */
  override render(renderer: Renderer): string {
    return this.#texts.reduce((text, next, index) => text + sqlValue(this.#values[index - 1], renderer) + next);
  }
  /** @internal */
  override renderGuarded(renderer: Renderer): string {
    return `(${this.render(renderer)})`;
  }
  /** The type of raw SQL is not known. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a value of any kind is to be used as
  override as<N extends string>(name: N): Labelled<any, N> {
    return new Labelled(this, name);
  }
  /** @internal */
  override get valueType(): ValueType {
    return ANY;
  }
}

/**
 * SQL of your own in a query: ``sql`lower(${User.c.username}) = ${name}` ``. Expressions are rendered, queries become
 * subqueries, values become parameters.
 *
 * @throws ValueError for a value that cannot be a parameter: undefined, NaN, an object, a relation
 */
export function sql(texts: TemplateStringsArray, ...values: unknown[]): Sql {
  for (const value of values) checkParameter(value, "a value of sql`…`");
  return new Sql([...texts], values);
}
