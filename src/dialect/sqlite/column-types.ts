import { END_OF_YEAR_9999, PLAIN_PLACE, type ColumnTypes } from "../column-types";

const LONG_INTEGERS = new Set(["bigint", "int8", "unsigned big int"]);

function exactInteger(sql: string): string {
  return `CASE WHEN ${sql} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER} THEN ${sql} ELSE CAST(${sql} AS TEXT) END`;
}

const START_OF_YEAR_0 = -62_167_219_200_000;

export const sqliteColumnTypes: ColumnTypes = {
  booleansAreIntegers: true,
  integersHave64Bits: true,
  supportsUnsignedIntegers: true,
  rowNumberType: "integer",
  tinyintTakesBooleans: false,
  longIntegersAreNumbers: true,
  supportsInfinity: true,
  singlePrecision: undefined,
  decimalsAreDoubles: true,
  defaultDecimalPrecision: undefined,
  defaultTimePrecision: 6,
  timesAreDurations: false,
  timeFractions: "given",
  datesAreTexts: true,
  dates: () => ({ digits: 3, earliest: START_OF_YEAR_0, latest: END_OF_YEAR_9999, isLocal: false }),
  charBlanks: "kept",
  textBytes: () => undefined,
  bytes: (_type, length) => ({ limit: length, isFixed: false }),
  bytesTakeTexts: true,
  bitsAreBytes: false,
  // better-sqlite3 returns numbers, so integers that are none of JavaScript's are read as texts.
  select: (type) => (LONG_INTEGERS.has(type) ? exactInteger : undefined),
  place: (type) =>
    type !== undefined && LONG_INTEGERS.has(type) ? { ...PLAIN_PLACE, read: exactInteger } : PLAIN_PLACE,
  // better-sqlite3 does not take booleans.
  bind: (parameter) => (typeof parameter === "boolean" ? Number(parameter) : parameter),
  refusesNul: false,
  json: "text",
};
