import type { Assembled, RowUpdates } from "../row-updates";

const ROWS = '"retort_rows"';

/**
 * `UPDATE user SET name = rows.name FROM (VALUES …) AS rows (id, name) WHERE user.id = rows.id`. The first row of VALUES is empty: it
 * only gives the parameters the types of the columns, without their lengths, so that a value which is too long is refused and not cut.
 */
export function updateRows({ table, key, columns, assignments, rows }: RowUpdates): Assembled {
  const named = [...key.map(({ quoted }) => quoted), ...columns];
  const parameters: unknown[] = [];
  const types = named.map((name) => `(SELECT ${name} FROM ${table} LIMIT 0)`);
  const tuples = rows.map((row) => {
    const places: string[] = [];
    for (const value of row.key) places.push(`$${parameters.push(value)}`);
    for (const value of row.values) places.push(`$${parameters.push(value)}`);
    return `(${places.join(", ")})`;
  });
  const sets = [...columns.map((name) => `${name} = ${ROWS}.${name}`), ...assignments];
  const where = key.map(({ quoted }) => `${table}.${quoted} = ${ROWS}.${quoted}`);
  const values = [`(${types.join(", ")})`, ...tuples].join(", ");
  return {
    sql: `UPDATE ${table} SET ${sets.join(", ")} FROM (VALUES ${values}) AS ${ROWS} (${named.join(", ")}) WHERE ${where.join(" AND ")}`,
    parameters,
  };
}
