/**
 * How a database and its driver store the types that columns can have, where databases differ. Codecs and the check of
 * values (`metadata/`) ask this instead of asking which database it is.
 */
export interface ColumnTypes {
  /** Booleans are stored as 0 and 1, and read as such. */
  readonly booleansAreIntegers: boolean;
  /** `integer` columns have 64 bits. */
  readonly integersHave64Bits: boolean;
  readonly supportsUnsignedIntegers: boolean;
  /** A primary key of this type alone is the number of the row, which the database makes where none is given. */
  readonly rowNumberType: string | undefined;
  /** `tinyint` columns take true and false. */
  readonly tinyintTakesBooleans: boolean;
  /** The driver reads 64-bit integers as JavaScript numbers, which are not exact beyond 2^53. */
  readonly longIntegersAreNumbers: boolean;
  readonly supportsInfinity: boolean;
  /** The type of four-byte floating-point numbers, and how many of their digits are read; undefined where there is none. */
  readonly singlePrecision: { readonly type: string; readonly digits: "shortest" | 6 } | undefined;
  /** `decimal` columns store floating-point numbers. */
  readonly decimalsAreDoubles: boolean;
  /** Digits of a `decimal` whose column declares none; undefined where it keeps any number of them. */
  readonly defaultDecimalPrecision: number | undefined;
  /** Digits of a second in a `time` column that declares none. */
  readonly defaultTimePrecision: number;
  /** `time` columns store durations (−838 to 838 hours), not times of day. */
  readonly timesAreDurations: boolean;
  /** The digits of a second in a `time` that is read: as given, all that the column keeps, or none that is a zero at the end. */
  readonly timeFractions: "given" | "padded" | "shortest";
  /** Dates with a time are stored as UTC texts, `YYYY-MM-DD HH:MM:SS.mmm`. */
  readonly datesAreTexts: boolean;
  /**
   * What a column of dates with a time keeps.
   * @param type the normalized type
   * @param precision digits of a second that the column declares
   * @param options the DataSource's options
   */
  dates(type: string, precision: number | null | undefined, options: object): DateLimits;
  /** How `char` columns treat blanks at the end: filled up to the length, cut off, or stored like any others. */
  readonly charBlanks: "padded" | "trimmed" | "kept";
  /** The most bytes that a text column without a length holds; undefined where it holds any number. */
  textBytes(type: string): number | undefined;
  /** The bytes that a binary column holds. */
  bytes(type: string, length: number | undefined): ByteLimits;
  /** Binary columns also store texts, and read them as texts. */
  readonly bytesTakeTexts: boolean;
  /** `bit` columns are read and written as bytes. */
  readonly bitsAreBytes: boolean;
  /**
   * How a column is selected where its bare name would lose something: digits, the text of a JSON value, a day that the
   * process's time zone skips.
   * @param type the normalized type
   */
  select(type: string, isArray: boolean): ((sql: string) => string) | undefined;
  /**
   * How the place of a row in an order is read and compared.
   * @param type the normalized type of the column; undefined for an expression
   */
  place(type: string | undefined): PlaceType;
  /**
   * A parameter in the form in which the driver sends it without loss.
   * @param type the normalized type
   */
  bind(parameter: unknown, type: string): unknown;
  /** Texts cannot contain the character NUL. */
  readonly refusesNul: boolean;
  /** What the driver reads from a JSON column: its text, the parsed value, or either, depending on the server. */
  readonly json: "text" | "parsed" | "either";
}

/**
 * How a value of an order is read so that nothing of it is lost, and compared as ORDER BY compares it: JavaScript's dates have fewer
 * digits of a second than columns, and some types sort otherwise than they compare with a parameter.
 */
export interface PlaceType {
  /** The SQL that reads the value. */
  readonly read: (sql: string) => string;
  /** The SQL that the value is compared with. */
  readonly compared: (sql: string) => string;
  /** The SQL of the value that was read, given the placeholder of its parameter. */
  readonly value: (placeholder: string) => string;
}

export interface DateLimits {
  /** Digits of a second that the column keeps. */
  readonly digits: number;
  /** Milliseconds since 1970. */
  readonly earliest: number;
  readonly latest: number;
  /** The column has no time zone, and the driver writes the local time of this process. */
  readonly isLocal: boolean;
}

export interface ByteLimits {
  /** Undefined for any number of bytes. */
  readonly limit: number | undefined;
  /** Every value has exactly `limit` bytes. */
  readonly isFixed: boolean;
}

const same = (sql: string): string => sql;

/** The place of a value that is read and compared as it is. */
export const PLAIN_PLACE: PlaceType = { read: same, compared: same, value: same };

/** 31 December 9999, the last day with a year of four digits. */
export const END_OF_YEAR_9999 = 253_402_300_799_999;
