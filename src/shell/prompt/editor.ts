import type { Theme } from "../print/theme";
import { Buffer } from "./buffer";
import type { History } from "./history";
import type { Key } from "./keys";
import { Menu, type Completions } from "./menu";
import { View, type Picture, type Screen } from "./view";

export interface EditorOptions {
  readonly screen: Screen;
  readonly history: History;
  readonly theme: Theme;
  prompt(): string;
  colour(text: string): string;
  /** Whether Enter runs the text rather than going on in a new line. */
  isWhole(text: string): boolean;
  complete(text: string, cursor: number): Completions;
  /** Stops the program, as Ctrl-Z does to any other; comes back when it goes on. */
  suspend(): void;
}

interface Search {
  text: string;
  /** Place in the history of what was found; -1 when nothing was. */
  found: number;
  readonly before: string;
}

/** Edits one input of one or several lines, and hands it over when it is entered. */
export class Editor {
  private readonly buffer = new Buffer();
  private readonly view: View;
  private done: ((text: string | undefined) => void) | undefined;
  private prompt = "";
  /** The place in the history that is shown; the length of the history for what is being typed. */
  private place = 0;
  private draft = "";
  private menu: Menu | undefined;
  private search: Search | undefined;
  /** Enter goes on in a new line, Ctrl-D runs: `.editor`. */
  private composing = false;
  private composeNext = false;
  private drawing: NodeJS.Immediate | undefined;

  constructor(readonly options: EditorOptions) {
    this.view = new View(options.screen);
  }

  /** Begins an input; `done` gets its text, or undefined when the prompt is left. */
  begin(done: (text: string | undefined) => void): void {
    this.done = done;
    this.buffer.clear();
    this.place = this.options.history.entries.length;
    this.draft = "";
    this.composing = this.composeNext;
    this.composeNext = false;
    this.prompt = this.options.prompt();
    this.view.forget();
    this.draw();
  }

  /** The next input is composed: several lines, until Ctrl-D. */
  compose(): void {
    this.composeNext = true;
  }

  press(key: Key): void {
    if (!this.done) return;
    if (this.search && this.searching(key)) return this.drawSoon();
    if (this.menu && this.choosing(key)) return this.drawSoon();
    this.menu = undefined;
    if (key.name === "paste") this.buffer.insert(key.text);
    else {
      const action = ACTIONS[key.name];
      if (action) action(this, this.buffer);
      else if (key.text !== "") this.buffer.insert(key.text);
    }
    this.drawSoon();
  }

  // Drawing -------------------------------------------------------------------------------------------------------------

  /** Draws once for all keys that arrived together. */
  drawSoon(): void {
    this.drawing ??= setImmediate(() => {
      this.drawing = undefined;
      this.draw();
    });
  }

  redraw(): void {
    this.view.forget();
    this.draw();
  }

  resized(): void {
    if (!this.done) return;
    this.view.resized();
    this.draw();
  }

  /** Writes something above the input. */
  aside(write: () => void): void {
    if (this.done) this.view.erase();
    write();
    if (this.done) this.draw();
  }

  private draw(): void {
    if (this.done) this.view.draw(this.picture());
  }

  private picture(): Picture {
    const { text, cursor } = this.buffer;
    if (this.search) return this.searchPicture(this.search);
    return {
      prompt: this.prompt,
      continuation: continuationOf(this.prompt),
      text,
      cursor,
      colour: (typed) => this.options.colour(typed),
      suggestion: this.suggestion(),
      below:
        this.menu?.lines(this.view.columns, this.options.theme) ??
        (this.composing ? [this.options.theme.quiet(" Ctrl-D runs it, Ctrl-C drops it")] : []),
    };
  }

  private searchPicture({ text, found }: Search): Picture {
    const entry = this.options.history.entries[found] ?? "";
    const { theme } = this.options;
    return {
      prompt: `${theme.quiet("search")} ${text}${found < 0 && text !== "" ? theme.warning(" (nothing)") : ""} ${theme.quiet("›")} `,
      continuation: "... ",
      text: entry,
      cursor: Math.max(0, entry.indexOf(text)),
      colour: (typed) => this.options.colour(typed),
      suggestion: "",
      below: [],
    };
  }

