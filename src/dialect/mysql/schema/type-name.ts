/** The width that MariaDB gives an integer: signed, unsigned. */
const WIDTHS: Readonly<Record<string, readonly [number, number]>> = {
  tinyint: [4, 3],
  smallint: [6, 5],
  mediumint: [9, 8],
  int: [11, 10],
  bigint: [20, 20],
};

const SYNONYMS: Readonly<Record<string, string>> = {
  integer: "int",
  "double precision": "double",
  real: "double",
  dec: "decimal",
  numeric: "decimal",
  fixed: "decimal",
  bool: "tinyint(1)",
  boolean: "tinyint(1)",
  nchar: "char",
  "national char": "char",
  nvarchar: "varchar",
  "national varchar": "varchar",
  geomcollection: "geometrycollection",
};

/** What a type without a length has. */
const DEFAULTS: Readonly<Record<string, string>> = {
  bit: "(1)",
  char: "(1)",
  binary: "(1)",
  decimal: "(10,0)",
};

/** The type as information_schema prints it. */
export function typeName(type: string, isMariaDb: boolean): string {
  const [, name, given = "", rest = ""] =
    /^([a-z]\w*(?: (?:precision|char|varchar))?)\s*(\(.*\))?(.*)$/is.exec(type) ?? [];
  if (name === undefined) return type;
  const base = SYNONYMS[name.toLowerCase()] ?? name.toLowerCase();
  const traits = rest.toLowerCase().trim().split(/\s+/).filter(Boolean);
  // A number that is filled with zeros is unsigned.
  if (traits.includes("zerofill") && !traits.includes("unsigned")) traits.unshift("unsigned");
  return [base + argumentsOf(base, given, traits, isMariaDb), ...traits].join(" ");
}

function argumentsOf(base: string, given: string, traits: readonly string[], isMariaDb: boolean): string {
  if (base === "set" || base === "enum") return given.replace(/(')\s*,\s*(?=')/g, "$1,");
  const text = given.replace(/\s+/g, "");
  if (base in WIDTHS) return integerWidth(base, text, traits, isMariaDb);
  if (base === "year") return isMariaDb ? text || "(4)" : "";
  if (/^(datetime|timestamp|time)$/.test(base)) return text === "(0)" ? "" : text;
  if (base === "decimal" && /^\(\d+\)$/.test(text)) return text.replace(")", ",0)");
  if (base === "float" && /^\(\d+\)$/.test(text)) return "";
  return text || (DEFAULTS[base] ?? "");
}

function integerWidth(base: string, given: string, traits: readonly string[], isMariaDb: boolean): string {
  if (!isMariaDb && !traits.includes("zerofill")) return base === "tinyint" && given === "(1)" ? given : "";
  return given || `(${WIDTHS[base]![traits.includes("unsigned") ? 1 : 0]})`;
}
