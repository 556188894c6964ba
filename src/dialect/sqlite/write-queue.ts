/**
 * Who may write to one database, in one process: one at a time, in the order of asking. SQLite itself would let the
 * second writer fail; here it waits, without holding up anybody else.
 */
export class WriteQueue {
  #holder: object | undefined;
  readonly #waiting: { writer: object; enter: () => void }[] = [];

  get holder(): object | undefined {
    return this.#holder;
  }

  /** Resolves to true when the writer has the turn, to false when `milliseconds` went by without it. */
  async enter(writer: object, milliseconds: number): Promise<boolean> {
    if (this.#holder === undefined) {
      this.#holder = writer;
      return true;
    }
    return new Promise((resolve) => {
      const place = {
        writer,
        enter: () => {
          clearTimeout(timer);
          this.#holder = writer;
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(place), 1);
        resolve(false);
      }, milliseconds);
      this.#waiting.push(place);
    });
  }

  leave(writer: object): void {
    if (this.#holder !== writer) return;
    this.#holder = undefined;
    this.#waiting.shift()?.enter();
  }
}

const queues = new Map<string, WriteQueue>();
const memoryQueues = new WeakMap<object, WriteQueue>();

/** The queue of a database: one a file, one a connection where the database lives in memory. */
export function writeQueueOf(database: string, connection: object): WriteQueue {
  if (!isMemory(database)) {
    let queue = queues.get(database);
    if (!queue) queues.set(database, (queue = new WriteQueue()));
    return queue;
  }
  let queue = memoryQueues.get(connection);
  if (!queue) memoryQueues.set(connection, (queue = new WriteQueue()));
  return queue;
}

export function isMemory(database: string): boolean {
  return database === "" || database === ":memory:" || /[?&]mode=memory\b/.test(database);
}
