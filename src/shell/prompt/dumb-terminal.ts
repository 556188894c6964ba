import { createInterface, type Interface } from "node:readline";
import { pluralize } from "../../text";
import { ansi, escapeText, type EscapedText } from "../../terminal/escaped-text";
import { write } from "../../terminal/write";
import type { ShellContext } from "../context";
import { inputsOf, isCommand, runInputs } from "../run-inputs";
import { greeting } from "./greeting";
import { promptText } from "./prompt-text";

/**
 * The prompt on a terminal that only prints text (TERM=dumb: an editor's shell, a log): lines that the terminal itself edits, no colours,
 * no completion, and nothing that moves the cursor. @returns the exit code
 */
export async function runOnDumbTerminal(shell: ShellContext): Promise<number> {
  const lines = new Lines(shell);
  const interrupt = (): void => shell.interrupt();
  process.on("SIGINT", interrupt);
  try {
    shell.output.note(await greeting(shell));
    do {
      shell.isExiting = false;
      const text = await nextInput(shell, lines);
      if (text === undefined) shell.isExiting = true;
      else await runInputs(inputsOf(text, shell), shell);
    } while (!shell.isExiting || !(await mayExit(shell, lines)));
    return 0;
  } finally {
    process.off("SIGINT", interrupt);
    lines.close();
  }
}

/** Lines, put together until they are a whole input; undefined at the end. */
async function nextInput(shell: ShellContext, lines: Lines): Promise<string | undefined> {
  let text = "";
  for (;;) {
    const line = await lines.ask(text === "" ? promptText(shell) : ansi`... `);
    if (line === undefined) return text === "" ? undefined : text;
    text += text === "" ? line : `\n${line}`;
    if (text.trim() === "") text = "";
    else if (isCommand(text.trim()) || shell.evaluator.parse(text).status !== "incomplete") return text;
  }
}

async function mayExit(shell: ShellContext, lines: Lines): Promise<boolean> {
  const { unsaved } = shell;
  if (shell.restrictions.sandbox || (unsaved === 0 && !shell.db.session.inTransaction)) return true;
  const what = unsaved > 0 ? pluralize(unsaved, "unsaved change") : "A transaction is open with changes not committed";
  const answer = await lines.ask(escapeText(`${what}. Leave without saving? [y]es, [n]o, [c]ommit first: `));
  // At the end of the input nobody answers.
  if (answer === undefined || /^y/i.test(answer)) return true;
  return /^c/i.test(answer) && shell.commit();
}

/** Asks for lines of the input, one at a time; none is lost while a statement runs. */
class Lines {
  private readonly reader: Interface;
  private readonly pending: string[] = [];
  private waiting: ((line: string | undefined) => void) | undefined;
  private isAtEnd = false;

  constructor(private readonly shell: ShellContext) {
    this.reader = createInterface({ input: shell.options.input, terminal: false, crlfDelay: Infinity });
    this.reader.on("line", (line) => this.take(line));
    this.reader.on("close", () => {
      this.isAtEnd = true;
      this.waiting?.(undefined);
    });
  }

  ask(question: EscapedText): Promise<string | undefined> {
    write(this.shell.options.output, question);
    if (this.pending.length > 0) return Promise.resolve(this.pending.shift());
    if (this.isAtEnd) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.waiting = (line) => {
        this.waiting = undefined;
        resolve(line);
      };
    });
  }

  close(): void {
    this.reader.close();
  }

  private take(line: string): void {
    if (this.waiting) this.waiting(line);
    else this.pending.push(line);
  }
}
