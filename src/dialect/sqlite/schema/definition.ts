import { type Token, isTrivia, nameIn, tokenize } from "../../schema/tokens";

/**
 * A parsed CREATE TABLE statement. Rendered again, every character that was not edited is as it was: what was written
 * by hand (comments, COLLATE, ON CONFLICT, STRICT …) stays.
 */
export interface TableDefinition {
  /** From CREATE to the table's name. */
  readonly head: string;
  /** The table's name as it is written. */
  readonly name: string;
  /** Between the name and the first definition: space and the opening parenthesis. */
  readonly opening: string;
  readonly definitions: readonly Definition[];
  /** From the closing parenthesis, with the space before it, to the end: table options. */
  readonly closing: string;
}

export type Definition = ColumnDefinition | ConstraintDefinition;

interface Positioned {
  /** Space and comments before it, after the comma. */
  readonly before: string;
  /** Space and comments after it, before the comma. */
  readonly after: string;
}

export interface ColumnDefinition extends Positioned {
  readonly kind: "column";
  /** As written, quotes included. */
  readonly name: string;
  readonly type: string;
  readonly clauses: readonly Clause[];
  /** The whole definition as written, while nothing in it was changed. */
  readonly text?: string | undefined;
}

export interface ConstraintDefinition extends Positioned {
  readonly kind: "constraint";
  readonly clause: Clause;
}

export type ClauseKind =
  "primaryKey" | "notNull" | "null" | "unique" | "check" | "default" | "collate" | "references" | "generated";

/** One constraint, of a column or of the table. */
export interface Clause {
  readonly kind: ClauseKind;
  /** The name after CONSTRAINT, without quotes. */
  readonly name?: string | undefined;
  /** As written, CONSTRAINT and name included. */
  readonly text: string;
  /** The columns it names: of a table's key, unique or foreign key. */
  readonly columns?: readonly string[] | undefined;
  /** Of check, default and generated: what stands inside the parentheses (or the bare literal). */
  readonly expression?: string | undefined;
  readonly references?: Reference | undefined;
  readonly collation?: string | undefined;
  readonly autoincrement?: boolean | undefined;
  readonly stored?: boolean | undefined;
}

export interface Reference {
  readonly table: string;
  /** Empty where the primary key is meant. */
  readonly columns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly deferrable?: "INITIALLY DEFERRED" | "INITIALLY IMMEDIATE" | undefined;
}

/** Parses a stored CREATE TABLE statement. */
export function parseTable(sql: string): TableDefinition {
  const reader = new Reader(sql);
  reader.expect("CREATE");
  while (!reader.is("TABLE")) reader.take();
  reader.take();
  if (reader.is("IF")) for (const word of ["IF", "NOT", "EXISTS"]) reader.expect(word);
  let nameAt = reader.position;
  reader.take();
  if (reader.is(".")) {
    reader.take();
    nameAt = reader.position;
    reader.take();
  }
  const nameEnd = reader.lastEnd;
  reader.expect("(");
  const opening = sql.slice(nameEnd, reader.lastEnd);
  const definitions: Definition[] = [];
  let from = reader.lastEnd;
  let end: number;
  do {
    const start = reader.position;
    const before = sql.slice(from, start);
    const definition = isConstraint(reader) ? readConstraint(reader) : readColumn(reader);
    end = reader.lastEnd;
    // SQLite accepts table constraints without a comma between them; rendering writes one.
    const comma = reader.is(",");
    const after = comma ? sql.slice(end, reader.position) : "";
    if (comma) reader.take();
    from = comma ? reader.lastEnd : end;
    definitions.push({ ...definition, before, after } as Definition);
  } while (!reader.is(")"));
  return {
    head: sql.slice(0, nameAt),
    name: sql.slice(nameAt, nameEnd),
    opening,
    definitions,
    closing: sql.slice(end),
  };
}

/** The statement of the definition. */
export function renderTable(table: TableDefinition): string {
  const definitions = table.definitions.map(
    (definition, at) =>
      definition.before + renderDefinition(definition) + (at === table.definitions.length - 1 ? "" : definition.after),
  );
  return `${table.head}${table.name}${table.opening}${definitions.join(",")}${table.closing}`;
}

