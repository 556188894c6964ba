import type { Assembled, RowUpdates } from "../row-updates";

/** Types whose values CASE compares exactly; it compares a decimal or a date with a text as doubles. */
const COMPARABLE = /^(tinyint|smallint|mediumint|int|bigint|char|varchar|uuid|binary|varbinary)$/;

/**
 * `UPDATE user SET name = CASE id WHEN ? THEN ? … END WHERE id IN (…)`. A join with a derived table would compare texts by two
 * collations, which the server refuses.
 *
 * @returns undefined for a key that CASE does not compare exactly
 */
export function updateRows({ table, key, columns, assignments, rows }: RowUpdates): Assembled | undefined {
  if (!key.every(({ type }) => COMPARABLE.test(type))) return undefined;
  const parameters: unknown[] = [];
  // As a text, a bigint would be compared as a double.
  const keys = rows.map((row) =>
    row.key.map((value, place) => (key[place]!.type === "bigint" ? exactInteger(value) : value)),
  );
  const names = key.map(({ quoted }) => quoted);
  const [only] = names.length === 1 ? names : [];
  const test = only === undefined ? names.map((name) => `${name} = ?`).join(" AND ") : "?";
  const cases = ` WHEN ${test} THEN ?`.repeat(rows.length);
  const sets = columns.map((name, place) => {
    rows.forEach((row, index) => parameters.push(...keys[index]!, exactNumber(row.values[place])));
    return `${name} = CASE${only === undefined ? "" : ` ${only}`}${cases} END`;
  });
  for (const one of keys) parameters.push(...one);
  const left = only ?? `(${names.join(", ")})`;
  const tuple = only === undefined ? `(${names.map(() => "?").join(", ")})` : "?";
  const where = `${left} IN (${rows.map(() => tuple).join(", ")})`;
  return { sql: `UPDATE ${table} SET ${[...sets, ...assignments].join(", ")} WHERE ${where}`, parameters };
}

function exactInteger(key: unknown): unknown {
  return typeof key === "string" ? BigInt(key) : key;
}

/** Decimal literals of one CASE are brought to one scale, which rounds doubles; texts stay as they are. */
function exactNumber(value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? String(value) : value;
}
