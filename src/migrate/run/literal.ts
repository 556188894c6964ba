import type { Dialect } from "../../dialect/dialect";

/** The statement with its parameters written into it, for somebody who reads it or runs it by hand. */
export function withParameters(sql: string, parameters: readonly unknown[] | undefined, dialect: Dialect): string {
  if (!parameters || parameters.length === 0) return sql;
  let next = 0;
  return eachOutsideStrings(sql, (code) =>
    dialect.name === "postgres"
      ? code.replace(/\$(\d+)/g, (_, position: string) => literal(parameters[Number(position) - 1], dialect))
      : code.replace(/\?/g, () => literal(parameters[next++], dialect)),
  );
}

/** Changes what is code in a statement, and leaves strings, quoted names and comments. */
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
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return dialect.name === "postgres" ? String(value).toUpperCase() : value ? "1" : "0";
  if (value instanceof Uint8Array) return bytes(value, dialect);
  if (value instanceof Date) return text(date(value, dialect), dialect);
  if (Array.isArray(value) && dialect.name === "postgres")
    return `ARRAY[${value.map((one) => literal(one, dialect)).join(", ")}]`;
  return text(typeof value === "object" ? JSON.stringify(value) : String(value as string), dialect);
}

function bytes(value: Uint8Array, dialect: Dialect): string {
  const hex = Buffer.from(value).toString("hex");
  return dialect.name === "postgres" ? `'\\x${hex}'` : `X'${hex}'`;
}

/** MySQL takes no zone. */
function date(value: Date, dialect: Dialect): string {
  return dialect.name === "mysql" ? value.toISOString().replace("T", " ").replace("Z", "") : value.toISOString();
}

function text(value: string, dialect: Dialect): string {
  const escaped = dialect.name === "mysql" ? value.replaceAll("\\", "\\\\") : value;
  return `'${escaped.replaceAll("'", "''")}'`;
}