  /** The rest of what was typed before in these words. */
  private suggestion(): string {
    const { text, atEnd } = this.buffer;
    if (!atEnd || this.menu || !this.options.theme.colours || text.length > 500) return "";
    const rest = this.options.history.beginningWith(text)?.slice(text.length) ?? "";
    return rest.includes("\n") ? "" : rest;
  }

  // Entering ------------------------------------------------------------------------------------------------------------

  enter(): void {
    const { text } = this.buffer;
    if (this.composing || !this.options.isWhole(text)) return this.buffer.insert("\n");
    this.finish(text);
  }

  newLine(): void {
    this.buffer.insert("\n");
  }

  /** Ctrl-C: what is typed is dropped, and stays to be seen. */
  cancel(): void {
    if (this.drawing) clearImmediate(this.drawing);
    this.drawing = undefined;
    this.view.finish(this.picture());
    this.composing = false;
    this.buffer.clear();
    this.place = this.options.history.entries.length;
    this.draw();
  }

  /** Ctrl-D: leaves from an empty line, deletes a letter in another, runs what was composed. */
  leaveOrDelete(): void {
    const { text } = this.buffer;
    if (this.composing) return this.finish(text);
    if (text !== "") return this.buffer.delete();
    this.finish(undefined);
  }

  private finish(text: string | undefined): void {
    const { done } = this;
    if (this.drawing) clearImmediate(this.drawing);
    this.drawing = undefined;
    this.menu = undefined;
    this.view.finish(this.picture());
    this.done = undefined;
    this.composing = false;
    done?.(text);
  }

  clearScreen(): void {
    this.options.screen.write("\x1b[H\x1b[2J");
    this.view.forget();
  }

  // History -------------------------------------------------------------------------------------------------------------

  /** The entry before the one that is shown; of those that begin with what was typed, where something was. */
  older(): void {
    const { entries } = this.options.history;
    if (this.place === entries.length) this.draft = this.buffer.text;
    const place = this.next(-1);
    if (place >= 0) this.show(place);
  }

  newer(): void {
    if (this.place < this.options.history.entries.length) this.show(this.next(1));
  }

  private next(step: 1 | -1): number {
    const { entries } = this.options.history;
    let place = this.place + step;
    while (entries[place] !== undefined && !this.isSought(entries[place]!)) place += step;
    return place;
  }

  private isSought(entry: string): boolean {
    return entry.startsWith(this.draft) && entry !== this.buffer.text;
  }

  private show(place: number): void {
    this.place = place;
    this.buffer.set(this.options.history.entries[place] ?? this.draft);
  }

  /** Takes the faint text; false when there is none. */
  acceptSuggestion(): boolean {
    const rest = this.suggestion();
    if (rest !== "") this.buffer.insert(rest);
    return rest !== "";
  }

  beginSearch(): void {
    this.search = { text: "", found: -1, before: this.buffer.text };
  }

  /** A key while searching; false when the search is over and the key is to be taken as usual. */
  private searching(key: Key): boolean {
    const search = this.search!;
    const { history } = this.options;
    if (key.name === "ctrl-r") search.found = history.find(search.text, search.found < 0 ? undefined : search.found);
    else if (key.name === "backspace") this.searchFor(search.text.slice(0, -1));
    else if (key.name === "ctrl-c" || key.name === "ctrl-g" || key.name === "escape") {
      this.search = undefined;
      this.buffer.set(search.before);
    } else if (key.text !== "") this.searchFor(search.text + key.text);
    else {
      this.search = undefined;
      if (search.found >= 0) this.show(search.found);
      return false;
    }
    return true;
  }

  private searchFor(text: string): void {
    const search = this.search!;
    search.text = text;
    search.found = text === "" ? -1 : this.options.history.find(text);
  }

  // Completing ----------------------------------------------------------------------------------------------------------

  tab(): void {
    const { text, cursor } = this.buffer;
    const line = text.slice(text.lastIndexOf("\n", cursor - 1) + 1, cursor);
    if (line.trim() === "") return this.buffer.insert("  ");
    const completions = this.options.complete(text, cursor);
    const { candidates, start, end } = completions;
    if (candidates.length === 0) return;
    const common = commonStart(candidates.map((candidate) => candidate.text));
    const after = candidates.length === 1 ? (candidates[0]!.after ?? "") : "";
    if (candidates.length === 1 || common.length > end - start) this.buffer.replace(start, end, common + after);
    if (candidates.length > 1)
      this.menu = new Menu({ ...completions, end: start + Math.max(common.length, end - start) });
  }

