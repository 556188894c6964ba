/**
 * Whether a text (a string, a comment, SQL) holds a secret: a password in an address, a value after the name of a secret, a token of a
 * known form. The text is cut into words once, and each is looked at with those beside it.
 * @param isSecret whether a name is that of a secret
 * @param form `code`: text that could not be parsed, in which any quoted text may be the value of a secret that is named
 */
export function holdsSecretText(
  text: string,
  isSecret: (name: string) => boolean,
  form: "text" | "code" = "text",
): boolean {
  if (holdsAddressWithPassword(text) || /-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) return true;
  const tokens = tokensOf(text);
  const isNamed = tokens.some(({ word }, index) => isSecret(word) || isIdentifiedBy(tokens, index));
  // A quoted name is none of the values; in code it is followed by a sign: a password may look like a name ("secret1").
  const isName = ({ word, after }: Token): boolean => isSecret(word) && (form === "text" || after !== "");
  const isQuoted = (token: Token): boolean => token.quote !== "" && !isName(token);
  if (isNamed && tokens.some((token) => isQuoted(token) && (form === "code" || token.quote === "'"))) return true;
  return tokens.some(({ word }, index) => isToken(word) || isValueAfter(tokens, index, isSecret));
}

/** Stands for an expression in the text of a template. */
export const EXPRESSION = "\ufffc";

/** A word, the quotation mark before it, and the sign (`=`, `:`, `--`) that precedes or follows it. */
interface Token {
  readonly word: string;
  readonly quote: string;
  readonly before: string;
  readonly after: string;
}

/** Words of more characters are cut: no secret's form needs more. */
const WORD = /[^\s'"`,;&?(){}[\]<>|=:]+/g;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(WORD)) {
    const end = match.index + match[0].length;
    const before = text[match.index - 1] ?? "";
    // The sign after a name, whatever quotes and few blanks are in between: `"password" : `.
    const after = /^["'`\])]{0,2}\s{0,3}(:=|=|:)/.exec(text.slice(end, end + 8))?.[1] ?? "";
    tokens.push({ word: match[0], quote: /['"`]/.test(before) ? before : "", before, after });
  }
  return tokens;
}

/** `password=…`, `"token": "…"`, `--password …`, `Bearer …`. */
function isValueAfter(tokens: readonly Token[], index: number, isSecret: (name: string) => boolean): boolean {
  const { word, after } = tokens[index]!;
  const next = tokens[index + 1]?.word;
  if (next === undefined) return false;
  if (/^bearer$/i.test(word)) return next.length >= 6;
  if (/^basic$/i.test(word)) return next.length >= 6 && /[\d+/]/.test(next);
  if (!isSecret(word)) return false;
  return (after !== "" && !/^(?:null|undefined|true|false|\$\d+|:\w+)$/i.test(next)) || word.startsWith("-");
}

/** `IDENTIFIED BY '…'` of MySQL and Oracle. */
function isIdentifiedBy(tokens: readonly Token[], index: number): boolean {
  return /^identified$/i.test(tokens[index]!.word) && /^(?:by|with)$/i.test(tokens[index + 1]?.word ?? "");
}

/** Forms of tokens and password hashes that are known by how they begin. */
const TOKEN =
  /^(?:(?:AKIA|ASIA)[A-Z0-9]{12}|gh[pousr]_\w{16}|github_pat_\w|glpat-[\w-]{10}|xox[abeprs]-\w|[rsp]k[-_](?:live|test|proj|ant)[-_]\w|AIza[\w-]{20}|ya29\.|npm_\w{20}|SG\.[\w-]{10}|eyJ[\w-]{8,2000}\.[\w-]{4}|\$(?:2[abxy]?|argon2\w{1,3}|scrypt|pbkdf2[\w-]{0,10}|[156y])\$)/;

function isToken(word: string): boolean {
  return TOKEN.test(word);
}

/** `redis://:word@host`, `postgres://me:word@host/db`. */
function holdsAddressWithPassword(text: string): boolean {
  for (let start = text.indexOf("://"); start >= 0; start = text.indexOf("://", start + 3)) {
    const authority = /^[^\s/?#"'`]*/.exec(text.slice(start + 3, start + 503))![0];
    const at = authority.lastIndexOf("@");
    const colon = authority.indexOf(":");
    if (colon >= 0 && authority.slice(colon + 1, Math.max(at, 0)).replaceAll(EXPRESSION, "") !== "") return true;
  }
  return false;
}
