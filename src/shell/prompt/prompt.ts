import { spawnSync } from "node:child_process";
import { pluralize } from "../../text";
import { isCommand, isKnown, runCommand } from "../commands/commands";
import { cut } from "../print/width";
import type { Repl } from "../repl";
import { Statements, type Piece } from "../evaluate/statements";
import { colourInput } from "./colour";
import { Editor } from "./editor";
import { greeting } from "./greeting";
import { History, historyFileOf } from "./history";
import { Keyboard, type Key } from "./keys";
import { pageThrough } from "./pager";
import { promptText } from "./text";

/*
 * The prompt has an editor and a queue of its own rather than node:repl's or node:readline's: the repl's completer runs code,
 * its inputs run at once and out of order when they are pasted, and readline knows neither inputs of several lines nor pasted
 * text. Only the decoding of keys is Node's.
 */

/** Opens the prompt on a terminal; ends when it is left. Gives the exit code. */
export async function openPrompt(sitting: Repl): Promise<number> {
  return new Prompt(sitting).run();
}

/** A terminal that is told so puts marks around what is pasted. */
const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";

/** What a key means to whoever has the keyboard now. */
type Listener = (key: Key) => void;

class Prompt {
  private readonly input: NodeJS.ReadStream;
  private readonly output: NodeJS.WriteStream;
  private readonly history: History;
  private readonly editor: Editor;
  private readonly keyboard: Keyboard;
  /** Who gets the next key; nobody while a statement runs. */
  private listener: Listener | undefined;
  /** Keys that were pressed while a statement ran. */
  private readonly early: Key[] = [];
  /** What was said to have failed since the last input was entered. */
  private readonly told = new Set<string>();
  private readonly endings: (() => void)[] = [];
  private closed = false;

  constructor(private readonly sitting: Repl) {
    const { options } = sitting;
    this.input = options.input as NodeJS.ReadStream;
    this.output = options.output as NodeJS.WriteStream;
    this.history = new History(
      options.historyFile ?? options.env["RETORT_HISTORY"] ?? historyFileOf(options.root, options.env),
    );
    const entities = new Set(sitting.entityNames.map(({ name }) => name));
    this.editor = new Editor({
      screen: this.output,
      history: this.history,
      theme: sitting.theme,
      prompt: () => promptText(sitting),
      colour: (text) => colourInput(text, sitting.theme, entities),
      isWhole: (text) => this.isWhole(text),
      complete: (text, cursor) => this.complete(text, cursor),
      suspend: () => this.suspend(),
    });
    this.keyboard = new Keyboard(this.input, (key) => this.pressed(key));
    sitting.page = (lines) => pageThrough(lines, this.output, () => this.nextKey());
    sitting.ask = (question) => this.ask(question);
    sitting.history = this.history;
    sitting.compose = () => this.editor.compose();
  }

  async run(): Promise<number> {
    this.open();
    try {
      this.sitting.note(await greeting(this.sitting));
      while (!this.sitting.leaving || !(await this.mayLeave())) {
        this.sitting.leaving = false;
        const text = await this.read();
        if (text === undefined) this.sitting.leaving = true;
        else await this.runText(text);
      }
      return 0;
    } finally {
      this.close();
    }
  }

  // Reading -------------------------------------------------------------------------------------------------------------

  /** The next input; undefined when the prompt is left. */
  private read(): Promise<string | undefined> {
    this.raw(true);
    return new Promise((resolve) => {
      this.editor.begin((text) => {
        this.listener = undefined;
        resolve(text);
      });
      this.listen((key) => this.editor.press(key));
    });
  }

  private listen(listener: Listener): void {
    this.listener = listener;
    while (this.isListening() && this.early.length > 0) listener(this.early.shift()!);
  }

  private isListening(): boolean {
    return this.listener !== undefined;
  }

  private pressed(key: Key): void {
    if (this.listener) this.listener(key);
    else if (key.name === "ctrl-c") this.interrupt();
    else this.early.push(key);
  }

  private nextKey(): Promise<Key> {
    this.raw(true);
    return new Promise((resolve) => {
      const take = (key: Key): void => {
        this.listener = undefined;
        resolve(key);
      };
      const early = this.early.shift();
      if (early) take(early);
      else this.listener = take;
    });
  }

  /** Asks something that one letter answers. */
  private async ask(question: string): Promise<string> {
    this.output.write(question);
    for (;;) {
      const key = await this.nextKey();
      if (key.name === "ctrl-c" || key.name === "escape" || key.name === "ctrl-d") {
        this.output.write("\n");
        return "";
      }
      if (key.name === "return" || key.name === "enter" || key.text !== "") {
        this.output.write(`${key.text}\n`);
        return key.text.toLowerCase();
      }
    }
  }

  private isWhole(text: string): boolean {
    if (isCommand(text.trim())) return true;
    return this.sitting.evaluator.parse(fromLast(text)).status !== "incomplete";
  }

  private complete(text: string, cursor: number): ReturnType<Editor["options"]["complete"]> {
    const { complete } = require("../complete/complete") as typeof import("../complete/complete");
    return complete(text, cursor, this.sitting);
  }

  // Running -------------------------------------------------------------------------------------------------------------

