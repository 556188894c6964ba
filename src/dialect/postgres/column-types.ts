import { PLAIN_PLACE, type ColumnTypes, type PlaceType } from "../column-types";

/** The range of JavaScript's dates, which PostgreSQL's includes. */
const EVERY_DATE = { earliest: -8.64e15, latest: 8.64e15 };

/** Its text keeps all of a value, and a parameter takes the type of what it is compared with. */
const TEXT_PLACE: PlaceType = { ...PLAIN_PLACE, read: (sql) => `(${sql})::text` };

export const postgresColumnTypes: ColumnTypes = {
  booleansAreIntegers: false,
  integersHave64Bits: false,
  supportsUnsignedIntegers: false,
  rowNumberType: undefined,
  tinyintTakesBooleans: false,
  longIntegersAreNumbers: false,
  supportsInfinity: true,
  singlePrecision: { type: "real", digits: "shortest" },
  decimalsAreDoubles: false,
  defaultDecimalPrecision: undefined,
  defaultTimePrecision: 6,
  timesAreDurations: false,
  timeFractions: "shortest",
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
  select(type, isArray) {
    // PostGIS; TypeORM reads them as GeoJSON.
    if (type === "geometry" || type === "geography") return (sql) => `ST_AsGeoJSON(${sql})::json`;
    return type === "date" ? (sql) => `${sql}::text${isArray ? "[]" : ""}` : undefined;
  },
  place: () => TEXT_PLACE,
  bind: (parameter, type) => (type === "timestamp with time zone" ? withUtcTexts(parameter) : parameter),
  refusesNul: true,
  json: "parsed",
};

/** pg writes the offset of local time in minutes, and before standard time offsets have seconds. */
function withUtcTexts(parameter: unknown): unknown {
  if (Array.isArray(parameter)) return parameter.map(withUtcTexts);
  if (!(parameter instanceof Date) || Number.isNaN(parameter.getTime())) return parameter;
  const year = parameter.getUTCFullYear();
  const digits = String(year > 0 ? year : 1 - year).padStart(4, "0");
  const rest = parameter.toISOString().replace(/^[+-]?\d+/, "");
  return `${digits}${rest}${year > 0 ? "" : " BC"}`;
}