export function renderDefinition(definition: Definition): string {
  if (definition.kind === "constraint") return definition.clause.text;
  if (definition.text !== undefined) return definition.text;
  return [definition.name, definition.type, ...definition.clauses.map(({ text }) => text)].filter(Boolean).join(" ");
}

const TABLE_CONSTRAINTS = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
const COLUMN_CONSTRAINTS = [
  ...["CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES"],
  ...["GENERATED", "AS"],
];

function isConstraint(reader: Reader): boolean {
  return TABLE_CONSTRAINTS.some((word) => reader.is(word));
}

function readColumn(reader: Reader): Omit<ColumnDefinition, keyof Positioned> {
  const start = reader.position;
  const name = reader.take();
  const type = readType(reader);
  const clauses: Clause[] = [];
  while (!reader.is(",") && !reader.is(")")) clauses.push(readClause(reader));
  return { kind: "column", name, type, clauses, text: reader.textFrom(start) };
}

function readType(reader: Reader): string {
  const start = reader.position;
  if (reader.is(",") || reader.is(")") || COLUMN_CONSTRAINTS.some((word) => reader.is(word))) return "";
  while (!reader.is(",") && !reader.is(")") && !COLUMN_CONSTRAINTS.some((word) => reader.is(word))) {
    if (reader.is("(")) reader.takeParentheses();
    else reader.take();
  }
  return reader.textFrom(start);
}

function readConstraint(reader: Reader): Omit<ConstraintDefinition, keyof Positioned> {
  return { kind: "constraint", clause: readClause(reader) };
}

function readClause(reader: Reader): Clause {
  const start = reader.position;
  let name: string | undefined;
  while (reader.is("CONSTRAINT")) {
    reader.take();
    name = nameIn(reader.take());
  }
  const facts = readFacts(reader);
  return { ...facts, name, text: reader.textFrom(start) };
}

function readFacts(reader: Reader): Omit<Clause, "text"> {
  const word = reader.take().toUpperCase();
  switch (word) {
    case "PRIMARY":
      return readPrimaryKey(reader);
    case "UNIQUE": {
      const columns = reader.is("(") ? readNames(reader) : undefined;
      skipConflict(reader);
      return { kind: "unique", columns };
    }
    case "NOT":
      reader.expect("NULL");
      skipConflict(reader);
      return { kind: "notNull" };
    case "NULL":
      skipConflict(reader);
      return { kind: "null" };
    case "CHECK": {
      const expression = reader.takeParentheses();
      skipConflict(reader);
      return { kind: "check", expression };
    }
    case "DEFAULT":
      return { kind: "default", expression: readDefault(reader) };
    case "COLLATE":
      return { kind: "collate", collation: nameIn(reader.take()) };
    case "FOREIGN": {
      reader.expect("KEY");
      const columns = readNames(reader);
      reader.expect("REFERENCES");
      return { kind: "references", columns, references: readReference(reader) };
    }
    case "REFERENCES":
      return { kind: "references", references: readReference(reader) };
    case "GENERATED":
      reader.expect("ALWAYS");
      reader.expect("AS");
      return readGenerated(reader);
    case "AS":
      return readGenerated(reader);
    default:
      throw new SyntaxError(`unexpected ${word} in ${reader.sql}`);
  }
}

function readPrimaryKey(reader: Reader): Omit<Clause, "text"> {
  reader.expect("KEY");
  let columns: string[] | undefined;
  let autoincrement = false;
  if (reader.is("(")) {
    const inside = reader.takeParentheses();
    autoincrement = /\bautoincrement\s*$/i.test(inside);
    columns = names(inside);
  } else if (reader.is("ASC") || reader.is("DESC")) reader.take();
  skipConflict(reader);
  if (reader.is("AUTOINCREMENT")) {
    reader.take();
    autoincrement = true;
  }
  return { kind: "primaryKey", columns, autoincrement };
}

function readDefault(reader: Reader): string {
  if (reader.is("(")) return reader.takeParentheses();
  const start = reader.position;
  if (reader.is("+") || reader.is("-")) reader.take();
  reader.take();
  return reader.textFrom(start);
}

