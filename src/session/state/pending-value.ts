import { inspect } from "node:util";
import { nameOf } from "./errors";

/** Stands for a value that is not known before the flush: a key that the database generates, a uuid. */
export class PendingValue {
  /** The object that will have it. */
  readonly entity: object;
  /** Its property. */
  readonly property: string;

  /** @internal */
  constructor(entity: object, property: string) {
    this.entity = entity;
    this.property = property;
  }

  /** `<User susan>.id` */
  toString(): string {
    return `${nameOf(this.entity)}.${this.property}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
