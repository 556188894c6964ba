import type { BatchEvent } from "../../dialect/events";
import { pluralize } from "../../text";
import { Progress, type ProgressTarget } from "./progress";

/** The progress of `query.inBatches(n)`. */
export class BatchProgress {
  private progress: Progress | undefined;
  private last: BatchEvent | undefined;

  constructor(private readonly target: ProgressTarget) {}

  /** Whether batches are being processed, whose statements are no flush. */
  get isRunning(): boolean {
    return this.progress !== undefined;
  }

  batchEnded(event: BatchEvent): void {
    // Before the first batch has ended nothing can be shown, and the delay begins with it.
    this.progress ??= new Progress(this.target, () => undefined);
    this.last = event;
    this.progress.update(event.rows, event.share);
    if (event.share === 1) this.end();
  }

  /** What interrupted batches have written; undefined where none were interrupted. */
  get written(): string | undefined {
    if (!this.last || this.last.operation === "read" || this.last.share === 1) return undefined;
    const { rows, operation, isCommitted } = this.last;
    const done = operation === "update" ? "updated" : "deleted";
    return `${pluralize(rows, "row")} ${done} before, ${isCommitted ? "and committed" : "in the open transaction"}`;
  }

  end(): void {
    this.progress?.end();
    this.progress = undefined;
  }

  /** Forgets what earlier inputs have done. */
  begin(): void {
    this.end();
    this.last = undefined;
  }
}