function readGenerated(reader: Reader): Omit<Clause, "text"> {
  const expression = reader.takeParentheses();
  const stored = reader.is("STORED");
  if (stored || reader.is("VIRTUAL")) reader.take();
  return { kind: "generated", expression, stored };
}

function readReference(reader: Reader): Reference {
  const table = nameIn(reader.take());
  const columns = reader.is("(") ? readNames(reader) : [];
  const actions = { DELETE: "NO ACTION", UPDATE: "NO ACTION" };
  let deferrable: Reference["deferrable"];
  for (;;) {
    if (reader.is("ON")) {
      reader.take();
      const event = reader.take().toUpperCase() as keyof typeof actions;
      actions[event] = readAction(reader);
    } else if (reader.is("MATCH")) {
      reader.take();
      reader.take();
    } else if (reader.is("DEFERRABLE") || (reader.is("NOT") && reader.follows("DEFERRABLE"))) {
      const deferred = readDeferrable(reader);
      deferrable = deferred;
    } else break;
  }
  return { table, columns, onDelete: actions.DELETE, onUpdate: actions.UPDATE, deferrable };
}

function readAction(reader: Reader): string {
  const first = reader.take().toUpperCase();
  return first === "SET" || first === "NO" ? `${first} ${reader.take().toUpperCase()}` : first;
}

function readDeferrable(reader: Reader): Reference["deferrable"] {
  const not = reader.is("NOT");
  if (not) reader.take();
  reader.expect("DEFERRABLE");
  let initially: Reference["deferrable"] = "INITIALLY IMMEDIATE";
  if (reader.is("INITIALLY")) {
    reader.take();
    initially = `INITIALLY ${reader.take().toUpperCase()}` as Reference["deferrable"];
  }
  return not ? undefined : initially;
}

function skipConflict(reader: Reader): void {
  if (!reader.is("ON") || !reader.follows("CONFLICT")) return;
  for (let words = 0; words < 3; words++) reader.take();
}

function readNames(reader: Reader): string[] {
  return names(reader.takeParentheses());
}

/**
 * The first name of every item of a list of columns: what follows (COLLATE, DESC) belongs to the key, not to the
 * name.
 */
function names(inside: string): string[] {
  return splitList(inside).map((item) => nameIn(tokenize(item).find((token) => !isTrivia(token))!.text));
}

/** The items of a list, split at its own commas. */
export function splitList(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let item = "";
  for (const token of tokenize(text)) {
    if (token.text === "(") depth++;
    if (token.text === ")") depth--;
    if (token.text === "," && depth === 0) {
      items.push(item.trim());
      item = "";
    } else item += token.text;
  }
  if (item.trim()) items.push(item.trim());
  return items;
}

/** Reads the tokens of a statement one by one, without spaces and comments. */
export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #lastEnd = 0;

  constructor(readonly sql: string) {
    this.#tokens = tokenize(sql).filter((token) => !isTrivia(token));
  }

  /** Where the next token begins. */
  get position(): number {
    return this.#tokens[this.#at]?.start ?? this.sql.length;
  }

  /** Where the token that was taken last ends. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  get ended(): boolean {
    return this.#at >= this.#tokens.length;
  }

  is(text: string): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && token.kind !== "identifier" && token.text.toUpperCase() === text;
  }

  follows(text: string): boolean {
    return this.#tokens[this.#at + 1]?.text.toUpperCase() === text;
  }

  take(): string {
    const token = this.#tokens[this.#at++];
    if (!token) throw new SyntaxError(`unexpected end of ${this.sql}`);
    this.#lastEnd = token.start + token.text.length;
    return token.text;
  }

  expect(text: string): void {
    if (!this.is(text)) throw new SyntaxError(`expected ${text} at ${this.position} of ${this.sql}`);
    this.take();
  }

  /** Reads a pair of parentheses and returns what they enclose. */
  takeParentheses(): string {
    this.expect("(");
    const start = this.lastEnd;
    for (let depth = 1; ;) {
      const text = this.take();
      if (text === "(") depth++;
      if (text === ")" && --depth === 0) return this.sql.slice(start, this.lastEnd - 1).trim();
    }
  }

  textFrom(start: number): string {
    return this.sql.slice(start, this.lastEnd);
  }
}
