import { pluralize } from "../../text";
import type { BatchEvent, DatabaseEvent, StatementEvent } from "../../dialect/events";

/** What one input sent to the database. */
export class StatementSummary {
  readonly statements: StatementEvent[] = [];
  /** SELECTs that find the rows of batches: they are repeated by intention. */
  readonly batchQueries = new Set<string>();
  /** Statements before the batch that runs. */
  private beforeBatch = 0;
  /** It is printed once for each input. */
  isPrinted = false;
  private inserted = 0;
  private updated = 0;
  private deleted = 0;
  private rolledBack = false;
  private reconnected = false;
  private readonly started = performance.now();

  add(event: DatabaseEvent): void {
    if (event.type === "statement") this.statements.push(event);
    else if (event.type === "batch") this.batchEnded(event);
    else if (event.type === "rollback") this.rolledBack = true;
    else if (event.type === "reconnect") this.reconnected = true;
    else if (event.type === "flush") {
      this.inserted += event.inserted;
      this.updated += event.updated;
      this.deleted += event.deleted;
    }
  }

  /** A batch that is written sends nothing but its own statements; what is done with one that was read may be anything. */
  private batchEnded({ operation, sql }: BatchEvent): void {
    this.batchQueries.add(sql);
    if (operation !== "read")
      for (const statement of this.statements.slice(this.beforeBatch)) this.batchQueries.add(statement.sql);
    this.beforeBatch = this.statements.length;
  }

  /** `3 queries · 12 ms · 41 rows`, `2 inserted, 1 updated`; empty where nothing was sent. */
  text(timing: boolean, needsRollback = false): string {
    const written = [
      this.inserted > 0 && `${this.inserted} inserted`,
      this.updated > 0 && `${this.updated} updated`,
      this.deleted > 0 && `${this.deleted} deleted`,
    ].filter(Boolean);
    const count = this.statements.length;
    const rows = this.statements.reduce((sum, statement) => sum + statement.rows, 0);
    const parts = [
      this.reconnected && "reconnected after the connection was lost",
      written.length > 0 && written.join(", "),
      // The database has rolled back a failed flush, the session has not yet: "rolled back" would mislead.
      this.rolledBack && !needsRollback && "rolled back",
      count > 0 && pluralize(count, "query", "queries"),
      (count > 0 || timing) &&
        milliseconds(count > 0 && !timing ? this.databaseTime() : performance.now() - this.started),
      written.length === 0 && count > 0 && pluralize(rows, "row"),
    ];
    return parts.filter(Boolean).join(" · ");
  }

  private databaseTime(): number {
    return this.statements.reduce((sum, statement) => sum + statement.milliseconds, 0);
  }
}

/** A duration with at most two significant decimals: `0.4 ms`, `12 ms`, `10.5 s`. */
export function milliseconds(duration: number): string {
  if (duration >= 10_000) return `${(duration / 1_000).toFixed(1)} s`;
  if (duration >= 10) return `${Math.round(duration)} ms`;
  return `${duration.toFixed(1).replace(/\.0$/, "")} ms`;
}
