/**
 * How the values of one column are converted and compared.
 *
 * `raw` is the driver's form; `value` is the entity's; a `snapshot` is stored to detect later whether the value has
 * changed, also in place (a JSON push, `date.setFullYear()`, a byte of a Buffer).
 */
export interface Codec {
  /** Values are immutable and travel as they are, so that a snapshot is the value itself and `===` compares it. */
  readonly plain: boolean;
  /** Raw → value; undefined where they are the same. */
  readonly decode: ((raw: unknown) => unknown) | undefined;
  /** Whether the driver gives numbers, and not texts that hold one. */
  readonly isNumber?: boolean;
  /** How the column is read, where its bare name would lose something of it. */
  readonly select?: (sql: string) => string;
  /** Value → raw; undefined where they are the same. */
  readonly encode: ((value: unknown) => unknown) | undefined;
  /**
   * Value → the value as the column keeps it, where it keeps less: fewer digits of a second, a day without its time.
   * Undefined where the column keeps every value that it takes.
   */
  readonly normalize?: (value: unknown) => unknown;
  /** What to remember of a raw value that was read. */
  freeze(raw: unknown): unknown;
  /** Whether remembering the value is cheaper than remembering the raw one, for those who have both. */
  readonly freezesValues: boolean;
  /** What to remember of a value that was written. */
  freezeValue(value: unknown): unknown;
  /** Whether the value is still what was remembered. */
  same(value: unknown, snapshot: unknown): boolean;
  /** The value that was remembered, as a new object. */
  thaw(snapshot: unknown): unknown;
}
