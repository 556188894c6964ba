import { Terminal as Screen } from "@xterm/headless";
import { spawn, type IPty } from "node-pty";
import { cleanEnvironment, retortFile } from "./command";
import { repository } from "./repository";

export interface TerminalOptions {
  cwd?: string;
  /** Added to the tests' own environment; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Default 100. */
  columns?: number;
  /** Default 30. */
  rows?: number;
  /** Another program than `node bin/retort.js`. */
  program?: string;
}

const KEYS = {
  enter: "\r",
  tab: "\t",
  escape: "\x1b",
  backspace: "\x7f",
  delete: "\x1b[3~",
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  home: "\x1b[H",
  end: "\x1b[F",
  "page-up": "\x1b[5~",
  "page-down": "\x1b[6~",
} as const;

export type Key = keyof typeof KEYS | `ctrl-${string}` | `alt-${string}`;

/** The prompt, and the one of a statement that goes on: the text before the cursor, at the cursor's line. */
const PROMPT = /(^|.)(>|\.\.\.) $/;
const DEADLINE = 15_000;

const terminals = new Set<Terminal>();

afterAll(() => {
  for (const terminal of terminals) terminal.close();
});

/** Opens a pseudo-terminal in which `retort …argv` runs. */
export function openTerminal(argv: readonly string[], options: TerminalOptions = {}): Terminal {
  return new Terminal(argv, options);
}

/** A program in a pseudo-terminal, and the screen that a user would look at. */
export class Terminal {
  /** Everything that was written, with its escape sequences. */
  output = "";
  /** The exit code, once the program has ended. */
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  readonly #screen: Screen;
  readonly #waiting = new Set<() => void>();
  #exitCode: number | undefined;

