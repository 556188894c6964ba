/** Where progress is shown. */
export interface ProgressTarget {
  readonly manner: string;
  readonly width: number;
  readonly options: { readonly output: { write(text: string): unknown } };
}

/** Work that takes less shows nothing, in milliseconds. */
const AFTER = 300;
/** Between two drawings, in milliseconds. */
const EVERY = 80;

/** How far long work has come, in one line of a terminal that is taken away at the end; nothing in a pipe. */
export class Progress {
  private readonly started = performance.now();
  private drawn = 0;
  private isShown = false;

  private total: number | undefined;

  /** @param totalOf how much there is to do, where that is known; asked when there is something to show */
  constructor(
    private readonly target: ProgressTarget,
    private readonly totalOf: () => number | undefined,
  ) {}

  at(done: number): void {
    const now = performance.now();
    if (this.target.manner !== "terminal" || now - this.started < AFTER || now - this.drawn < EVERY) return;
    if (!this.isShown) this.total = this.totalOf();
    this.drawn = now;
    this.isShown = true;
    this.target.options.output.write(`\r${this.line(done)}\x1b[K`);
  }

  end(): void {
    if (this.isShown) this.target.options.output.write("\r\x1b[K");
    this.isShown = false;
  }

  private line(done: number): string {
    if (this.total === undefined || this.total === 0) return ` ${done} rows`;
    const part = Math.min(1, done / this.total);
    const width = Math.max(10, Math.min(40, this.target.width - 30));
    const full = Math.round(part * width);
    return ` ${"█".repeat(full)}${"░".repeat(width - full)} ${Math.floor(part * 100)} %  ${done} of ${this.total}`;
  }
}
