import type { Style, Theme } from "../print/theme";

const WORDS = new Set(
  `async await break case catch class const continue default delete do else export extends finally for from function if import in instanceof
  let new of return switch throw try typeof var void while yield null true false undefined this`.split(/\s+/),
);

const TOKEN =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|`(?:\\[^]|[^\\`])*`?|'(?:\\.|[^\\'\n])*'?|"(?:\\.|[^\\"\n])*"?|\b\d[\w.]*|[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;

/** Colours what is being typed. Nothing is added but colours, whatever is typed. */
export function colourInput(text: string, theme: Theme, entities: ReadonlySet<string>): string {
  if (!theme.colours || text.length > 20_000) return text;
  if (/^[.?]/.test(text)) return text.replace(/^[.?]\w*/, (command) => theme.name(command));
  return text.replace(TOKEN, (token) => {
    const style = styleOf(token, theme, entities);
    // A colour ends with its line, so that lines can be drawn one by one.
    return style ? token.split("\n").map(style).join("\n") : token;
  });
}

function styleOf(token: string, theme: Theme, entities: ReadonlySet<string>): Style | undefined {
  if (/^\/[/*]/.test(token)) return theme.quiet;
  if (/^['"`]/.test(token)) return theme.literal;
  if (/^\d/.test(token)) return theme.number;
  if (WORDS.has(token)) return theme.keyword;
  return entities.has(token) ? theme.name : undefined;
}
