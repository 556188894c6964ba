import { isTrivia, tokenize, type Quoting, type Token } from "../../dialect/schema/tokens";

/** What a statement does to tables, as far as rows and keys are concerned. Names are as written, without their quotes. */
export type Effect =
  | { readonly kind: "createTable"; readonly table: string; readonly definition: readonly Part[] }
  | { readonly kind: "dropTable"; readonly table: string }
  | { readonly kind: "renameTable"; readonly table: string; readonly to: string }
  | {
      readonly kind: "addColumn";
      readonly table: string;
      readonly column: string;
      readonly notNull: boolean;
      readonly hasDefault: boolean;
    }
  | { readonly kind: "dropColumn"; readonly table: string; readonly column: string }
  | { readonly kind: "renameColumn"; readonly table: string; readonly column: string; readonly to: string }
  | { readonly kind: "setNotNull"; readonly table: string; readonly column: string }
  /** The column gets another type or another definition: every row is written anew. */
  | { readonly kind: "rewrite"; readonly table: string; readonly column: string }
  | {
      readonly kind: "unique";
      readonly table: string;
      readonly columns: readonly string[];
      readonly where?: string | undefined;
    }
  | { readonly kind: "index"; readonly table: string; readonly blocks: boolean }
  | { readonly kind: "check"; readonly table: string; readonly expression: string }
  | ({ readonly kind: "foreignKey"; readonly table: string } & KeyTarget)
  /** Every row of one table is put into another, column by column. */
  | {
      readonly kind: "copy";
      readonly into: string;
      readonly columns: readonly string[];
      readonly from: string;
      readonly values: readonly string[];
    }
  | { readonly kind: "deleteRows"; readonly table: string; readonly where?: string | undefined }
  /** Rows come, or change in these columns; without columns in any. */
  | { readonly kind: "changeRows"; readonly table: string; readonly columns?: readonly string[] };

/** Which columns point at which. */
export interface KeyTarget {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
}

/** One column or constraint of a CREATE TABLE that the rows must meet. */
export type Part =
  | { readonly kind: "notNull"; readonly column: string }
  | { readonly kind: "unique"; readonly columns: readonly string[] }
  | { readonly kind: "check"; readonly expression: string }
  | ({ readonly kind: "foreignKey" } & KeyTarget);

/** Reads a statement; what it does not know has no effects. */
export function effectsOf(sql: string, quoting: Quoting): Effect[] {
  const reader = new Reader(sql, quoting);
  if (reader.take("create")) return created(reader);
  if (reader.take("drop", "table")) return dropped(reader);
  if (reader.take("alter", "table")) return altered(reader);
  if (reader.take("insert")) return inserted(reader);
  if (reader.take("delete", "from")) {
    const table = reader.name();
    return [{ kind: "deleteRows", table, where: reader.take("where") ? reader.rest() : undefined }];
  }
  if (reader.take("truncate")) {
    reader.take("table");
    reader.take("only");
    return reader.list(() => ({ kind: "deleteRows", table: reader.name() }) as const);
  }
  if (reader.take("update")) return updated(reader);
  if (reader.take("rename", "table")) {
    return reader.list(() => {
      const table = reader.name();
      reader.take("to");
      return { kind: "renameTable", table, to: reader.name() } as const;
    });
  }
  return [];
}

function created(reader: Reader): Effect[] {
  const unique = reader.take("unique");
  if (reader.take("index")) return createdIndex(reader, unique);
  reader.take("temporary");
  reader.take("unlogged");
  if (!reader.take("table")) return [];
  reader.take("if", "not", "exists");
  const table = reader.name();
  const body = reader.group();
  return [{ kind: "createTable", table, definition: body === undefined ? [] : definitionParts(body, reader.quoting) }];
}

function createdIndex(reader: Reader, unique: boolean): Effect[] {
  const concurrently = reader.take("concurrently");
  reader.take("if", "not", "exists");
  if (!reader.is("on")) reader.name();
  reader.take("on");
  reader.take("only");
  const table = reader.name();
  if (reader.take("using")) reader.name();
  const columns = plainColumns(reader.group() ?? "", reader.quoting);
  const where = reader.skipTo("where") ? reader.rest() : undefined;
  const effects: Effect[] = [{ kind: "index", table, blocks: !concurrently }];
  // What is unique over expressions cannot be looked for by the names of columns.
  if (unique && columns) effects.push({ kind: "unique", table, columns, where });
  return effects;
}

