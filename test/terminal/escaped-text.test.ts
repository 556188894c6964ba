import { inspect, stripVTControlCharacters } from "node:util";
import { ansi, escapedOffset, escapeInput, escapeLine, escapeText } from "../../src/terminal/escaped-text";
import { inspectText } from "../../src/terminal/inspect";
import { plain, styleFor } from "../../src/terminal/style";
import { write, writeData } from "../../src/terminal/write";

test.each([
  ["controls", "a\x1b[31mb\x07\x9bc\x7f", "a\\x1b[31mb\\x07\\x9bc\\x7f"],
  ["a carriage return", "paid\rfree", "paid\\rfree"],
  ["bidi overrides", "a\u202eb\u2066c\u200fd", "a\\u202eb\\u2066c\\u200fd"],
  ["zero-width characters", "a\u200bb\ufeffc\u2060d\u00ade", "a\\u200bb\\ufeffc\\u2060d\\xade"],
  ["tag characters", "a\u{e0041}b", "a\\u{e0041}b"],
  ["variation selectors that hide data", "I\ufe0f\ufe0e\u{e0100}", "I\\ufe0f\\ufe0e\\u{e0100}"],
  ["lone surrogates", "\ud800 \udc00", "\\ud800 \\udc00"],
  ["line and paragraph separators", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
  ["a combining mark without a base", "\u0301a", "\\u0301a"],
  ["fillers and noncharacters", "\u3164\uffff", "\\u3164\\uffff"],
])("%s are shown as escapes", (_what, text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

test.each([
  "plain ASCII, é, ñ, 日本語, Ελλάδα",
  "👩‍👩‍👧 👍🏽 ❤️ 1️⃣ 🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "می‌خواهم क्‍ष",
  "葛\u{e0100}",
  "e\u0301",
  "two\nlines\tand a tab",
])("what is shown as itself stays: %j", (text) => {
  expect(escapeText(text)).toBe(text);
});

test("a line has no line ends; an input keeps its cursor", () => {
  expect(escapeLine("a\r\nb\nc\td")).toBe("a↵b↵c→d");
  const typed = "a\x1bb\tc";
  for (let offset = 0; offset <= typed.length; offset += 1)
    expect(escapedOffset(typed, offset)).toBe(escapeInput(typed.slice(0, offset)).length);
});

test("colours of util.inspect cannot be forged by a value", () => {
  const style = styleFor({ isTTY: true }, {});
  const before = { ...inspect.styles };
  const forged = { [inspect.custom]: () => "\x1b[31mforged\x1b[39m" };
  const text = inspectText({ n: 1, forged, error: new Error("\x1b[2J") }, style);
  expect(stripVTControlCharacters(text)).toContain("\\x1b[31mforged");
  expect(text).not.toContain("\x1b[31m");
  expect(text).not.toContain("\x1b[2J");
  expect(text).toContain(style.number(ansi`1`));
  expect(inspect.styles).toEqual(before);
  expect(inspectText({ n: 1 }, plain)).toBe("{ n: 1 }");
});

test("data reaches a pipe unchanged and a terminal escaped; a plain string is a type error", () => {
  const written: string[] = [];
  const stream = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) });
  writeData(stream(false), "\x1b[31m");
  writeData(stream(true), "\x1b[31m");
  write(stream(true), ansi`${escapeText("\x1b")}!`);
  // @ts-expect-error -- not escaped
  write(stream(true), "\x1b");
  // @ts-expect-error -- not escaped
  expect(ansi`${"\x1b"}`).toBe("\x1b");
  expect(written).toEqual(["\x1b[31m", "\\x1b[31m", "\\x1b!", "\x1b"]);
});
