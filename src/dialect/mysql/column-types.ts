import { END_OF_YEAR_9999, PLAIN_PLACE, type ColumnTypes, type PlaceType } from "../column-types";

/** MySQL supports `datetime` from the year 1000 on. */
const FROM_YEAR_1000 = { earliest: -30_610_224_000_000, latest: END_OF_YEAR_9999 };
/** A `timestamp` has four bytes of seconds. https://dev.mysql.com/doc/refman/8.4/en/datetime.html */
const FOUR_BYTES_OF_SECONDS = { earliest: 1_000, latest: 2_147_483_647_999 };

/** The size of types that MySQL limits in bytes. */
const BYTES: Readonly<Record<string, number>> = {
  tinytext: 0xff,
  text: 0xffff,
  mediumtext: 0xffffff,
  tinyblob: 0xff,
  blob: 0xffff,
  mediumblob: 0xffffff,
  varbinary: 255,
};

/** TypeORM reads them as texts (WKT). */
const SPATIAL_TYPES = new Set([
  ...["geometry", "point", "linestring", "polygon"],
  ...["multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"],
]);

/** The driver's dates have fewer digits of a second than columns. */
const TEXT_PLACE: PlaceType = { ...PLAIN_PLACE, read: (sql) => `CAST(${sql} AS CHAR)` };
/** It prints six digits of a `float`, and compares all of them. */
const DOUBLE_PLACE: PlaceType = { ...PLAIN_PLACE, read: (sql) => `CAST(${sql} AS DOUBLE)` };
/** They sort by their numbers, and compare with a text by their texts. */
const NUMBER_PLACE: PlaceType = {
  ...PLAIN_PLACE,
  read: (sql) => `CAST(${sql} + 0 AS CHAR)`,
  compared: (sql) => `(${sql} + 0)`,
  value: (placeholder) => `(${placeholder} + 0)`,
};
/** A decimal and a text are compared as floating-point numbers. */
const DECIMAL_PLACE: PlaceType = { ...TEXT_PLACE, value: (placeholder) => `CAST(${placeholder} AS DECIMAL(65, 30))` };
const BYTES_PLACE: PlaceType = {
  ...PLAIN_PLACE,
  read: (sql) => `HEX(${sql})`,
  value: (placeholder) => `UNHEX(${placeholder})`,
};

const PLACES: Readonly<Record<string, PlaceType>> = {
  float: DOUBLE_PLACE,
  enum: NUMBER_PLACE,
  set: NUMBER_PLACE,
  bit: NUMBER_PLACE,
  decimal: DECIMAL_PLACE,
  binary: BYTES_PLACE,
  varbinary: BYTES_PLACE,
  tinyblob: BYTES_PLACE,
  blob: BYTES_PLACE,
  mediumblob: BYTES_PLACE,
  longblob: BYTES_PLACE,
};

export const mysqlColumnTypes: ColumnTypes = {
  booleansAreIntegers: false,
  integersHave64Bits: false,
  supportsUnsignedIntegers: true,
  rowNumberType: undefined,
  tinyintTakesBooleans: true,
  longIntegersAreNumbers: false,
  supportsInfinity: false,
  singlePrecision: { type: "float", digits: 6 },
  decimalsAreDoubles: false,
  defaultDecimalPrecision: 10,
  defaultTimePrecision: 0,
  timesAreDurations: true,
  timeFractions: "padded",
  datesAreTexts: false,
  dates(type, precision, options) {
    const { timezone = "local" } = options as { timezone?: string };
    const range = type === "timestamp" ? FOUR_BYTES_OF_SECONDS : FROM_YEAR_1000;
    return { digits: precision ?? 0, ...range, isLocal: timezone === "local" };
  },
  charBlanks: "trimmed",
  textBytes: (type) => BYTES[type],
  bytes: (type, length) =>
    type === "binary" ? { limit: length ?? 1, isFixed: true } : { limit: length ?? BYTES[type], isFixed: false },
  bytesTakeTexts: false,
  bitsAreBytes: true,
  select(type) {
    if (SPATIAL_TYPES.has(type)) return (sql) => `ST_AsText(${sql})`;
    return type === "date" || type === "json" ? (sql) => `CAST(${sql} AS CHAR)` : undefined;
  },
  place: (type) => (type === undefined ? undefined : PLACES[type]) ?? TEXT_PLACE,
  bind: (parameter) => parameter,
  refusesNul: false,
  json: "either",
};