function dropped(reader: Reader): Effect[] {
  reader.take("if", "exists");
  return reader.list(() => ({ kind: "dropTable", table: reader.name() }) as const);
}

function altered(reader: Reader): Effect[] {
  reader.take("if", "exists");
  reader.take("only");
  const table = reader.name();
  const effects: Effect[] = [];
  for (const action of reader.actions()) effects.push(...alteredBy(new Reader(action, reader.quoting), table));
  return effects;
}

function alteredBy(reader: Reader, table: string): Effect[] {
  if (reader.take("rename")) return renamed(reader, table);
  if (reader.take("add")) return added(reader, table);
  if (reader.take("drop")) {
    if (
      reader.take("constraint") ||
      reader.take("index") ||
      reader.take("key") ||
      reader.take("primary") ||
      reader.take("foreign") ||
      reader.take("check")
    )
      return [];
    reader.take("column");
    reader.take("if", "exists");
    return [{ kind: "dropColumn", table, column: reader.name() }];
  }
  if (reader.take("alter")) return alteredColumn(reader, table);
  if (reader.take("modify") || reader.is("change")) return redefined(reader, table);
  return [];
}

function renamed(reader: Reader, table: string): Effect[] {
  if (reader.take("constraint") || reader.take("index") || reader.take("key")) return [];
  if (reader.take("to") || reader.take("as")) return [{ kind: "renameTable", table, to: reader.name() }];
  reader.take("column");
  const column = reader.name();
  return reader.take("to") ? [{ kind: "renameColumn", table, column, to: reader.name() }] : [];
}

function added(reader: Reader, table: string): Effect[] {
  const named = reader.take("constraint");
  if (named && !reader.isOneOf("unique", "check", "foreign", "primary", "exclude")) reader.name();
  if (reader.take("primary", "key")) return [];
  if (reader.take("unique")) {
    reader.take("index");
    reader.take("key");
    if (!reader.is("(")) reader.name();
    const columns = plainColumns(reader.group() ?? "", reader.quoting);
    return columns ? [{ kind: "unique", table, columns }] : [];
  }
  if (reader.take("check")) {
    const expression = reader.group() ?? "";
    return reader.take("not", "valid") ? [] : [{ kind: "check", table, expression }];
  }
  if (reader.take("foreign", "key")) return addedKey(reader, table);
  if (reader.isOneOf("index", "key", "fulltext", "spatial")) return [{ kind: "index", table, blocks: true }];
  if (named || reader.isOneOf("exclude", "partition")) return [];
  reader.take("column");
  reader.take("if", "not", "exists");
  const column = reader.name();
  const rest = reader.words();
  return [
    {
      kind: "addColumn",
      table,
      column,
      notNull: has(rest, "not null"),
      hasDefault: / (default|generated|as|auto_increment|serial|bigserial)\b/.test(` ${rest}`),
    },
  ];
}

function addedKey(reader: Reader, table: string): Effect[] {
  if (!reader.is("(")) reader.name();
  const target = keyTarget(reader, plainColumns(reader.group() ?? "", reader.quoting));
  return target && !has(reader.words(), "not valid") ? [{ kind: "foreignKey", table, ...target }] : [];
}

/** What comes after the columns of a foreign key. One that names no columns of the parent points at its primary key, unknown here. */
function keyTarget(reader: Reader, columns: readonly string[] | undefined): KeyTarget | undefined {
  reader.take("references");
  const parent = reader.name();
  const parentColumns = plainColumns(reader.group() ?? "", reader.quoting);
  return columns && parentColumns?.length === columns.length ? { columns, parent, parentColumns } : undefined;
}

/** PostgreSQL's ALTER COLUMN. */
function alteredColumn(reader: Reader, table: string): Effect[] {
  reader.take("column");
  const column = reader.name();
  if (reader.take("set", "not", "null")) return [{ kind: "setNotNull", table, column }];
  if (reader.take("type") || reader.take("set", "data", "type")) return [{ kind: "rewrite", table, column }];
  return [];
}

/** MySQL's MODIFY and CHANGE, which name the whole column. */
function redefined(reader: Reader, table: string): Effect[] {
  const isChange = reader.take("change");
  reader.take("column");
  const column = reader.name();
  const to = isChange ? reader.name() : column;
  const rest = reader.words();
  const effects: Effect[] = [{ kind: "rewrite", table, column }];
  if (has(rest, "not null")) effects.push({ kind: "setNotNull", table, column });
  if (to !== column) effects.push({ kind: "renameColumn", table, column, to });
  return effects;
}

