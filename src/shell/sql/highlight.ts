import { styleMatches, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";

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

/** SQL with its keywords, strings and numbers in colours. */
export function highlightSql(sql: EscapedText, style: Style): EscapedText {
  if (!style.enabled) return sql;
  return styleMatches(sql, TOKEN, (token) => {
    if (token.startsWith("'")) return style.string;
    if (token.startsWith("--")) return style.dim;
    if (/^[$?\d]/.test(token)) return style.number;
    return WORDS.has(token.toLowerCase()) ? style.keyword : undefined;
  });
}
