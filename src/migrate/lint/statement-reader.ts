import { isTrivia, tokenize, type Quoting, type Token } from "../../dialect/schema/tokens";

/** Reads a statement token by token. */
export class StatementReader {
  readonly quoting: Quoting;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, quoting: Quoting) {
    this.quoting = quoting;
    this.#text = text;
    this.#tokens = tokenize(text, quoting).filter((token) => !isTrivia(token) && token.text !== ";");
  }

  atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  is(word: string): boolean {
    return this.#tokens[this.#at]?.text.toLowerCase() === word;
  }

  isOneOf(...words: string[]): boolean {
    return words.some((word) => this.is(word));
  }

  /** Skips these words if all of them come next. */
  take(...words: string[]): boolean {
    const isNext = words.every((word, index) => this.#tokens[this.#at + index]?.text.toLowerCase() === word);
    if (isNext) this.#at += words.length;
    return isNext;
  }

  /** A name, with its schema when it has one: `public.user`. */
  name(): string {
    const parts = [this.#namePart()];
    while (this.is(".")) {
      this.#at++;
      parts.push(this.#namePart());
    }
    return parts.join(".");
  }

  #namePart(): string {
    const token = this.#tokens[this.#at++];
    if (!token) return "";
    if (token.kind === "string" && token.text.startsWith('"')) return token.text.slice(1, -1).replaceAll('""', '"');
    if (token.kind !== "identifier") return token.text;
    const closing = this.quoting.identifiers[token.text[0]!] ?? '"';
    return token.text.slice(1, -1).replaceAll(closing + closing, closing);
  }

  /** The text between the parentheses that come next. */
  group(): string | undefined {
    if (!this.is("(")) return undefined;
    const first = this.#tokens[this.#at]!;
    for (let depth = 0; !this.atEnd(); this.#at++) {
      const { text, start } = this.#tokens[this.#at]!;
      if (text === "(") depth++;
      if (text === ")" && --depth === 0) {
        this.#at++;
        return this.#text.slice(first.start + 1, start);
      }
    }
    return undefined;
  }

  /** The rest of the text. */
  rest(): string {
    const first = this.#tokens[this.#at];
    const last = this.#tokens.at(-1);
    this.#at = this.#tokens.length;
    return first && last ? this.#text.slice(first.start, last.start + last.text.length) : "";
  }

  /** The rest outside parentheses, in lower case with single spaces. Does not advance. */
  words(): string {
    let depth = 0;
    const words: string[] = [];
    for (const { text, kind } of this.#tokens.slice(this.#at)) {
      if (text === "(") depth++;
      else if (text === ")") depth--;
      else if (depth === 0) words.push(kind === "word" ? text.toLowerCase() : kind === "symbol" ? text : "?");
    }
    return words.join(" ");
  }

  /** Skips to after the next such word outside parentheses; does not advance where there is none. */
  skipTo(word: string): boolean {
    for (let at = this.#at, depth = 0; at < this.#tokens.length; at++) {
      const { text } = this.#tokens[at]!;
      if (text === "(") depth++;
      if (text === ")") depth--;
      if (depth !== 0 || text.toLowerCase() !== word) continue;
      this.#at = at + 1;
      return true;
    }
    return false;
  }

  /** The rest, split at the commas outside parentheses. */
  actions(): string[] {
    return this.#divided(this.#tokens.length);
  }

  /** The same up to a word, which is skipped. */
  until(word: string): string[] {
    for (let at = this.#at, depth = 0; at < this.#tokens.length; at++) {
      const { text } = this.#tokens[at]!;
      if (text === "(") depth++;
      if (text === ")") depth--;
      if (depth === 0 && text.toLowerCase() === word) {
        const parts = this.#divided(at);
        this.#at = at + 1;
        return parts;
      }
    }
    return this.actions();
  }

  /** The results of the work, which is repeated after each comma. */
  list<T>(work: () => T): T[] {
    const all = [work()];
    while (this.take(",")) all.push(work());
    return all;
  }

  #divided(end: number): string[] {
    const parts: string[] = [];
    let [depth, first] = [0, this.#at];
    const cut = (last: number) => {
      if (last < first) return;
      const [from, to] = [this.#tokens[first]!, this.#tokens[last]!];
      parts.push(this.#text.slice(from.start, to.start + to.text.length));
    };
    for (let at = this.#at; at < end; at++) {
      const { text } = this.#tokens[at]!;
      if (text === "(") depth++;
      if (text === ")") depth--;
      if (depth !== 0 || text !== ",") continue;
      cut(at - 1);
      first = at + 1;
    }
    cut(end - 1);
    this.#at = end;
    return parts;
  }
}
