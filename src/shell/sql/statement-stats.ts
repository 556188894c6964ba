import { pluralize } from "../../text";
import type { ShellEvent } from "../world";

type Statement = Extract<ShellEvent, { type: "statement" }>;

/** What the database did while one input ran. */
export class StatementSummary {
  readonly statements: Statement[] = [];
  /** Whether it was shown: once for each input. */
  isTold = false;
  private inserted = 0;
  private updated = 0;
  private deleted = 0;
  private rolledBack = false;
  private reconnected = false;
  private readonly started = performance.now();

  take(event: ShellEvent): void {
    if (event.type === "statement") this.statements.push(event);
    else if (event.type === "rollback") this.rolledBack = true;
    else if (event.type === "reconnect") this.reconnected = true;
    else if (event.type === "flush") {
      this.inserted += event.inserted;
      this.updated += event.updated;
      this.deleted += event.deleted;
    }
  }

  /** `3 queries · 12 ms · 41 rows`, `2 inserted, 1 updated`; empty when there is nothing to say. */
  text(timing: boolean, needsRollback = false): string {
    const written = [
      this.inserted > 0 && `${this.inserted} inserted`,
      this.updated > 0 && `${this.updated} updated`,
      this.deleted > 0 && `${this.deleted} deleted`,
    ].filter(Boolean);
    const count = this.statements.length;
    const rows = this.statements.reduce((sum, statement) => sum + statement.rows, 0);
    const parts = [
      this.reconnected && "the connection was lost and taken up again",
      written.length > 0 && written.join(", "),
      // The database has rolled a failed flush back, the session has not: whoever reads "rolled back" would think it is done.
      this.rolledBack && !needsRollback && "rolled back",
      count > 0 && pluralize(count, "query", "queries"),
      (count > 0 || timing) && milliseconds(count > 0 && !timing ? this.spent() : performance.now() - this.started),
      written.length === 0 && count > 0 && pluralize(rows, "row"),
    ];
    return parts.filter(Boolean).join(" · ");
  }

  /** Time the database took. */
  private spent(): number {
    return this.statements.reduce((sum, statement) => sum + statement.milliseconds, 0);
  }
}

/** A duration that can be taken in at a glance. */
export function milliseconds(duration: number): string {
  if (duration >= 10_000) return `${(duration / 1_000).toFixed(1)} s`;
  if (duration >= 10) return `${Math.round(duration)} ms`;
  return `${duration.toFixed(1).replace(/\.0$/, "")} ms`;
}
