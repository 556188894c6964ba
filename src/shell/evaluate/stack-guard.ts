/** Nested calls for which there is room at the start of an input. */
const ROOM_AT_START = 256;
/** Nested calls between two measurements. */
const STEP = 32;
/** Arguments that fill as much of the stack as that many calls need, and the report of the error: 64 KB. */
const FILLING: readonly undefined[] = new Array<undefined>(8_000).fill(undefined);

/**
 * Ends a recursion before V8 does: where V8 finds the stack full, the code that would report the error finds it full too. The room is
 * measured by a call with many arguments, which V8 refuses where they do not fit.
 */
export class StackGuard {
  /** Calls of typed functions that are on the stack. */
  private depth = 0;
  /** The depth up to which there is room. */
  private room = ROOM_AT_START;

  /** Begins an input. Calls that Ctrl-C has ended did not leave. */
  begin(): void {
    this.depth = 0;
    this.room = ROOM_AT_START;
  }

  /** @throws RangeError where the stack is almost full */
  enter(): void {
    if (this.depth >= this.room) {
      Reflect.apply(nothing, undefined, FILLING);
      this.room = this.depth + STEP;
    }
    this.depth += 1;
  }

  leave(): void {
    this.depth -= 1;
    // Measured again when the calls are nested deeper again: other code may be in between. Not at every call, which would take time.
    if (this.depth < this.room - 2 * STEP) this.room = Math.max(ROOM_AT_START, this.depth + STEP);
  }
}

function nothing(): void {
  // The call itself is the measurement.
}
