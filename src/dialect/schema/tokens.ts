/** The lexical rules of a database for quoted text. */
export interface Quoting {
  /** What opens a quoted identifier, and what closes it. */
  readonly identifiers: Readonly<Record<string, string>>;
  /** What opens, and closes, a string. */
  readonly strings: readonly string[];
  /** Whether a backslash escapes inside strings (MySQL). */
  readonly backslash: boolean;
  /** Whether $tag$ … $tag$ is a string (PostgreSQL). */
  readonly dollar: boolean;
  /** Whether # begins a comment, and what stands in a comment that begins with an exclamation mark is executed (MySQL). */
  readonly hash?: boolean;
}

export const sqliteQuoting: Quoting = {
  identifiers: { '"': '"', "`": "`", "[": "]" },
  strings: ["'"],
  backslash: false,
  dollar: false,
};
export const postgresQuoting: Quoting = { identifiers: { '"': '"' }, strings: ["'"], backslash: false, dollar: true };
export const mysqlQuoting: Quoting = {
  identifiers: { "`": "`" },
  strings: ["'", '"'],
  backslash: true,
  dollar: false,
  hash: true,
};

export interface Token {
  readonly kind: "word" | "identifier" | "string" | "number" | "symbol" | "space" | "comment";
  readonly text: string;
  /** Where it begins in the text. */
  readonly start: number;
}