/** `UPDATE t SET a = …, b = … WHERE …`; what is written otherwise may change any column. */
function updated(reader: Reader): Effect[] {
  reader.take("only");
  const table = reader.name();
  if (!reader.take("set")) return [{ kind: "changeRows", table }];
  const columns = reader.until("where").map((assignment) => {
    const one = new Reader(assignment, reader.quoting);
    const column = one.is("(") ? undefined : one.name();
    return one.is("=") ? column : undefined;
  });
  return columns.every((one) => one !== undefined)
    ? [{ kind: "changeRows", table, columns }]
    : [{ kind: "changeRows", table }];
}

function inserted(reader: Reader): Effect[] {
  while (reader.take("or") || reader.take("ignore") || reader.take("replace") || reader.take("into"));
  const into = reader.name();
  const columns = reader.is("(") ? plainColumns(reader.group() ?? "", reader.quoting) : undefined;
  if (!columns || !reader.take("select")) return [{ kind: "changeRows", table: into }];
  const values = reader.until("from");
  const from = reader.name();
  const isWhole = reader.atEnd();
  return isWhole ? [{ kind: "copy", into, columns, from, values }] : [{ kind: "changeRows", table: into }];
}

/** The columns and constraints between the parentheses of a CREATE TABLE. */
function definitionParts(body: string, quoting: Quoting): Part[] {
  return new Reader(body, quoting).actions().flatMap((text) => {
    const reader = new Reader(text, quoting);
    const named = reader.take("constraint");
    if (named) reader.name();
    if (reader.take("primary", "key") || reader.take("exclude")) return [];
    if (reader.take("foreign", "key")) {
      const target = keyTarget(reader, plainColumns(reader.group() ?? "", quoting));
      return target ? [{ kind: "foreignKey", ...target } as const] : [];
    }
    if (reader.take("unique")) {
      const columns = plainColumns(reader.group() ?? "", quoting);
      return columns ? [{ kind: "unique", columns } as const] : [];
    }
    if (reader.take("check")) return [{ kind: "check", expression: reader.group() ?? "" } as const];
    return columnParts(reader);
  });
}

function columnParts(reader: Reader): Part[] {
  const column = reader.name();
  const parts: Part[] = [];
  const rest = reader.words();
  const isGenerated = / (as|generated)\b/.test(` ${rest}`);
  if (has(rest, "not null") && !isGenerated) parts.push({ kind: "notNull", column });
  if (has(rest, "unique")) parts.push({ kind: "unique", columns: [column] });
  if (isGenerated) return parts;
  while (reader.skipTo("check")) parts.push({ kind: "check", expression: reader.group() ?? "" });
  const target = reader.skipTo("references") && keyTarget(reader, [column]);
  if (target) parts.push({ kind: "foreignKey", ...target });
  return parts;
}

function has(words: string, wanted: string): boolean {
  return ` ${words} `.includes(` ${wanted} `);
}

/** The names in a list of columns; undefined where one of them is more than a name. */
function plainColumns(text: string, quoting: Quoting): string[] | undefined {
  const columns = new Reader(text, quoting).actions().map((one) => {
    const reader = new Reader(one, quoting);
    if (reader.is("(") || reader.atEnd()) return undefined;
    const name = reader.name();
    if (reader.is("(")) return undefined;
    return name;
  });
  return columns.every((one) => one !== undefined) ? columns : undefined;
}

/** Reads the words of a statement one after the other. */
class Reader {
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

  /** Goes past these words when all of them come next. */
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

  /** Everything that is left, as it is written. */
  rest(): string {
    const first = this.#tokens[this.#at];
    const last = this.#tokens.at(-1);
    this.#at = this.#tokens.length;
    return first && last ? this.#text.slice(first.start, last.start + last.text.length) : "";
  }

  /** What is left outside of parentheses, in small letters with one blank between. Stays where it is. */
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

  /** Goes past the next such word outside of parentheses; stays where there is none. */
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

  /** The parts of what is left, divided at the commas outside of parentheses. */
  actions(): string[] {
    return this.#divided(this.#tokens.length);
  }

  /** The same up to a word, and goes past it. */
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

  /** What the work reads, again after each comma. */
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
