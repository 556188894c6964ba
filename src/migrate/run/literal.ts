import type { Dialect } from "../../dialect/dialect";

/** The statement with its parameters as literals. */
export function withParameters(sql: string, parameters: readonly unknown[] | undefined, dialect: Dialect): string {
  if (!parameters || parameters.length === 0) return sql;
  let next = 0;
  return eachOutsideStrings(sql, (code) =>
    dialect.numbersPlaceholders
      ? code.replace(/\$(\d+)/g, (_, position: string) => literal(parameters[Number(position) - 1], dialect))
      : code.replace(/\?/g, () => literal(parameters[next++], dialect)),
  );
}

/** Changes a statement outside strings, quoted names and comments. */
function eachOutsideStrings(sql: string, change: (code: string) => string): string {
  const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*[\s\S]*?\*\//g;
  let result = "";
  let last = 0;
  for (const match of sql.matchAll(quoted)) {
    result += change(sql.slice(last, match.index)) + match[0];
    last = match.index + match[0].length;
  }
  return result + change(sql.slice(last));
}

/** A value as this database writes it. */
export function literal(value: unknown, dialect: Dialect): string {
  const { literals } = dialect;
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return literals.boolean(value);
  if (value instanceof Uint8Array) return literals.bytes(value);
  if (value instanceof Date) return literals.date(value);
  if (Array.isArray(value) && literals.array) return literals.array(value.map((one) => literal(one, dialect)));
  return literals.text(typeof value === "object" ? JSON.stringify(value) : String(value as string));
}
