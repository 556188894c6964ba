import type { DatabaseEvent, DatabaseListener, ObserveOptions, StatementEvent } from "./events";

interface Observer {
  readonly listener: DatabaseListener;
  readonly takesParameters: boolean;
  readonly slowerThan: number | undefined;
  hasFailed: boolean;
}

/** The listeners of a session, or of a Database, which receive the events of its sessions. */
export class Observers {
  readonly #observers = new Set<Observer>();
  #outer: Observers | undefined;

  /** Passes every event to others, too. */
  passTo(outer: Observers): void {
    this.#outer = outer;
  }

  /** Whether anybody listens: without, no event has to be made. */
  get areThere(): boolean {
    return this.#observers.size > 0 || (this.#outer?.areThere ?? false);
  }

  /** @returns the function that removes the listener */
  add(listener: DatabaseListener, { parameters = false, slowerThan }: ObserveOptions): () => void {
    const observer = { listener, takesParameters: parameters, slowerThan, hasFailed: false };
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** Passes an event on. What a listener throws does not concern the statement. */
  notify(event: DatabaseEvent): void {
    this.#outer?.notify(event);
    for (const observer of this.#observers) {
      if (observer.slowerThan !== undefined && !isSlow(event, observer.slowerThan)) continue;
      tell(observer, event.type === "statement" && !observer.takesParameters ? withoutValues(event) : event);
    }
  }
}

function isSlow(event: DatabaseEvent, slowerThan: number): boolean {
  return event.type === "statement" && event.milliseconds >= slowerThan;
}

function withoutValues(event: StatementEvent): StatementEvent {
  return { ...event, parameters: undefined, error: undefined };
}

function tell(observer: Observer, event: DatabaseEvent): void {
  try {
    const result: unknown = observer.listener(event);
    if (result instanceof Promise) result.catch((error: unknown) => warn(observer, error));
  } catch (error) {
    warn(observer, error);
  }
}

/** Once for each listener: it would fail for every statement. */
function warn(observer: Observer, error: unknown): void {
  if (observer.hasFailed) return;
  observer.hasFailed = true;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`a listener of observe() failed, and the statement went on: ${reason}`, {
    type: "RetortWarning",
    code: "database/observer",
  });
}
