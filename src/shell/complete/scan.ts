/** A bracket that is open at the cursor. */
export interface Frame {
  readonly bracket: "(" | "[" | "{";
  readonly at: number;
}

/** The brackets, strings and comments of unfinished code. */
export interface Scan {
  readonly open: readonly Frame[];
  /** The string or comment that contains the end. */
  readonly inside: { readonly kind: "string" | "comment"; readonly at: number } | undefined;
  /** Offsets of closing brackets and ends of strings, with the offsets of their starts. */
  readonly closed: ReadonlyMap<number, number>;
}

const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Scans a text that may end anywhere. */
export function scan(text: string): Scan {
  const open: Frame[] = [];
  const closed = new Map<number, number>();
  /** Depths of templates whose `${` is open. */
  const templates: number[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    const next = text[at + 1];
    if (character === "/" && (next === "/" || next === "*")) {
      const end = text.indexOf(next === "/" ? "\n" : "*/", at + 2);
      if (end < 0) return { open, inside: { kind: "comment", at }, closed };
      at = end + (next === "/" ? 1 : 2);
    } else if (character === "'" || character === '"') {
      const end = endOfString(text, at);
      if (end < 0) return { open, inside: { kind: "string", at }, closed };
      closed.set(end, at);
      at = end + 1;
    } else if (
      character === "`" ||
      (character === "}" && open.at(-1)?.bracket === "{" && templates.at(-1) === open.length)
    ) {
      const start = character === "`" ? at : templateStart(open, templates);
      const end = endOfTemplate(text, at + 1);
      if (end.kind === "cut") return { open, inside: { kind: "string", at: start }, closed };
      if (end.kind === "hole") {
        open.push({ bracket: "{", at: start });
        templates.push(open.length);
      } else closed.set(end.at, start);
      at = end.at + 1;
    } else if (character === "/" && beginsRegExp(text, at)) {
      const end = endOfRegExp(text, at);
      if (end < 0) return { open, inside: { kind: "string", at }, closed };
      closed.set(end, at);
      at = end + 1;
    } else {
      if (character === "(" || character === "[" || character === "{") open.push({ bracket: character, at });
      else if (OPENING[character] && open.at(-1)?.bracket === OPENING[character]) closed.set(at, open.pop()!.at);
      at += 1;
    }
  }
  return { open, inside: undefined, closed };
}

function templateStart(open: Frame[], templates: number[]): number {
  templates.pop();
  return open.pop()!.at;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === text[start]) return at;
    else if (text[at] === "\n") return -1;
  }
  return -1;
}

function endOfTemplate(text: string, from: number): { kind: "end" | "hole" | "cut"; at: number } {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") return { kind: "end", at };
    else if (text[at] === "$" && text[at + 1] === "{") return { kind: "hole", at: at + 1 };
  }
  return { kind: "cut", at: text.length };
}

/** A slash after a value is a division; elsewhere it starts a regular expression. */
function beginsRegExp(text: string, at: number): boolean {
  const before = text.slice(0, at).trimEnd();
  return before === "" || /(?:[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of))$/.test(before);
}

function endOfRegExp(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
    else if (text[at] === "/" && !inClass) return at;
  }
  return -1;
}

/** The start of the chain of names, calls and indexes that ends at `end`: `User.query.filterBy({ … })`. */
export function chainStart(text: string, end: number, { closed }: Scan): number {
  let at = end;
  for (;;) {
    const blank = skipBlanksBack(text, at);
    const last = text[blank - 1];
    if (last === undefined) return at;
    const start = closed.get(blank - 1);
    if (start !== undefined) {
      at = start;
      // A call, an index, or a group of its own.
      if (last === ")" || last === "]") {
        const before = skipBlanksBack(text, at);
        if (closed.has(before - 1) || /[\p{ID_Continue}$]/u.test(text[before - 1] ?? "")) continue;
      }
    } else if (/[\p{ID_Continue}$]/u.test(last)) {
      at = blank - /[\p{ID_Continue}$]+$/u.exec(text.slice(0, blank))![0].length;
    } else return at;
    const before = skipBlanksBack(text, at);
    if (text[before - 1] !== ".") return withKeyword(text, at);
    at = text[before - 2] === "?" ? before - 2 : before - 1;
  }
}

function skipBlanksBack(text: string, from: number): number {
  let at = from;
  while (at > 0 && /\s/.test(text[at - 1]!)) at -= 1;
  return at;
}

/** `new User()` starts at its `new`. */
function withKeyword(text: string, at: number): number {
  const match = /\b(?:new|await)\s+$/.exec(text.slice(0, at));
  return match ? match.index : at;
}