const WORD = /[\p{L}_\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*/uy;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const SPACE = /\s+/y;
const DOLLAR = /\$(?:[A-Za-z_]\w*)?\$/y;

/** Splits an SQL text into tokens; joined, they are the text, with spaces and comments. */
export function tokenize(text: string, quoting: Quoting = sqliteQuoting): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = next(text, at, quoting);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function next(text: string, at: number, quoting: Quoting): Token {
  const character = text[at]!;
  const take = (kind: Token["kind"], end: number): Token => ({ kind, text: text.slice(at, end), start: at });
  if (text.startsWith("--", at) || (quoting.hash && character === "#")) return take("comment", endOf(text, "\n", at));
  if (text.startsWith("/*", at)) return take("comment", endOf(text, "*/", at + 2));
  const closing = quoting.identifiers[character];
  if (closing) return take("identifier", quotedEnd(text, at, closing, false));
  if (quoting.strings.includes(character)) return take("string", quotedEnd(text, at, character, quoting.backslash));
  if (/[xXbBnNeE]/.test(character) && text[at + 1] === "'")
    return take("string", quotedEnd(text, at + 1, "'", quoting.backslash || /[eE]/.test(character)));
  const dollar = quoting.dollar && match(DOLLAR, text, at);
  if (dollar) return take("string", endOf(text, dollar, at + dollar.length));
  for (const [kind, pattern] of [
    ["space", SPACE],
    ["number", NUMBER],
    ["word", WORD],
  ] as const) {
    const found = match(pattern, text, at);
    if (found) return take(kind, at + found.length);
  }
  return take("symbol", at + 1);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}

/** A doubled closing quote stands for one. */
function quotedEnd(text: string, at: number, closing: string, backslash: boolean): number {
  for (let end = at + 1; end < text.length; end++) {
    if (backslash && text[end] === "\\") end++;
    else if (text[end] === closing && text[end + 1] === closing && closing !== "]") end++;
    else if (text[end] === closing) return end + 1;
  }
  return text.length;
}

export function isTrivia(token: Token): boolean {
  return token.kind === "space" || token.kind === "comment";
}

/** The name that a word or a quoted identifier stands for. */
export function nameIn(text: string): string {
  const closing = sqliteQuoting.identifiers[text[0]!] ?? (text[0] === "'" ? "'" : undefined);
  if (!closing) return text;
  return text.slice(1, -1).replaceAll(closing + closing, closing);
}

/** A normal form of SQL: without spaces, comments, the case of words and unneeded quotes. */
export function normalized(text: string, quoting: Quoting = sqliteQuoting): string {
  return tokenize(text, quoting)
    .filter((token) => !isTrivia(token))
    .map((token) =>
      token.kind === "word" || token.kind === "identifier" ? nameIn(token.text).toLowerCase() : token.text,
    )
    .join(" ");
}

/** The expression without the parentheses that enclose it as a whole. */
export function unwrapped(expression: string, quoting: Quoting = sqliteQuoting): string {
  const trimmed = expression.trim();
  if (!trimmed.startsWith("(")) return trimmed;
  let depth = 0;
  for (const token of tokenize(trimmed, quoting)) {
    if (token.text === "(") depth++;
    if (token.text === ")" && --depth === 0)
      return token.start === trimmed.length - 1 ? unwrapped(trimmed.slice(1, -1), quoting) : trimmed;
  }
  return trimmed;
}

/** The expression with a column renamed; strings and functions of that name do not change. */
export function renamedIn(
  expression: string,
  from: string,
  to: string,
  quote: (name: string) => string,
  quoting: Quoting = sqliteQuoting,
): string {
  return withNames(expression, (name) => (name.toLowerCase() === from.toLowerCase() ? to : undefined), quote, quoting);
}

/** The expression with several columns renamed at once. @param nameFor the new name, undefined to keep the old one */
export function withNames(
  expression: string,
  nameFor: (name: string) => string | undefined,
  quote: (name: string) => string,
  quoting: Quoting = sqliteQuoting,
): string {
  const tokens = tokenize(expression, quoting);
  const names = namesIn(tokens);
  return tokens
    .map((token, at) => {
      if (!names.has(token)) return token.text;
      const name = nameFor(nameIn(token.text));
      if (name === undefined) return token.text;
      const following = tokens.slice(at + 1).find((other) => !isTrivia(other))?.text;
      return following === "(" || following === "." ? token.text : quote(name);
    })
    .join("");
}

/** Words that follow a value. Most may be names without quotes as well: `CASE "a" WHEN 1 THEN end ELSE 0 END`. */
const AFTER_A_VALUE =
  /^(and|or|xor|div|mod|is|isnull|notnull|in|i?like|rlike|glob|match|regexp|similar|between|escape|collate|as|at|when|then|else|end|asc|desc|nulls|filter|over)$/i;

/** Words with which a value begins or after which one comes: no database takes them for a name without quotes. */
const BEFORE_A_VALUE = /^(not|case|when|then|else|and|or|in|is|between|exists|distinct|from|select|where|on|join)$/i;

/** Words that end a value. */
const ENDS_A_VALUE = /^(end|isnull|notnull|asc|desc)$/i;

/**
 * The words and identifiers that may be names of columns. What a word is depends on its place: after a value, `end` ends a
 * CASE; after CAST's AS and after COLLATE there is the name of another thing.
 */
function namesIn(tokens: readonly Token[]): ReadonlySet<Token> {
  const names = new Set<Token>();
  let [isAfterValue, previous] = [false, ""];
  for (const token of tokens) {
    if (isTrivia(token)) continue;
    const { kind, text } = token;
    const isName = kind === "identifier" || kind === "word";
    if (isName && /^(as|collate)$/i.test(previous)) isAfterValue = true;
    else if (kind === "word" && isAfterValue && AFTER_A_VALUE.test(text)) isAfterValue = ENDS_A_VALUE.test(text);
    else if (kind === "word" && isAfterValue && /^not$/i.test(text)) isAfterValue = true;
    else if (kind === "word" && BEFORE_A_VALUE.test(text)) isAfterValue = false;
    else if (isName) {
      names.add(token);
      isAfterValue = true;
    } else isAfterValue = kind !== "symbol" || text === ")" || text === "]";
    previous = kind === "word" ? text : "";
  }
  return names;
}

/** Whether the expression mentions a column of that name. */
export function mentions(expression: string, name: string, quoting: Quoting = sqliteQuoting): boolean {
  return mentionedNames(expression, quoting).has(name.toLowerCase());
}

/** All names and words of an expression, in lower case. */
export function mentionedNames(expression: string, quoting: Quoting): ReadonlySet<string> {
  return new Set([...namesIn(tokenize(expression, quoting))].map(({ text }) => nameIn(text).toLowerCase()));
}
