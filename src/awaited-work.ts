/** What the process waits for, the innermost last. */
const awaited: string[] = [];

/**
 * Waits for work that runs somebody else's code (an input, a migration, a configuration). Where its promise never settles, Node has
 * nothing left to do and ends; the command line then says what was waited for.
 * @param what as it reads after "never settles": `migration AddUsers (up)`
 */
export async function awaiting<T>(what: string, work: () => Promise<T>): Promise<T> {
  awaited.push(what);
  try {
    return await work();
  } finally {
    awaited.splice(awaited.lastIndexOf(what), 1);
  }
}

/** The innermost work that has not settled; undefined where none is awaited. */
export function awaitedWork(): string | undefined {
  return awaited.at(-1);
}
