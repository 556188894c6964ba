/** Types of dates with a time. */
export const DATE_TYPES = new Set<unknown>([
  Date,
  "datetime",
  "datetime2",
  "timestamp",
  "timestamptz",
  "timestamp with time zone",
  "timestamp without time zone",
  "timestamp with local time zone",
]);

export const JSON_TYPES = new Set<unknown>(["json", "jsonb", "simple-json"]);

/** Numbers that may have more digits than JavaScript's: drivers give them as texts. */
export const LONG_INTEGER_TYPES = new Set<unknown>(["bigint", "int8", "unsigned big int"]);
export const DECIMAL_TYPES = new Set<unknown>(["decimal", "numeric", "dec", "fixed"]);
