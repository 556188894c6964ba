import { RetortError } from "../errors";
import { unknownLabel } from "./errors";
import { Scalar, type Labelled, type Renderer } from "./expression";
import { anyType, type ValueType } from "./value-type";

const ANY = anyType("the value of a name");

/**
 * A name in `groupBy` or `orderBy`: of a value of `select(…)`, which may be called later, or of a property. The query replaces it by that
 * when it is compiled.
 */
export class LabelReference extends Scalar {
  readonly #name: string;
  readonly #column: Scalar | RetortError;
  readonly #first: "label" | "column";

  /**
   * @param column the column of that name, or the error that says that there is none
   * @param first what the name means where it is both
   */
  constructor(name: string, column: Scalar | RetortError, first: "label" | "column") {
    super();
    this.#name = name;
    this.#column = column;
    this.#first = first;
  }

  /** @throws RetortError `query/unknown-property` */
  among(values: readonly Labelled[]): Scalar {
    const label = values.find(({ name }) => name === this.#name)?.scalar;
    const isLabel = label !== undefined && (this.#first === "label" || this.#column instanceof RetortError);
    if (isLabel) return label;
    if (this.#column instanceof Scalar) return this.#column;
    if (values.length === 0) throw this.#column;
    throw unknownLabel(this.#column, this.#name, values);
  }

  get valueType(): ValueType {
    return ANY;
  }

  render(renderer: Renderer): string {
    return renderer.expression(this.among([]));
  }
}
