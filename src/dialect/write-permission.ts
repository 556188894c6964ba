import { AsyncLocalStorage } from "node:async_hooks";

const permission = new AsyncLocalStorage<true>();

/**
 * Does work that may open connections and begin transactions that write, where `DatabaseControl.forbidWrites` forbids it to everything
 * else: a sandbox, which rolls its transaction back.
 */
export function allowWrites<T>(work: () => T): T {
  return permission.run(true, work);
}

export function areWritesAllowed(): boolean {
  return permission.getStore() === true;
}
