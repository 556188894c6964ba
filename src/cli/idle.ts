import type { DataSource } from "typeorm";

/** Between two looks at what is still going on, milliseconds. */
const INTERVAL = 20;

/** What keeps a process alive without anybody waiting for it: the terminal, and pipes that are only open. */
const AT_REST = /^(TTYWrap|PipeWrap|Immediate|SignalWrap)$/;
/** What was under way before the file ran and is over soon: were it excused, as much of the file's own would pass unseen. */
const ENDS_BY_ITSELF = /^FSReq/;
const SOCKETS = /^(TCPSocketWrap|TLSWrap)$/;

/**
 * Waits until a file that was run has nothing more to do. Many a script ends with `main()` and waits for nothing: were the database
 * closed when the file is through, it would be closed under its hands. The database's own connections and their timers do not count.
 */
export class Activity {
  readonly #dataSource: DataSource;
  readonly #before: ReadonlyMap<string, number>;
  #statements = 0;

  /** Begins to watch; made before the file runs. */
  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    dataSource.subscribers.push({
      beforeQuery: () => void this.#statements++,
      afterQuery: () => void this.#statements--,
    });
    this.#before = resources(dataSource);
  }

  async end(): Promise<void> {
    // What is already settled gets its turn before the first look.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    while (this.#isGoingOn()) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }

  #isGoingOn(): boolean {
    if (this.#statements > 0) return true;
    return [...resources(this.#dataSource)].some(
      ([kind, count]) => count > (ENDS_BY_ITSELF.test(kind) ? 0 : (this.#before.get(kind) ?? 0)),
    );
  }
}

/** What keeps the process alive, counted by kind, less what the database's pool has of it. */
function resources(dataSource: DataSource): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    const name = SOCKETS.test(kind) ? "socket" : kind;
    if (!AT_REST.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { sockets, timers } = poolOf(dataSource);
  counts.set("socket", (counts.get("socket") ?? 0) - sockets);
  counts.set("Timeout", (counts.get("Timeout") ?? 0) - timers);
  return counts;
}

/** The connections of the driver's pool, and the timers that will close the idle ones. SQLite has neither. */
function poolOf({ driver }: DataSource): { sockets: number; timers: number } {
  const { master, pool } = driver as {
    master?: { totalCount?: number; idleCount?: number };
    pool?: { _allConnections?: { length: number } };
  };
  if (typeof master?.totalCount === "number") return { sockets: master.totalCount, timers: master.idleCount ?? 0 };
  return { sockets: pool?._allConnections?.length ?? 0, timers: 0 };
}