  /** A key while completions are shown; false when it is to be taken as usual. */
  private choosing(key: Key): boolean {
    const menu = this.menu!;
    if (key.name === "escape") {
      this.menu = undefined;
      return true;
    }
    const step = { tab: 1, down: 1, "shift-tab": -1, up: -1 }[key.name];
    if (step === undefined) return false;
    const { start, end, text } = menu.choose(step);
    this.buffer.replace(start, end, text);
    return true;
  }
}

type Action = (editor: Editor, buffer: Buffer) => void;

/** What keys do; the names are those of ./keys. */
const ACTIONS: Readonly<Record<string, Action>> = {
  return: (editor) => editor.enter(),
  enter: (editor) => editor.enter(),
  "meta-return": (editor) => editor.newLine(),
  "meta-enter": (editor) => editor.newLine(),
  tab: (editor) => editor.tab(),
  "ctrl-c": (editor) => editor.cancel(),
  "ctrl-d": (editor) => editor.leaveOrDelete(),
  "ctrl-l": (editor) => editor.clearScreen(),
  "ctrl-r": (editor) => editor.beginSearch(),
  up: (editor, buffer) => void (buffer.up() || editor.older()),
  down: (editor, buffer) => void (buffer.down() || editor.newer()),
  "ctrl-p": (editor) => editor.older(),
  "ctrl-n": (editor) => editor.newer(),
  left: (_editor, buffer) => buffer.left(),
  "ctrl-b": (_editor, buffer) => buffer.left(),
  right: (editor, buffer) => void (editor.acceptSuggestion() || buffer.right()),
  "ctrl-f": (editor, buffer) => void (editor.acceptSuggestion() || buffer.right()),
  "ctrl-left": (_editor, buffer) => buffer.wordLeft(),
  "meta-left": (_editor, buffer) => buffer.wordLeft(),
  "meta-b": (_editor, buffer) => buffer.wordLeft(),
  "ctrl-right": (_editor, buffer) => buffer.wordRight(),
  "meta-right": (_editor, buffer) => buffer.wordRight(),
  "meta-f": (_editor, buffer) => buffer.wordRight(),
  home: (_editor, buffer) => buffer.lineStart(),
  "ctrl-a": (_editor, buffer) => buffer.lineStart(),
  end: (editor, buffer) => void (editor.acceptSuggestion() || buffer.lineEnd()),
  "ctrl-e": (editor, buffer) => void (editor.acceptSuggestion() || buffer.lineEnd()),
  "ctrl-home": (_editor, buffer) => buffer.start(),
  "ctrl-end": (_editor, buffer) => buffer.end(),
  backspace: (_editor, buffer) => buffer.backspace(),
  "ctrl-h": (_editor, buffer) => buffer.backspace(),
  delete: (_editor, buffer) => buffer.delete(),
  "ctrl-w": (_editor, buffer) => buffer.killToBlank(),
  "meta-backspace": (_editor, buffer) => buffer.killWordLeft(),
  "meta-d": (_editor, buffer) => buffer.killWordRight(),
  "ctrl-k": (_editor, buffer) => buffer.killToEnd(),
  "ctrl-u": (_editor, buffer) => buffer.killToStart(),
  "ctrl-y": (_editor, buffer) => buffer.yank(),
  "ctrl-t": (_editor, buffer) => buffer.transpose(),
  "ctrl-_": (_editor, buffer) => buffer.undo(),
  "ctrl-z": (editor) => editor.options.suspend(),
};

/** As wide as the prompt, so that the lines stand below each other. */
function continuationOf(prompt: string): string {
  const width = prompt.replace(/\x1b\[[0-9;]*m/g, "").length;
  return "... ".padStart(width);
}

function commonStart(texts: readonly string[]): string {
  let common = texts[0] ?? "";
  for (const text of texts) while (!text.startsWith(common)) common = common.slice(0, -1);
  return common;
}
