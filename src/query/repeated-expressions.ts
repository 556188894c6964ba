import { canonical } from "../metadata/compare";
import { MARK } from "./clauses";
import type { Expression } from "./expression";

/** The clause that is rendered; the clauses after SELECT may repeat its expressions. */
export type Clause = "select" | "group" | "having" | "order";

/**
 * The expressions of SELECT, GROUP BY, HAVING and ORDER BY of one SELECT. Databases find an expression of one clause in another where both
 * have the same text and the same parameters, so that an expression that is repeated is rendered with the parameters of the first.
 */
export class RepeatedExpressions {
  readonly #values: readonly unknown[];
  readonly #usesLabels: boolean;
  readonly #texts = new Map<Expression, string>();
  /** The first text with this SQL and these values. */
  readonly #byContent = new Map<string, string>();
  /** The quoted names of selected values by their text. */
  readonly #labels = new Map<string, string>();
  readonly #groups = new Set<string>();
  clause: Clause = "select";

  /**
   * @param values the values of the statement, by the marks in its text
   * @param usesLabels whether the database finds an expression of another clause by its name only (MySQL)
   */
  constructor(values: readonly unknown[], usesLabels: boolean) {
    this.#values = values;
    this.#usesLabels = usesLabels;
  }

  /** The text of an expression that another one contains, or that is a whole clause. */
  text(expression: Expression, render: () => string): string {
    let text = this.#texts.get(expression);
    if (text === undefined) this.#texts.set(expression, (text = this.#first(render())));
    return this.#usesLabels ? this.#byName(text) : text;
  }

  /** Renders the argument of an aggregate. */
  ofEachRow(render: () => string): string {
    const { clause } = this;
    this.clause = "select";
    try {
      return render();
    } finally {
      this.clause = clause;
    }
  }

  /** Remembers the name of a selected value. */
  label(text: string, quoted: string): void {
    if (!this.#labels.has(text)) this.#labels.set(text, quoted);
  }

  group(text: string): void {
    this.#groups.add(text);
  }

  #first(text: string): string {
    if (!text.includes("\0")) return text;
    const content = text.replace(MARK, (_, index: string) => `\0${canonical(this.#values[Number(index)])}\0`);
    const first = this.#byContent.get(content);
    if (first === undefined) this.#byContent.set(content, text);
    return first ?? text;
  }

  #byName(text: string): string {
    if (this.clause !== "having" && this.clause !== "order") return text;
    const label = this.#labels.get(text);
    if (label !== undefined) return label;
    // HAVING and ORDER BY do not find an expression of GROUP BY; all values of a group are the same.
    return this.#groups.has(text) ? `MIN(${text})` : text;
  }
}
