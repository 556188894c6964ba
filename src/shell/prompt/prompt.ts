import { pluralize } from "../../text";
import { isCommand, isKnown, runCommand } from "../commands/commands";
import type { ShellContext } from "../context";
import { ansi, escapeText } from "../../terminal/escaped-text";
import { splitInputs, type ReplInput } from "../evaluate/input-splitter";
import { Editor } from "./editor";
import { greeting } from "./greeting";
import { highlightInput } from "./highlight-input";
import { promptText } from "./prompt-text";
import type { PromptTerminal } from "./terminal";

/*
 * The prompt has an editor and an input queue of its own rather than node:repl's or node:readline's. The repl's completer runs
 * code, and its inputs run at once and out of order when they are pasted; readline has neither inputs of several lines nor
 * pasted text. Only the decoding of keys is Node's.
 */

/** Reads and runs inputs until the prompt is left. @returns the exit code */
export function runPrompt(shell: ShellContext, terminal: PromptTerminal): Promise<number> {
  return new Prompt(shell, terminal).run();
}

class Prompt {
  private readonly editor: Editor;
  /** Errors that were printed since the last input; each is printed once. */
  private readonly printedErrors = new Set<string>();

  constructor(
    private readonly shell: ShellContext,
    private readonly terminal: PromptTerminal,
  ) {
    const { style } = shell.output;
    this.editor = new Editor({
      screen: terminal.output,
      history: terminal.history,
      style,
      prompt: () => promptText(shell),
      highlight: (text) => highlightInput(text, style, (name) => shell.names.entity(name) !== undefined),
      isComplete: (text) => this.isComplete(text),
      complete: (text, cursor) => this.complete(text, cursor),
      suspend: () => terminal.suspend(),
    });
  }

  async run(): Promise<number> {
    const { shell, terminal, editor } = this;
    terminal.open({
      interrupted: () => shell.interrupt(),
      resized: () => editor.resized(),
      resumed: () => editor.redraw(),
    });
    terminal.on(process, "uncaughtException", (error: unknown) => this.reportBackgroundError(error));
    terminal.on(process, "unhandledRejection", (error: unknown) => this.reportBackgroundError(error));
    try {
      shell.output.note(await greeting(shell));
      while (!shell.isExiting || !(await this.confirmExit())) {
        shell.isExiting = false;
        const text = await this.read();
        if (text === undefined) shell.isExiting = true;
        else await this.runText(text);
      }
      return 0;
    } finally {
      terminal.close();
    }
  }

  // Reading -------------------------------------------------------------------------------------------------------------

  /** The next input; undefined for Ctrl-D. */
  private read(): Promise<string | undefined> {
    const { editor, terminal } = this;
    // Before the prompt is drawn: the terminal would echo what is typed at once.
    terminal.setRaw(true);
    return new Promise((resolve) => {
      const done = (text: string | undefined): void => {
        terminal.stopListening();
        resolve(text);
      };
      editor.begin(done, terminal.takeComposeRequest());
      terminal.listen((key) => editor.press(key));
    });
  }

  private isComplete(text: string): boolean {
    if (isCommand(text.trim())) return true;
    return this.shell.evaluator.parse(continueLast(text)).status !== "incomplete";
  }

  private complete(text: string, cursor: number): ReturnType<Editor["options"]["complete"]> {
    const { complete } = require("../complete/complete") as typeof import("../complete/complete");
    return complete(text, cursor, this.shell);
  }

  // Running -------------------------------------------------------------------------------------------------------------

  private async runText(typed: string): Promise<void> {
    if (typed.trim() === "") return;
    this.printedErrors.clear();
    this.terminal.history.add(typed);
    const inputs = this.split(continueLast(typed));
    this.terminal.setRaw(false);
    await this.terminal.endingLastLine(() => this.runInputs(inputs));
  }

  private split(text: string): ReplInput[] {
    const trimmed = text.trim();
    if (isCommand(trimmed) && !trimmed.includes("\n")) return [{ kind: "command", text: trimmed, linesBefore: 0 }];
    if (!trimmed.includes("\n")) return [{ kind: "statement", text, linesBefore: 0 }];
    return splitInputs(text, { parse: (part) => this.shell.evaluator.parse(part), isCommand: isKnown });
  }

  private async runInputs(inputs: readonly ReplInput[]): Promise<void> {
    const { shell } = this;
    for (const [index, input] of inputs.entries()) {
      const left = inputs.length - index - 1;
      const succeeded =
        input.kind === "command"
          ? await runCommand(input.text, shell)
          : await shell.run(input.text, { hasMore: left > 0, linesBefore: input.linesBefore });
      if (shell.lastError !== undefined) this.printedErrors.add(messageOf(shell.lastError));
      if (shell.isExiting) return;
      if (succeeded || left === 0) continue;
      const notRun = pluralize(left, "more statement was", "more statements were");
      return shell.output.message(`${notRun} not run`, shell.output.style.warn);
    }
  }

  private async confirmExit(): Promise<boolean> {
    const { shell, terminal } = this;
    const { unsaved } = shell;
    if (shell.restrictions.sandbox || (unsaved === 0 && !shell.db.session.inTransaction)) return true;
    const what =
      unsaved > 0 ? pluralize(unsaved, "unsaved change") : "A transaction is open with changes not committed";
    const question = `${what}. Leave without saving? [y]es, [n]o, [c]ommit first: `;
    const answer = await terminal.ask(escapeText(question));
    if (answer === "y") return true;
    return answer === "c" && shell.commit();
  }

  /** An error of a timer, or of a promise that nothing awaits. */
  private reportBackgroundError(error: unknown): void {
    const message = messageOf(error);
    // A timer may fail many times a second.
    if (this.printedErrors.has(message)) return;
    this.printedErrors.add(message);
    const { output } = this.shell;
    this.editor.writeAbove(() => {
      output.note([output.style.dim(ansi`uncaught in the background:`)]);
      this.shell.reportError(error);
    });
  }
}

/** `.all()` at the start of an input is called on the last value. */
function continueLast(text: string): string {
  return text.replace(/^\s*(?=\??\.[\p{ID_Start}$_][\p{ID_Continue}$]*\s*[([.])/u, "_");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
