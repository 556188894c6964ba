import { END_OF_YEAR_9999, type ColumnTypes } from "../column-types";

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
  bind: (parameter) => parameter,
  refusesNul: false,
  json: "either",
};