  constructor(argv: readonly string[], options: TerminalOptions) {
    const { cwd = repository, env, columns = 100, rows = 30, program } = options;
    this.#screen = new Screen({ cols: columns, rows, scrollback: 20_000, allowProposedApi: true });
    this.#pty = spawn(program ?? process.execPath, program ? [...argv] : [retortFile, ...argv], {
      name: env?.["TERM"] ?? "xterm-256color",
      cols: columns,
      rows,
      cwd,
      env: definedOnly(cleanEnvironment(env)),
    });
    // The terminal answers as a real one does, e.g. when it is asked for the cursor's position.
    this.#screen.onData((answer) => this.#pty.write(answer));
    this.#pty.onData((chunk) => {
      this.output += chunk;
      this.#screen.write(chunk, () => this.#wake());
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#exitCode = exitCode;
        // What was written just before the end may still be on its way to the screen.
        this.#screen.write("", () => {
          this.#wake();
          resolve(exitCode);
        });
      });
    });
    terminals.add(this);
  }

  /** Process id of the program. */
  get pid(): number {
    return this.#pty.pid;
  }

  /** Types the text as it is; no Enter. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Presses keys, one after the other: `press("up", "enter")`, `press("ctrl-c")`. */
  press(...keys: Key[]): void {
    for (const key of keys) this.#pty.write(sequence(key));
  }

  /** Pastes the text as a terminal with bracketed paste does. */
  paste(text: string): void {
    this.#pty.write(`\x1b[200~${text.replaceAll("\n", "\r")}\x1b[201~`);
  }

  /** All lines, those that were scrolled away too, without blanks at their ends and without empty lines at the end. */
  lines(): string[] {
    const buffer = this.#screen.buffer.active;
    const lines = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)!.translateToString(true));
    while (lines.length > 0 && lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** The lines that are to be seen now, as many as the terminal has rows. */
  screen(): string[] {
    const buffer = this.#screen.buffer.active;
    return Array.from({ length: this.#screen.rows }, (_, row) =>
      buffer.getLine(buffer.baseY + row)!.translateToString(true),
    );
  }

  text(): string {
    return this.lines().join("\n");
  }

  /** Rows that the terminal began by itself, in the middle of a line that was too long for it. */
  wrapped(): string[] {
    const buffer = this.#screen.buffer.active;
    const rows = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)!);
    return rows.filter(({ isWrapped }) => isWrapped).map((row) => row.translateToString(true));
  }

  /** The line of the cursor, up to the cursor. */
  beforeCursor(): string {
    const { baseY, cursorY, cursorX } = this.#screen.buffer.active;
    return this.#screen.buffer.active.getLine(baseY + cursorY)!.translateToString(false, 0, cursorX);
  }

  /** The column of the screen at which a character stands first in a line of `lines()`; wide letters take two columns. */
  columnOf(character: string, line: number): number {
    const cells = this.#screen.buffer.active.getLine(line)!;
    for (let column = 0; column < cells.length; column++)
      if (cells.getCell(column)!.getChars() === character) return column;
    return -1;
  }

  /** Number of the cursor's line in `lines()`. */
  get cursorLine(): number {
    return this.#screen.buffer.active.baseY + this.#screen.buffer.active.cursorY;
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Waits until the text stands somewhere on the lines, from line `from` on. */
  async waitFor(wanted: string | RegExp, { from = 0, timeout = DEADLINE } = {}): Promise<void> {
    const found = () => {
      const text = this.lines().slice(from).join("\n");
      return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    };
    await this.waitUntil(found, String(wanted), timeout);
  }

  /** Waits until a prompt stands before the cursor, in a line after `after`. */
  async waitForPrompt({ after = -1, prompt = PROMPT, timeout = DEADLINE } = {}): Promise<void> {
    const stands = () => this.cursorLine > after && prompt.test(this.beforeCursor());
    await this.waitUntil(stands, `a prompt after line ${after}`, timeout);
  }

  /**
   * Types a line and Enter, waits for the next prompt, and gives the lines that were printed in between.
   * A line that is longer than the terminal is wide counts as what was typed, however many rows it takes.
   */
  async enter(line: string, options: { prompt?: RegExp; timeout?: number } = {}): Promise<string[]> {
    this.type(line);
    const echoed = () => line === "" || squeeze(this.#logicalLine()).endsWith(squeeze(line));
    await this.waitUntil(echoed, `the echo of ${line}`, options.timeout ?? DEADLINE);
    const typed = this.cursorLine;
    this.press("enter");
    await this.waitForPrompt({ after: typed, ...options });
    return this.lines().slice(typed + 1, this.cursorLine);
  }

  /** The cursor's line up to the cursor, with the rows before it that it was wrapped from. */
  #logicalLine(): string {
    const columns = this.#screen.cols;
    const buffer = this.#screen.buffer.active;
    let text = this.beforeCursor();
    for (let row = this.cursorLine; row > 0; row--) {
      const previous = buffer.getLine(row - 1)!.translateToString(true);
      // A line editor may wrap by itself rather than leave it to the terminal.
      if (!buffer.getLine(row)!.isWrapped && previous.length < columns) break;
      text = previous + text;
    }
    return text;
  }

  /** Waits until the condition holds; looks again after each thing that is written. */
  async waitUntil(condition: () => boolean, what: string, timeout = DEADLINE): Promise<void> {
    const deadline = Date.now() + timeout;
    while (!condition()) {
      if (this.#exitCode !== undefined) {
        throw new Error(
          `The program ended (${this.#exitCode}) before there was ${what}. On the screen:\n${this.text()}`,
        );
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`After ${timeout} ms there is not ${what}. On the screen:\n${this.text()}`);
      await this.#change(left);
    }
  }

  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#waiting.add(end);
    });
  }

  #wake(): void {
    for (const end of [...this.#waiting]) end();
  }

  /** Kills the program when it still runs. */
  close(): void {
    terminals.delete(this);
    if (this.#exitCode === undefined) this.#pty.kill("SIGKILL");
  }
}

function sequence(key: Key): string {
  if (key.startsWith("ctrl-")) return String.fromCharCode(key.charCodeAt(5) & 0x1f);
  if (key.startsWith("alt-")) return `\x1b${key.slice(4)}`;
  return KEYS[key as keyof typeof KEYS];
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, "");
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
