import { END_OF_YEAR_9999, type ColumnTypes } from "../column-types";

const START_OF_YEAR_0 = -62_167_219_200_000;

export const sqliteColumnTypes: ColumnTypes = {
  booleansAreIntegers: true,
  integersHave64Bits: true,
  supportsUnsignedIntegers: true,
  tinyintTakesBooleans: false,
  longIntegersAreNumbers: true,
  supportsInfinity: true,
  singlePrecision: undefined,
  decimalsAreDoubles: true,
  defaultDecimalPrecision: undefined,
  defaultTimePrecision: 6,
  timesAreDurations: false,
  datesAreTexts: true,
  dates: () => ({ digits: 3, earliest: START_OF_YEAR_0, latest: END_OF_YEAR_9999, isLocal: false }),
  charBlanks: "kept",
  textBytes: () => undefined,
  bytes: (_type, length) => ({ limit: length, isFixed: false }),
  bytesTakeTexts: true,
  bitsAreBytes: false,
  json: "text",
};
