declare const escaped: unique symbol;

/**
 * Text that is safe to write to a terminal: every character of data in it is shown as itself or as a visible escape (`\x1b`,
 * `\u202e`). It is made by {@link escapeText}, {@link escapeLine} and {@link ansi}; a plain string does not fit where it is
 * asked for.
 */
export type EscapedText = string & { readonly [escaped]: true };

/** @internal For text without data: control sequences, styles, the help that commander makes of our own tables. */
export function trusted(text: string): EscapedText {
  return text as EscapedText;
}

export const EMPTY = trusted("");

const PLAIN = /^[\x20-\x7e\n\t]*$/;

/** Scripts whose letters are joined, or kept apart, by the joiners U+200C and U+200D. */
const JOINED_SCRIPTS =
  "Arabic Bengali Devanagari Gujarati Gurmukhi Kannada Khmer Malayalam Mongolian Myanmar Oriya Sinhala Syriac Tamil Telugu"
    .split(" ")
    .map((script) => `\\p{Script=${script}}`)
    .join("");

/** Sequences in which an invisible character belongs to what is seen. */
const VISIBLE_SEQUENCES = [
  // The flags of England, Scotland and Wales: the only sequences of tag characters that are emoji.
  "\\u{1f3f4}\\u{e0067}\\u{e0062}(?:\\u{e0065}\\u{e006e}\\u{e0067}|\\u{e0073}\\u{e0063}\\u{e0074}|\\u{e0077}\\u{e006c}\\u{e0073})\\u{e007f}",
  // An emoji with its variation and skin tone, and those that it is joined to.
  "\\p{Extended_Pictographic}[\\ufe0e\\ufe0f]?\\p{Emoji_Modifier}?(?:\\u200d\\p{Extended_Pictographic}\\ufe0f?\\p{Emoji_Modifier}?)*",
  "[0-9#*]\\ufe0f\\u20e3?",
  // One variant of an ideograph, and Mongolian letter forms.
  "\\p{Unified_Ideograph}[\\ufe00-\\ufe02\\u{e0100}-\\u{e01ef}]",
  "\\p{Script=Mongolian}[\\u180b-\\u180d\\u180f]",
  `(?<=[${JOINED_SCRIPTS}\\p{M}])[\\u200c\\u200d](?=[${JOINED_SCRIPTS}])`,
].join("|");

/**
 * Characters that are not shown as themselves: controls (C0, DEL, C1), line and paragraph separators, format characters (bidi
 * overrides, zero-width and tag characters, soft hyphens, fillers), noncharacters, lone surrogates; and a combining mark that
 * nothing precedes, which would be drawn onto our own text.
 */
const INVISIBLE =
  "\\p{Cc}|\\p{Zl}|\\p{Zp}|\\p{Default_Ignorable_Code_Point}|[\\ufff9-\\ufffb]|\\p{Noncharacter_Code_Point}|\\p{Cs}|(?<![^\\n])\\p{M}";

const TOKEN = new RegExp(`(?<visible>${VISIBLE_SEQUENCES})|(?<crlf>\\r\\n)|(?:${INVISIBLE})`, "gu");

type Groups = { readonly visible?: string; readonly crlf?: string };

/** Text of one or several lines; line ends and tabs stay. */
export function escapeText(text: string): EscapedText {
  if (PLAIN.test(text)) return trusted(text);
  return trusted(text.replace(TOKEN, (match, ...rest) => escapeMatch(match, rest.at(-1) as Groups)));
}

/** Text in one line: a line end becomes `↵`, a tab `→`. */
export function escapeLine(text: string): EscapedText {
  return trusted(escapeText(text).replaceAll("\n", "↵").replaceAll("\t", "→"));
}

/** Text that is being typed; a tab takes two columns. */
export function escapeInput(text: string): EscapedText {
  return trusted(escapeText(text).replaceAll("\t", "  "));
}

/** The offset in {@link escapeInput}'s text of an offset in the text that was typed. */
export function escapedOffset(text: string, offset: number): number {
  let moved = 0;
  for (const { 0: match, index, groups } of text.matchAll(TOKEN)) {
    if (index >= offset) break;
    moved += (match === "\t" ? "  " : escapeMatch(match, groups as Groups)).length - match.length;
  }
  return offset + moved;
}

function escapeMatch(match: string, { visible, crlf }: Groups): string {
  if (visible !== undefined) return visible;
  if (crlf !== undefined) return "\n";
  return match === "\n" || match === "\t" ? match : escapeOf(match.codePointAt(0)!);
}

function escapeOf(codePoint: number): string {
  if (codePoint === 0x0d) return "\\r";
  if (codePoint <= 0xff) return `\\x${codePoint.toString(16).padStart(2, "0")}`;
  if (codePoint <= 0xffff) return `\\u${codePoint.toString(16).padStart(4, "0")}`;
  return `\\u{${codePoint.toString(16)}}`;
}

/** A template whose own text is trusted and whose values are escaped already: ``ansi`${style.bold(title)}  ${count}` ``. */
export function ansi(parts: TemplateStringsArray, ...values: readonly (EscapedText | number)[]): EscapedText {
  return trusted(parts.reduce((text, part, index) => `${text}${String(values[index - 1])}${part}`));
}

/** Several texts, one after the other. */
export function join(texts: readonly EscapedText[], separator: EscapedText = EMPTY): EscapedText {
  return trusted(texts.join(separator));
}

/** The lines of a text. */
export function linesOf(text: EscapedText): EscapedText[] {
  return text.split("\n").map(trusted);
}

export function repeat(text: EscapedText, times: number): EscapedText {
  return trusted(text.repeat(Math.max(0, times)));
}

/** A part of a text without styles. */
export function slice(text: EscapedText, start: number, end?: number): EscapedText {
  return trusted(text.slice(start, end));
}

export function trimEnd(text: EscapedText): EscapedText {
  return trusted(text.trimEnd());
}

/** A text with a style for each match of a pattern. A style ends with its line, so that lines can be written one by one. */
export function styleMatches(
  text: EscapedText,
  pattern: RegExp,
  styleOf: (match: string) => ((text: EscapedText) => EscapedText) | undefined,
): EscapedText {
  return trusted(
    text.replace(pattern, (match) => {
      const style = styleOf(match);
      return style ? linesOf(trusted(match)).map(style).join("\n") : match;
    }),
  );
}

/** A text without its styles. */
export function withoutStyles(text: EscapedText): EscapedText {
  return trusted(text.replace(/\x1b\[[0-9;]*m/g, ""));
}
