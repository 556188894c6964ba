import type { Theme } from "../print/theme";

const WORDS = new Set(
  `add all alter analyze and as asc autoincrement begin between by cascade case check collate column commit conflict constraint create cross
  current_date current_timestamp database default deferrable delete desc distinct do drop else end escape except exists explain false
  for foreign from full group having if ilike in index inner insert intersect into is isnull join key left like limit natural not
  notnull null nulls of offset on or order outer partition plan pragma primary query recursive references release returning right rollback row
  savepoint schema select set show table temporary then to transaction trigger true union unique update using values view when where
  window with`
    .split(/\s+/)
    .map((word) => word.toLowerCase()),
);

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\$\d+|\?|\b\d+(?:\.\d+)?\b|\b[A-Za-z_]+\b/g;

/** SQL with its words, texts and numbers in colours. */
export function highlightSql(sql: string, theme: Theme): string {
  if (!theme.colours) return sql;
  return sql.replace(TOKEN, (token) => {
    if (token.startsWith("'")) return theme.literal(token);
    if (token.startsWith("--")) return theme.quiet(token);
    if (/^[$?\d]/.test(token)) return theme.number(token);
    return WORDS.has(token.toLowerCase()) ? theme.keyword(token) : token;
  });
}
