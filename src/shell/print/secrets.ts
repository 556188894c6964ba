import { isObject } from "../../values";
import { isSecretName } from "../secret-names";

/** Printed in place of a secret. */
export const MASK = "••••";

/** Decides which columns hold secrets, by their names. */
export class Secrets {
  private readonly named: ReadonlySet<string>;
  /** Set by `.reveal`: nothing is hidden. */
  revealed = false;

  /** @param named columns besides the usual ones: `token`, or `User.token` */
  constructor(named: readonly string[] = []) {
    this.named = new Set(named.map((name) => name.toLowerCase()));
  }

  /** Whether a column's values are hidden. */
  hides(property: string, entity?: string): boolean {
    if (this.revealed) return false;
    const name = property.slice(property.lastIndexOf(".") + 1);
    if (this.named.has(name.toLowerCase()) || this.named.has(`${entity ?? ""}.${property}`.toLowerCase())) return true;
    return isSecretName(name);
  }

  /** Whether a column of this name is hidden in some entity. */
  hidesAnywhere(column: string): boolean {
    const ending = `.${column.toLowerCase()}`;
    return this.hides(column) || (!this.revealed && [...this.named].some((name) => name.endsWith(ending)));
  }

  /** The value, or the mask in its place. Empty text, dates, numbers and booleans (`passwordChangedAt`) are not secrets. */
  mask(value: unknown, property: string, entity?: string): unknown {
    const hidable =
      (typeof value === "string" && value !== "") ||
      value instanceof Uint8Array ||
      (isObject(value) && !(value instanceof Date));
    return hidable && this.hides(property, entity) ? MASK : value;
  }
}
