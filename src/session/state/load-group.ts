import type { Instance } from "./instance";

/**
 * The objects that one query returned. When a relation of one of them is touched, it is loaded for all of them: a loop
 * over a thousand users and their posts sends two statements, not a thousand and one.
 */
export class LoadGroup {
  readonly instances: Instance[] = [];

  /** @param size how many there will be; an object that belongs to a larger group stays there */
  take(instance: Instance, size: number): void {
    this.instances.push(instance);
    if (!instance.group || instance.group.instances.length <= size) instance.group = this;
  }
}
