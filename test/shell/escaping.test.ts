import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { greeting } from "../../src/shell/prompt/greeting";
import { openRepl, type TestRepl } from "../helpers/repl";

/** Clears the screen, overrides the direction of text, and sets the title of the window. */
const HOSTILE = "\x1b[2J\u202eevil\x9b0m\x1b]0;title\x07";
const RAW = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/;

@Entity({ name: "guest\x1b[31m" })
class Guest {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column({ type: "varchar", comment: HOSTILE })
  name!: string;
  @Column("varchar", { name: "nick\u202e", nullable: true })
  nick!: string | null;
  toString(): string {
    return `Guest ${this.name}`;
  }
}

let opened: TestRepl;
afterEach(() => opened.close());

test("shell 20: whatever is printed at a terminal, data in it is escaped", async () => {
  opened = await openRepl({ entities: [Guest], verbose: true, settings: { names: { HOSTILE } } });
  const inputs = [
    "g = Guest(name=HOSTILE, nick=HOSTILE); db.session.add(g)",
    ".diff",
    "db.session.commit()",
    "g",
    "g.name",
    "Guest.query.all()",
    "print(g, HOSTILE, [HOSTILE], { a: HOSTILE })",
    "({ [HOSTILE]: 1, e: new Error(HOSTILE), [Symbol.toStringTag]: HOSTILE })",
    "new (class { [Symbol.for('nodejs.util.inspect.custom')]() { return HOSTILE } })()",
    "Object.defineProperty(() => 1, 'name', { value: HOSTILE })",
    "throw new Error(HOSTILE)",
    "throw HOSTILE",
    "Guest.query.filterBy(name=HOSTILE).toSQL()",
    ".echo on",
    "Guest.query.filterBy(nick=HOSTILE).count()",
    ".echo off",
    ".sql",
    ".explain Guest.query.filterBy(name=HOSTILE)",
    "Guest",
    "db",
    "?Guest",
    ".entities",
    `.help ${HOSTILE}`,
    `.${HOSTILE}`,
    `.load ${HOSTILE}`,
    ".history",
    ".format json",
    "g",
    ".format csv",
    "g",
  ];
  for (const input of inputs) {
    const printed = (await opened.type(input)).join("\n").replaceAll("\r\x1b[K", "");
    expect([input, RAW.exec(printed)?.[0]]).toEqual([input, undefined]);
  }
  expect((await greeting(opened.repl)).join("\n")).not.toMatch(RAW);
});

test("shell 20: in a pipe JSON, CSV and what is printed are data and stay as they are", async () => {
  opened = await openRepl({ entities: [Guest], mode: "pipe", format: "csv", settings: { names: { HOSTILE } } });
  expect((await opened.type("HOSTILE")).join("")).toBe(HOSTILE);
  expect((await opened.type("print(HOSTILE)"))[0]).toBe(HOSTILE);
});

/** What moves the cursor, ends a line, or changes the direction of text; a line end and a tab are shown as such. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Sequences of terminals: clipboard, title, colours, cursor, 8-bit forms, device queries, keyboard strings. */
const SEQUENCES = [
  "\x1b]52;c;QUJD\x07",
  "\x1b]0;title\x1b\\",
  "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
  "\x1b[31;7m",
  "\x1b[2J\x1b[H",
  "\x1b[6n\x1bZ\x05",
  '\x1bP$q"p\x1b\\',
  "\x9d52;c;QUJD\x9c",
  "\x9b2J",
  "\r\x1b[Kline",
  "\x1b[?1049h\x1bc",
  "\b\b\b",
  "\x0e\x0f",
];

test("shell 20: every character, and sequences that steer a terminal, are escaped wherever they are printed", async () => {
  const every = String.fromCharCode(
    ...Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => code !== 0x0a),
  );
  const unusual = every.replace(/[\p{L}\p{N}\p{P}\p{S}]+/gu, "");
  const texts = [...SEQUENCES, ...(unusual.match(/[^]{1,300}/g) ?? [])];
  opened = await openRepl({ entities: [Guest], settings: { names: { texts, every } } });
  const { type } = opened;
  const check = (where: string, lines: readonly string[]): void =>
    expect([where, CONTROLS.exec(lines.join("\n").replaceAll("\r\x1b[K", ""))?.[0]]).toEqual([where, undefined]);
  check("print", await type("print(every)"));
  check("a value", await type("every"));
  check("a list", await type("texts"));
  await type("guests = texts.map(name => Guest({ name }))");
  check("a table", await type("guests"));
  for (const index of texts.keys()) {
    check("a title", await type(`guests[${index}]`));
    check("an error", await type(`throw new Error(texts[${index}])`));
    check("something thrown", await type(`throw texts[${index}]`));
    check("an input", await type(`x = ${JSON.stringify(texts[index])}; x(`));
  }
}, 60_000);
