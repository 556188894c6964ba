import { spawnSync } from "node:child_process";
import { PASTE_OFF, PASTE_ON } from "../../terminal/control";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { write } from "../../terminal/write";
import type { Terminal } from "../context";
import type { ShellOptions } from "../options";
import { History, historyFileOf } from "./history";
import { Keyboard, type Key } from "./keys";
import { pageThrough } from "./pager";

type KeyListener = (key: Key) => void;

/** What the prompt does when something happens to the terminal. */
export interface TerminalEvents {
  /** Ctrl-C while nothing reads keys. */
  interrupted(): void;
  resized(): void;
  /** The process was stopped (Ctrl-Z) and continues. */
  resumed(): void;
}

/** The terminal of the prompt: keys, raw mode, history, pager and questions. */
export class PromptTerminal implements Terminal {
  readonly history: History;
  readonly output: NodeJS.WriteStream;
  private readonly input: NodeJS.ReadStream;
  private readonly keyboard: Keyboard;
  /** Reads the next key; undefined while a statement runs. */
  private listener: KeyListener | undefined;
  /** Keys that were pressed while a statement ran. */
  private readonly pendingKeys: Key[] = [];
  private isComposeRequested = false;
  private readonly cleanups: (() => void)[] = [];
  private events: TerminalEvents | undefined;
  private isClosed = false;

  constructor({ input, output, env, root, historyFile, settings }: ShellOptions) {
    this.input = input as NodeJS.ReadStream;
    this.output = output as NodeJS.WriteStream;
    this.history = new History(historyFile ?? env["RETORT_HISTORY"] ?? historyFileOf(root, env), settings?.secrets);
    this.keyboard = new Keyboard(this.input, (key) => this.pressed(key));
  }

  open(events: TerminalEvents): void {
    this.events = events;
    this.input.resume();
    this.setRaw(true);
    write(this.output, PASTE_ON);
    this.on(this.output, "resize", () => events.resized());
    this.on(process, "SIGINT", () => events.interrupted());
    this.on(process, "SIGCONT", () => this.resume());
    // However the process ends, the terminal is restored.
    this.on(process, "exit", () => this.restore());
  }

  /** Adds a listener that is removed when the terminal is closed. */
  on(emitter: NodeJS.EventEmitter, event: string, listener: (...values: never[]) => void): void {
    emitter.on(event, listener as (...values: unknown[]) => void);
    this.cleanups.push(() => emitter.off(event, listener as (...values: unknown[]) => void));
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const cleanup of this.cleanups) cleanup();
    this.keyboard.close();
    this.restore();
    this.input.pause();
  }

  private restore(): void {
    this.setRaw(false);
    write(this.output, PASTE_OFF);
  }

  /**
   * Raw mode is for typing. While a statement runs it is off, so that Ctrl-C is a signal, which also ends a loop that never
   * returns to the event loop.
   */
  setRaw(on: boolean): void {
    if (this.input.isRaw !== on) this.input.setRawMode(on);
  }

  /** Stops the process as Ctrl-Z does; returns when it continues. */
  suspend(): void {
    if (process.platform === "win32") return;
    this.restore();
    // By another process, since Node would run its exit handlers; and the whole group, as a terminal does, or npm waits for us.
    spawnSync("/bin/sh", ["-c", "kill -TSTP 0"], { stdio: "ignore" });
    this.resume();
  }

  private resume(): void {
    if (!this.listener) return;
    // The shell that ran meanwhile has changed the mode.
    this.input.setRawMode(false);
    this.setRaw(true);
    write(this.output, PASTE_ON);
    this.events?.resumed();
  }

  // Keys ----------------------------------------------------------------------------------------------------------------

  /** Gives every key to a listener, beginning with those that are pending, until `stopListening`. */
  listen(listener: KeyListener): void {
    this.setRaw(true);
    this.listener = listener;
    while (this.isListening() && this.pendingKeys.length > 0) listener(this.pendingKeys.shift()!);
  }

  stopListening(): void {
    this.listener = undefined;
  }

  private isListening(): boolean {
    return this.listener !== undefined;
  }

  private pressed(key: Key): void {
    if (this.listener) this.listener(key);
    else if (key.name === "ctrl-c") this.events?.interrupted();
    else this.pendingKeys.push(key);
  }

  private nextKey(): Promise<Key> {
    return new Promise((resolve) =>
      this.listen((key) => {
        this.stopListening();
        resolve(key);
      }),
    );
  }

  // For commands --------------------------------------------------------------------------------------------------------

  page(lines: AsyncIterable<readonly EscapedText[]>): Promise<void> {
    return pageThrough(lines, this.output, () => this.nextKey());
  }

  async ask(question: EscapedText): Promise<string> {
    this.setRaw(true);
    write(this.output, question);
    for (;;) {
      const key = await this.nextKey();
      if (key.name === "ctrl-c" || key.name === "escape" || key.name === "ctrl-d") {
        write(this.output, ansi`\n`);
        return "";
      }
      if (key.name === "return" || key.name === "enter" || key.text !== "") {
        write(this.output, ansi`${escapeLine(key.text)}\n`);
        return key.text.toLowerCase();
      }
    }
  }

  compose(): void {
    this.isComposeRequested = true;
  }

  /** Whether the next input is to be composed; once for each `compose()`. */
  takeComposeRequest(): boolean {
    const isRequested = this.isComposeRequested;
    this.isComposeRequested = false;
    return isRequested;
  }

  /** Does work, and ends the last line of what it wrote, over which the prompt would be drawn otherwise. */
  async endingLastLine(work: () => Promise<void>): Promise<void> {
    const { output } = this;
    const descriptor = Object.getOwnPropertyDescriptor(output, "write");
    const original = output.write.bind(output) as (...values: unknown[]) => boolean;
    let isLineOpen = false;
    output.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      if (text.length > 0) isLineOpen = !/[\r\n]$/.test(text);
      return original(chunk, ...rest);
    }) as typeof output.write;
    try {
      await work();
    } finally {
      if (descriptor) Object.defineProperty(output, "write", descriptor);
      else Reflect.deleteProperty(output, "write");
      if (isLineOpen) write(output, ansi`\n`);
    }
  }
}
