import { CLEAR_LINE, LINE_START } from "../../terminal/control";
import { ansi, repeat, type EscapedText } from "../../terminal/escaped-text";
import { write, type Stream } from "../../terminal/write";

/** Where progress is drawn; nothing is drawn where the output is not a terminal. */
export interface ProgressTarget {
  readonly progressStream: Stream | undefined;
  readonly width: number;
}

/** Work that takes less shows no progress, in milliseconds. */
const DELAY = 300;
/** Between two redraws, in milliseconds. */
const INTERVAL = 80;

/** A progress bar in one line of the terminal, erased at the end. */
export class Progress {
  private readonly started = performance.now();
  private drawnAt = 0;
  private isDrawn = false;
  private total: number | undefined;

  /** @param totalOf the number of rows, where it is known; called when the bar is first drawn */
  constructor(
    private readonly target: ProgressTarget,
    private readonly totalOf: () => number | undefined,
  ) {}

  /** @param share the part that is done, from 0 to 1, where it is known by other means than a total */
  update(done: number, share?: number): void {
    const stream = this.target.progressStream;
    const now = performance.now();
    if (!stream || now - this.started < DELAY || now - this.drawnAt < INTERVAL) return;
    if (!this.isDrawn) this.total = this.totalOf();
    this.drawnAt = now;
    this.isDrawn = true;
    write(stream, ansi`${LINE_START}${this.line(done, share)}${CLEAR_LINE}`);
  }

  end(): void {
    if (this.isDrawn) write(this.target.progressStream!, ansi`${LINE_START}${CLEAR_LINE}`);
    this.isDrawn = false;
  }

  private line(done: number, share: number | undefined): EscapedText {
    if (share !== undefined) return ansi`${this.bar(share)}  ${done} rows`;
    if (this.total === undefined || this.total === 0) return ansi` ${done} rows`;
    return ansi`${this.bar(Math.min(1, done / this.total))}  ${done} of ${this.total}`;
  }

  private bar(part: number): EscapedText {
    const width = Math.max(10, Math.min(40, this.target.width - 30));
    const full = Math.round(part * width);
    const bar = ansi`${repeat(ansi`█`, full)}${repeat(ansi`░`, width - full)}`;
    return ansi` ${bar} ${Math.floor(part * 100)} %`;
  }
}
