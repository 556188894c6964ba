import { CLEAR_SCREEN } from "../../terminal/control";
import {
  ansi,
  EMPTY,
  escapedOffset,
  escapeInput,
  escapeLine,
  withoutStyles,
  type EscapedText,
} from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";
import { write } from "../../terminal/write";
import type { Completions } from "../complete/completions";
import { Buffer } from "./buffer";
import type { History } from "./history";
import type { Key } from "./keys";
import { Menu } from "./menu";
import { View, type Frame, type Screen } from "./view";

export interface EditorOptions {
  readonly screen: Screen;
  readonly history: History;
  readonly style: Style;
  prompt(): EscapedText;
  highlight(text: EscapedText): EscapedText;
  /** Whether Enter runs the text; it inserts a line break otherwise. */
  isComplete(text: string): boolean;
  complete(text: string, cursor: number): Completions;
  /** Stops the process, as Ctrl-Z does; returns when it continues. */
  suspend(): void;
}

interface Search {
  text: string;
  /** Index in the history; -1 where nothing was found. */
  found: number;
  readonly before: string;
}

/** Edits an input of one or several lines. */
export class Editor {
  private readonly buffer = new Buffer();
  private readonly view: View;
  private done: ((text: string | undefined) => void) | undefined;
  private prompt = EMPTY;
  /** The entry of the history that is shown; the length of the history for the input itself. */
  private historyIndex = 0;
  private draft = "";
  private menu: Menu | undefined;
  private search: Search | undefined;
  /** Enter inserts a line break, Ctrl-D runs: `.editor`. */
  private isComposing = false;
  private drawing: NodeJS.Immediate | undefined;

  constructor(readonly options: EditorOptions) {
    this.view = new View(options.screen);
  }

  /** Begins an input; `done` gets its text, or undefined for Ctrl-D. */
  begin(done: (text: string | undefined) => void, isComposing: boolean): void {
    this.done = done;
    this.buffer.clear();
    this.historyIndex = this.options.history.entries.length;
    this.draft = "";
    this.isComposing = isComposing;
    this.prompt = this.options.prompt();
    this.view.forget();
    this.draw();
  }

  press(key: Key): void {
    if (!this.done) return;
    if (this.search && this.pressInSearch(key)) return this.drawSoon();
    if (this.menu && this.pressInMenu(key)) return this.drawSoon();
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

  /** Prints something above the input. */
  writeAbove(print: () => void): void {
    if (this.done) this.view.erase();
    print();
    if (this.done) this.draw();
  }

  private draw(): void {
    if (this.done) this.view.draw(this.frame());
  }

  private frame(): Frame {
    const { text, cursor } = this.buffer;
    if (this.search) return this.searchFrame(this.search);
    return {
      prompt: this.prompt,
      continuation: continuationOf(this.prompt),
      text: escapeInput(text),
      cursor: escapedOffset(text, cursor),
      highlight: (shown) => this.options.highlight(shown),
      dim: this.options.style.dim,
      suggestion: escapeInput(this.suggestion()),
      below:
        this.menu?.lines(this.view.columns, this.options.style) ??
        (this.isComposing ? [this.options.style.dim(ansi` Ctrl-D runs it, Ctrl-C drops it`)] : []),
    };
  }

  private searchFrame({ text, found }: Search): Frame {
    const entry = this.options.history.entries[found] ?? "";
    const { style } = this.options;
    const notFound = found < 0 && text !== "" ? style.warn(ansi` (not found)`) : EMPTY;
    return {
      prompt: ansi`${style.dim(ansi`search`)} ${escapeLine(text)}${notFound} ${style.dim(ansi`›`)} `,
      continuation: ansi`... `,
      text: escapeInput(entry),
      cursor: escapedOffset(entry, Math.max(0, entry.indexOf(text))),
      highlight: (shown) => this.options.highlight(shown),
      dim: this.options.style.dim,
      suggestion: EMPTY,
      below: [],
    };
  }

  /** The rest of the latest history entry that begins with the text. */
  private suggestion(): string {
    const { text, atEnd } = this.buffer;
    if (!atEnd || this.menu || !this.options.style.enabled || text.length > 500) return "";
    const rest = this.options.history.beginningWith(text)?.slice(text.length) ?? "";
    return rest.includes("\n") ? "" : rest;
  }

  // Entering ------------------------------------------------------------------------------------------------------------

  enter(): void {
    const { text } = this.buffer;
    if (this.isComposing || !this.options.isComplete(text)) return this.buffer.insert("\n");
    this.finish(text);
  }

  newLine(): void {
    this.buffer.insert("\n");
  }

  /** Ctrl-C: drops the text; it stays visible above the next prompt. */
  cancel(): void {
    if (this.drawing) clearImmediate(this.drawing);
    this.drawing = undefined;
    this.view.finish(this.frame());
    this.isComposing = false;
    this.buffer.clear();
    this.historyIndex = this.options.history.entries.length;
    this.draw();
  }

  /** Ctrl-D: leaves the prompt where the text is empty, deletes a character, or runs a composed text. */
  leaveOrDelete(): void {
    const { text } = this.buffer;
    if (this.isComposing) return this.finish(text);
    if (text !== "") return this.buffer.delete();
    this.finish(undefined);
  }

  private finish(text: string | undefined): void {
    const { done } = this;
    if (this.drawing) clearImmediate(this.drawing);
    this.drawing = undefined;
    this.menu = undefined;
    this.view.finish(this.frame());
    this.done = undefined;
    this.isComposing = false;
    done?.(text);
  }

  clearScreen(): void {
    write(this.options.screen, CLEAR_SCREEN);
    this.view.forget();
  }

  // History -------------------------------------------------------------------------------------------------------------

  /** The previous entry of the history; only those that begin with the text, where there is one. */
  older(): void {
    const { entries } = this.options.history;
    if (this.historyIndex === entries.length) this.draft = this.buffer.text;
    const index = this.next(-1);
    if (index >= 0) this.show(index);
  }

  newer(): void {
    if (this.historyIndex < this.options.history.entries.length) this.show(this.next(1));
  }

  private next(step: 1 | -1): number {
    const { entries } = this.options.history;
    let index = this.historyIndex + step;
    while (entries[index] !== undefined && !this.matchesDraft(entries[index]!)) index += step;
    return index;
  }

  private matchesDraft(entry: string): boolean {
    return entry.startsWith(this.draft) && entry !== this.buffer.text;
  }

  private show(index: number): void {
    this.historyIndex = index;
    this.buffer.set(this.options.history.entries[index] ?? this.draft);
  }

  /** Inserts the suggestion; false where there is none. */
  acceptSuggestion(): boolean {
    const rest = this.suggestion();
    if (rest !== "") this.buffer.insert(rest);
    return rest !== "";
  }

  beginSearch(): void {
    this.search = { text: "", found: -1, before: this.buffer.text };
  }

  /** A key during a search; false when it ends the search and is still to be handled. */
  private pressInSearch(key: Key): boolean {
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

  /** A key while completions are shown; false where it is still to be handled. */
  private pressInMenu(key: Key): boolean {
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

/** What keys do, by their names (see ./keys). */
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

/** As wide as the prompt, so that the lines are aligned. */
function continuationOf(prompt: EscapedText): EscapedText {
  return escapeLine("... ".padStart(withoutStyles(prompt).length));
}

function commonStart(texts: readonly string[]): string {
  let common = texts[0] ?? "";
  for (const text of texts) while (!text.startsWith(common)) common = common.slice(0, -1);
  return common;
}