  private async runText(typed: string): Promise<void> {
    if (typed.trim() === "") return;
    this.told.clear();
    this.history.add(typed);
    const text = fromLast(typed);
    const pieces = this.pieces(text);
    this.raw(false);
    const written = watched(this.output);
    try {
      await this.runPieces(pieces);
    } finally {
      // The prompt would be drawn over a line that has no end.
      if (written.end()) this.output.write("\n");
    }
  }

  private async runPieces(pieces: readonly Piece[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      const left = pieces.length - index - 1;
      // Of what was pasted the assignments say nothing: the last one and the expressions do.
      const done =
        piece.kind === "command"
          ? await runCommand(piece.text, this.sitting)
          : await this.sitting.run(piece.text, left > 0);
      if (this.sitting.failed !== undefined) this.told.add(wordsOf(this.sitting.failed));
      if (this.sitting.leaving) return;
      if (done || left === 0) continue;
      this.sitting.note([
        this.sitting.theme.warning(`${pluralize(left, "more statement was", "more statements were")} not run`),
      ]);
      return;
    }
  }

  private pieces(text: string): Piece[] {
    const trimmed = text.trim();
    if (isCommand(trimmed) && !trimmed.includes("\n")) return [{ kind: "command", text: trimmed }];
    if (!trimmed.includes("\n")) return [{ kind: "statement", text }];
    const statements = new Statements((part) => this.sitting.evaluator.parse(part), isKnown);
    return [...text.split("\n").flatMap((line) => statements.take(line)), ...statements.end()];
  }

  private interrupt(): void {
    this.sitting.interrupt();
  }

  private async mayLeave(): Promise<boolean> {
    const { sitting } = this;
    const { unsaved } = sitting;
    const { inTransaction } = sitting.db.session;
    if (sitting.restrictions.sandbox || (unsaved === 0 && !inTransaction)) return true;
    const what =
      unsaved > 0 ? pluralize(unsaved, "unsaved change") : "A transaction is open with changes not committed";
    const answer = await this.ask(`${what}. Leave without saving? [y]es, [n]o, [c]ommit first: `);
    if (answer === "y") return true;
    if (answer !== "c") return false;
    return sitting.commit();
  }

  // The terminal --------------------------------------------------------------------------------------------------------

  private open(): void {
    this.input.resume();
    this.raw(true);
    this.output.write(PASTE_ON);
    const on = (emitter: NodeJS.EventEmitter, event: string, listener: (...values: never[]) => void): void => {
      emitter.on(event, listener as (...values: unknown[]) => void);
      this.endings.push(() => emitter.off(event, listener as (...values: unknown[]) => void));
    };
    on(this.output, "resize", () => this.editor.resized());
    on(process, "SIGINT", () => this.interrupt());
    on(process, "SIGCONT", () => this.continued());
    on(process, "uncaughtException", (error: unknown) => this.behind(error));
    on(process, "unhandledRejection", (error: unknown) => this.behind(error));
    // Whatever ends the process, the terminal is left as it was found.
    on(process, "exit", () => this.restore());
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const end of this.endings) end();
    this.keyboard.close();
    this.restore();
    this.input.pause();
  }

  private restore(): void {
    this.raw(false);
    this.output.write(PASTE_OFF);
  }

  /** Raw mode for typing; while a statement runs Ctrl-C must be a signal, which ends loops that hear no keys. */
  private raw(on: boolean): void {
    if (this.input.isRaw !== on) this.input.setRawMode(on);
  }

  /** By a process of its own: one that sends itself a signal has Node tidy up first, as if it were to end. */
  private suspend(): void {
    if (process.platform === "win32") return;
    this.restore();
    // All of the group, as the terminal does it: npm, which has started this, waits otherwise.
    spawnSync("/bin/sh", ["-c", "kill -TSTP 0"], { stdio: "ignore" });
    this.continued();
  }

  private continued(): void {
    if (!this.listener) return;
    this.input.setRawMode(false);
    this.raw(true);
    this.output.write(PASTE_ON);
    this.editor.redraw();
  }

  /** An error of something that was left running behind the prompt: a timer, a promise nobody waits for. */
  private behind(error: unknown): void {
    const said = wordsOf(error);
    // A timer may fail many times a second, and a recursion without end in each of its calls.
    if (this.told.has(said)) return;
    this.told.add(said);
    this.editor.aside(() => {
      this.sitting.note([this.sitting.theme.quiet(cut("behind the prompt:", this.sitting.width))]);
      this.sitting.complain(error);
    });
  }
}

/** `.all()` at the start of an input goes on with the last value: a chain of which each line was taken for itself. */
function fromLast(text: string): string {
  return text.replace(/^\s*(?=\??\.[\p{ID_Start}$_][\p{ID_Continue}$]*\s*[([.])/u, "_");
}

/** Looks at what is written; `end()` tells whether its last line has no end. */
function watched(output: NodeJS.WriteStream): { end(): boolean } {
  const write = Object.getOwnPropertyDescriptor(output, "write");
  const original = output.write.bind(output) as (...values: unknown[]) => boolean;
  let isOpen = false;
  output.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (chunk.length > 0) isOpen = !/[\r\n]$/.test(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    return original(chunk, ...rest);
  }) as typeof output.write;
  return {
    end() {
      if (write) Object.defineProperty(output, "write", write);
      else Reflect.deleteProperty(output, "write");
      return isOpen;
    },
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
