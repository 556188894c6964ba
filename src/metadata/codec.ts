/**
 * How the values of one column are converted and compared.
 *
 * `raw` is the driver's form; `value` is the entity's; a `snapshot` is stored to detect later whether the value has
 * changed, also in place (a JSON push, `date.setFullYear()`, a byte of a Buffer).
 */
export interface Codec {
  /** Values are immutable and are not converted: the snapshot is the value, compared by `===`. */
  readonly plain: boolean;
  /** Raw → value; undefined where they are the same. */
  readonly decode: ((raw: unknown) => unknown) | undefined;
  /** Whether the driver returns numbers, not texts of numbers. */
  readonly isNumber?: boolean;
  /** The expression that selects the column, where its name alone would lose information. */
  readonly select?: (sql: string) => string;
  /** Value → raw; undefined where they are the same. */
  readonly encode: ((value: unknown) => unknown) | undefined;
  /**
   * Value → the value as the column keeps it, where it keeps less: fewer digits of a second, a day without its time.
   * Undefined where the column keeps every value that it takes.
   */
  readonly normalize?: (value: unknown) => unknown;
  /** The snapshot of a raw value that was read. */
  freeze(raw: unknown): unknown;
  /** Whether a snapshot of the value is cheaper than one of the raw value. */
  readonly freezesValues: boolean;
  /** The snapshot of a value that was written. */
  freezeValue(value: unknown): unknown;
  /** Whether the value is unchanged since the snapshot. */
  same(value: unknown, snapshot: unknown): boolean;
  /** The value of a snapshot, as a new object. */
  thaw(snapshot: unknown): unknown;
}
