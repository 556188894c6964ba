import type { StatementEvent } from "../../dialect/events";
import { Progress, type ProgressTarget } from "./progress";

const WRITES = /^\s*(insert|update|delete|replace|merge)\b/i;

/** The progress of a flush that writes many rows. */
export class FlushProgress {
  private progress: Progress | undefined;
  private rows = 0;

  /** @param unsaved the number of objects that the flush writes; they count as unsaved until all are written */
  constructor(
    private readonly target: ProgressTarget,
    private readonly unsaved: () => number,
  ) {}

  statementSent({ sql, rows }: StatementEvent): void {
    if (!WRITES.test(sql)) return;
    this.progress ??= new Progress(this.target, this.unsaved);
    this.rows += rows;
    this.progress.update(this.rows);
  }

  end(): void {
    this.progress?.end();
    this.progress = undefined;
    this.rows = 0;
  }
}
