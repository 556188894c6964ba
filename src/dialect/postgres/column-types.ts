import type { ColumnTypes } from "../column-types";

/** The range of JavaScript's dates, which PostgreSQL's includes. */
const EVERY_DATE = { earliest: -8.64e15, latest: 8.64e15 };

export const postgresColumnTypes: ColumnTypes = {
  booleansAreIntegers: false,
  integersHave64Bits: false,
  supportsUnsignedIntegers: false,
  tinyintTakesBooleans: false,
  longIntegersAreNumbers: false,
  supportsInfinity: true,
  singlePrecision: { type: "real", digits: "shortest" },
  decimalsAreDoubles: false,
  defaultDecimalPrecision: undefined,
  defaultTimePrecision: 6,
  timesAreDurations: false,
  datesAreTexts: false,
  dates: (type, precision) => ({
    digits: precision ?? 6,
    ...EVERY_DATE,
    isLocal: type === "timestamp without time zone",
  }),
  charBlanks: "padded",
  textBytes: () => undefined,
  bytes: (_type, length) => ({ limit: length, isFixed: false }),
  bytesTakeTexts: false,
  bitsAreBytes: false,
  json: "parsed",
};
