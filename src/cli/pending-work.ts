import type { DataSource } from "typeorm";

/** Time between two checks, in milliseconds. */
const INTERVAL = 20;

/** Resources that keep a process alive without doing work: the terminal, open pipes. */
const INACTIVE = /^(TTYWrap|PipeWrap|Immediate|SignalWrap)$/;
/** Resources that end soon; those from before the file ran are not subtracted, since they would hide as many of its own. */
const SHORT_LIVED = /^FSReq/;
const SOCKETS = /^(TCPSocketWrap|TLSWrap)$/;

/**
 * Waits until a script has no work left. Many scripts end with `main()` without awaiting it, so the database must not be closed when
 * the file has been evaluated. The connections of the database and their timers do not count.
 */
export class PendingWork {
  readonly #dataSource: DataSource;
  readonly #before: ReadonlyMap<string, number>;
  #statements = 0;

  /** Has to be constructed before the file runs. */
  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    dataSource.subscribers.push({
      beforeQuery: () => void this.#statements++,
      afterQuery: () => void this.#statements--,
    });
    this.#before = resources(dataSource);
  }

  async finished(): Promise<void> {
    // Promises that are settled already run their callbacks first.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    while (this.#isPending()) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }

  #isPending(): boolean {
    if (this.#statements > 0) return true;
    return [...resources(this.#dataSource)].some(
      ([kind, count]) => count > (SHORT_LIVED.test(kind) ? 0 : (this.#before.get(kind) ?? 0)),
    );
  }
}

/** What keeps the process alive, counted by kind, without the connections of the database. */
function resources(dataSource: DataSource): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    const name = SOCKETS.test(kind) ? "socket" : kind;
    if (!INACTIVE.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { sockets, timers } = poolOf(dataSource);
  counts.set("socket", (counts.get("socket") ?? 0) - sockets);
  counts.set("Timeout", (counts.get("Timeout") ?? 0) - timers);
  return counts;
}

/** The connections of the driver's pool, and the timers that close idle ones. SQLite has neither. */
function poolOf({ driver }: DataSource): { sockets: number; timers: number } {
  const { master, pool } = driver as {
    master?: { totalCount?: number; idleCount?: number };
    pool?: { _allConnections?: { length: number } };
  };
  if (typeof master?.totalCount === "number") return { sockets: master.totalCount, timers: master.idleCount ?? 0 };
  return { sockets: pool?._allConnections?.length ?? 0, timers: 0 };
}
