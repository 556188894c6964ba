import { Progress, type ProgressTarget } from "./progress";
import type { ShellEvent } from "../world";

const WRITES = /^\s*(insert|update|delete|replace|merge)\b/i;

/** What is asked of a sitting to tell how far a flush has come. */
export interface WritingTarget extends ProgressTarget {
  readonly unsaved: number;
  readonly echo: boolean;
}

/** Shows how far a flush of many rows has come. */
export class Writing {
  private progress: Progress | undefined;
  private done = 0;

  constructor(private readonly target: WritingTarget) {}

  /** A statement was sent. */
  sent({ sql, rows }: Extract<ShellEvent, { type: "statement" }>): void {
    // With .echo each statement is to be seen.
    if (this.target.manner !== "terminal" || this.target.echo || !WRITES.test(sql)) return;
    // The objects count as unsaved until all of them are written.
    this.progress ??= new Progress(this.target, () => this.target.unsaved);
    this.done += rows;
    this.progress.at(this.done);
  }

  /** The flush has ended, in whichever way. */
  end(): void {
    this.progress?.end();
    this.progress = undefined;
    this.done = 0;
  }
}
