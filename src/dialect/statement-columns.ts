/** A quoted or bare name, and a path of names. */
const NAME = '(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\\p{L}_][\\p{L}\\p{N}_$]*)';
const PATH = `${NAME}(?:\\.${NAME})*`;

/** A table that a statement names, and its alias. */
interface NamedTable {
  readonly table: string;
  readonly alias: string;
}

/** A column of a table. */
export interface NamedColumn {
  readonly table: string;
  readonly column: string;
}

/** `"user"` → `user`. */
export function unquoted(name: string): string {
  const quote = name[0];
  return quote === '"' || quote === "`" ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}

/** The tables of a statement of the session or of a query, the one that is written or selected first. */
export function tablesOf(sql: string): NamedTable[] {
  const pattern = new RegExp(
    `\\b(?:INTO|UPDATE|FROM|JOIN)\\s+(?:ONLY\\s+)?(${PATH})(?:\\s+(?:AS\\s+)?("[^"]+"|\`[^\`]+\`))?`,
    "giu",
  );
  return [...sql.matchAll(pattern)].map(([, path, alias]) => {
    const table = unquoted(new RegExp(`${NAME}$`, "u").exec(path!)![0]);
    return { table, alias: alias === undefined ? table : unquoted(alias) };
  });
}

/** The column that each parameter is written to or compared with, by the place of the parameter, where the text shows it. */
export function columnsOfParameters(sql: string): ReadonlyMap<number, NamedColumn> {
  const insert = new RegExp(`^\\s*(?:INSERT|REPLACE)[^(]*?INTO\\s+(${PATH})\\s*\\(([^()]*)\\)\\s*VALUES`, "iu").exec(
    sql,
  );
  if (insert) return ofRows(sql.slice(insert[0].length), insert[2]!, tablesOf(sql)[0]!.table);
  const update = new RegExp(
    `^\\s*UPDATE\\s[^]*?\\sFROM \\(VALUES ([^]*)\\) AS ${NAME} \\(([^()]*)\\) WHERE `,
    "iu",
  ).exec(sql);
  return update ? ofRows(update[1]!, update[2]!, tablesOf(sql)[0]!.table) : ofComparisons(sql);
}

const PLACEHOLDER = /\$(\d+)|\?/y;

/** In VALUES, the place of a parameter in its row is that of its column. */
function ofRows(values: string, list: string, table: string): Map<number, NamedColumn> {
  const columns = list.split(",").map((name) => unquoted(name.trim()));
  const found = new Map<number, NamedColumn>();
  let [depth, place, count] = [0, 0, 0];
  for (let at = 0; at < values.length; at++) {
    const sign = values[at]!;
    if (sign === "'" || sign === '"' || sign === "`") at = endOfQuoted(values, at);
    else if (sign === "(") {
      if (depth++ === 0) place = 0;
    } else if (sign === ")") depth--;
    else if (sign === "," && depth === 1) place++;
    else if (depth > 0 && (sign === "?" || sign === "$")) {
      PLACEHOLDER.lastIndex = at;
      const match = PLACEHOLDER.exec(values);
      if (!match) continue;
      const column = columns[place];
      if (column !== undefined) found.set(match[1] === undefined ? count : Number(match[1]) - 1, { table, column });
      count++;
      at += match[0].length - 1;
    }
  }
  return found;
}

function endOfQuoted(text: string, from: number): number {
  const end = text.indexOf(text[from]!, from + 1);
  return end < 0 ? text.length : end;
}

/** `"user"."age" > ?`, `"age" = ?`, `"age" IN (?, ?)`: the last name before a parameter, with nothing but an operator in between. */
function ofComparisons(sql: string): Map<number, NamedColumn> {
  const tables = tablesOf(sql);
  const found = new Map<number, NamedColumn>();
  let count = 0;
  const pattern = new RegExp(
    `(?:(${NAME})\\.)?("(?:[^"]|"")+"|\`(?:[^\`]|\`\`)+\`)|'(?:[^']|'')*'|\\$(\\d+)|\\?`,
    "gu",
  );
  let last: { named: NamedColumn; end: number } | undefined;
  for (const match of sql.matchAll(pattern)) {
    const [whole, alias, column, number] = match;
    if (column !== undefined) {
      const table = alias === undefined ? tables[0] : tables.find((one) => one.alias === unquoted(alias));
      last = table && { named: { table: table.table, column: unquoted(column) }, end: match.index + whole.length };
    } else if (!whole.startsWith("'")) {
      const place = number === undefined ? count++ : Number(number) - 1;
      if (last && BETWEEN.test(sql.slice(last.end, match.index))) found.set(place, last.named);
    }
  }
  return found;
}

/** What stands between a column and a value that is compared with it, or with which it is set. */
const BETWEEN =
  /^\s*(?:=|<>|!=|<=?|>=?|IS|NOT|I?LIKE|IN|BETWEEN|AND|ANY|@>|<@|&&|[-+*/%]|1\.0|\(|,|\?|\$\d+|::\w+|\s)*$/i;
