/**
 * Serializes the writers of one database in this process, in the order they ask. SQLite itself would make the second
 * writer fail or block the event loop.
 */
export class WriteMutex {
  #holder: object | undefined;
  readonly #waiting: (() => void)[] = [];

  /** Resolves to true when the writer holds the mutex, to false when `milliseconds` have passed. */
  async acquire(writer: object, milliseconds: number): Promise<boolean> {
    if (this.#holder === undefined) {
      this.#holder = writer;
      return true;
    }
    return new Promise((resolve) => {
      const take = (): void => {
        clearTimeout(timer);
        this.#holder = writer;
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        resolve(false);
      }, milliseconds);
      this.#waiting.push(take);
    });
  }

  release(writer: object): void {
    if (this.#holder !== writer) return;
    this.#holder = undefined;
    this.#waiting.shift()?.();
  }
}

const fileMutexes = new Map<string, WriteMutex>();
const memoryMutexes = new WeakMap<object, WriteMutex>();

/** The mutex of a database: one for each file, or for each connection to a database in memory. */
export function writeMutexOf(database: string, connection: object): WriteMutex {
  if (!isMemory(database)) {
    let mutex = fileMutexes.get(database);
    if (!mutex) fileMutexes.set(database, (mutex = new WriteMutex()));
    return mutex;
  }
  let mutex = memoryMutexes.get(connection);
  if (!mutex) memoryMutexes.set(connection, (mutex = new WriteMutex()));
  return mutex;
}

export function isMemory(database: string): boolean {
  return database === "" || database === ":memory:" || /[?&]mode=memory\b/.test(database);
}
