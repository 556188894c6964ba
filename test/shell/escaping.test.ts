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
