import { styleMatches, type EscapedText } from "../../terminal/escaped-text";
import type { Style, TextStyle } from "../../terminal/style";

const KEYWORDS = new Set(
  `async await break case catch class const continue default delete do else export extends finally for from function if import in instanceof
  let new of return switch throw try typeof var void while yield null true false undefined this`.split(/\s+/),
);

const TOKEN =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|`(?:\\[^]|[^\\`])*`?|'(?:\\.|[^\\'\n])*'?|"(?:\\.|[^\\"\n])*"?|\b\d[\w.]*|[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;

/** Longer inputs are not highlighted: they are redrawn with each key. */
const MAX_LENGTH = 20_000;

/** An input with its keywords, literals, comments and entities in colours. Its characters stay the same. */
export function highlightInput(text: EscapedText, style: Style, isEntity: (name: string) => boolean): EscapedText {
  if (!style.enabled || text.length > MAX_LENGTH) return text;
  if (/^[.?]/.test(text)) return styleMatches(text, /^[.?]\w*/g, () => style.accent);
  return styleMatches(text, TOKEN, (token) => styleOf(token, style, isEntity));
}

function styleOf(token: string, style: Style, isEntity: (name: string) => boolean): TextStyle | undefined {
  if (/^\/[/*]/.test(token)) return style.dim;
  if (/^['"`]/.test(token)) return style.string;
  if (/^\d/.test(token)) return style.number;
  if (KEYWORDS.has(token)) return style.keyword;
  return isEntity(token) ? style.accent : undefined;
}
