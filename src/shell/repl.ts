import path from "node:path";
import { RetortError } from "../errors";
import { isAwaitable } from "../query/awaitable";
import { Query } from "../query/query";
import { Collection } from "../session/relations/collection";
import type { Restrictions } from "./restrictions";
import { Evaluator, type Outcome } from "./evaluate/evaluator";
import { importFrom } from "./evaluate/modules";
import { Interrupted } from "./evaluate/runtime";
import { failureLines } from "./print/failure";
import { entityNames, namesOf, type EntityName } from "./names";
import { Entities } from "./print/entities";
import { printWith } from "./print/print";
import { Printer } from "./print/printer";
import type { SavedInput } from "./save/script";
import { Secrets } from "./print/secrets";
import { Writing } from "./print/write-progress";
import { theme, wantsColours, type Theme } from "./print/theme";
import { StatementSummary } from "./sql/statement-stats";
import { echoLines } from "./sql/echo";
import { repeatedQueries } from "./sql/repeated";
import type { ResultFormat, ShellOptions } from "./shell";
import type { ShellDatabase, ShellEvent } from "./world";

/** How much a sitting says: a terminal is told about everything, a pipe only what it asked for, `-e` one value. */
export type OutputMode = "terminal" | "pipe" | "once";

const UNRESTRICTED: Restrictions = { sandbox: false, readOnly: undefined };

/** The names that JavaScript and Node have, and nobody has typed. */
const BUILT_IN: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(globalThis), "require"]);

/** Rows of a list that a pipe is given as a table: all of them. */
const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** One opening of the shell: the names at hand, how values are shown, what was typed. */
export class Repl {
  readonly manner: OutputMode;
  readonly options: ShellOptions;
  readonly restrictions: Restrictions;
  readonly theme: Theme;
  readonly secrets: Secrets;
  readonly evaluator: Evaluator;
  /** Everything typed so far that did not fail, for `.save`. */
  readonly inputs: SavedInput[] = [];
  db: ShellDatabase;
  entities: Entities;
  entityNames: readonly EntityName[];
  printer: Printer;
  format: ResultFormat;
  echo: boolean;
  timing = false;
  /** The last value that was shown, and how much of it: `.all` shows the rest. */
  shown: { readonly value: unknown; readonly hidden: number } | undefined;
  /** What `.explain` and `.sql` look at when they are given nothing. */
  receipt = new StatementSummary();
  /** Shows lines page by page, where there is a terminal. */
  page: ((lines: readonly string[]) => Promise<void>) | undefined;
  /** Asks something that one letter answers, where there is a terminal. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** Makes the next input one of several lines, where there is a terminal. */
  compose: (() => void) | undefined;
  /** What was typed, where there is a terminal. */
  history: { readonly entries: readonly string[] } | undefined;
  /** The error of the last input, where it had one. */
  failed: unknown;
  /** Set by `.exit`. */
  leaving = false;
  private isInterrupted = false;
  private cancelling: Promise<void> | undefined;
  private names: Record<string, unknown> = {};
  private readonly writing = new Writing(this);
  private readonly redefined = new Set<string>();
  private readonly endings: (() => void)[] = [];
  private stopObserving: () => void;

  constructor(options: ShellOptions, manner: OutputMode, restrictions: Restrictions = UNRESTRICTED) {
    this.restrictions = restrictions;
    this.options = options;
    this.manner = manner;
    this.db = options.db;
    this.format = options.format ?? "table";
    this.echo = options.echo ?? false;
    this.secrets = new Secrets(options.settings?.secrets);
    this.theme = theme(manner === "terminal" && wantsColours(options.output as { isTTY?: boolean }, options.env));
    this.evaluator = new Evaluator({
      isEntity: (target) => this.entities.ofTarget(target) !== undefined,
      create: (target, values) => this.db.create(target as never, values as never),
      takesKeywords: (receiver) => this.takesKeywords(receiver),
      import: (specifier) => importFrom(specifier, options.root, options.load?.bind(options)),
    });
    this.entities = new Entities(this.db.models);
    this.entityNames = [];
    this.printer = this.newPrinter();
    this.stopObserving = this.db.observe((event) => this.observed(event));
    this.defineNames();
    this.endings.push(printWith((values) => this.write([values.map((value) => this.printer.text(value)).join(" ")])));
  }

  // Running -------------------------------------------------------------------------------------------------------------

  /**
   * Runs a statement and shows what came of it.
   * @param goesOn whether more statements follow at once: assignments are not shown then
   * @returns whether it succeeded
   */
  async run(text: string, goesOn = false): Promise<boolean> {
    this.receipt = new StatementSummary();
    const outcome = await this.evaluate(text);
    this.writing.end();
    if (outcome.kind === "value") {
      this.inputs.push({ text, isShown: outcome.last.kind === "expression" && outcome.value !== undefined });
      this.show(outcome, goesOn);
      if (!goesOn) this.hint(text, outcome);
    } else {
      this.fail(outcome);
    }
    this.secrets.revealed = false;
    this.account();
    this.tellOfRedefined(text);
    return outcome.kind === "value";
  }

  /** The value of an expression, for a command; shows nothing. @throws what the expression throws */
  async valueOf(text: string): Promise<unknown> {
    const outcome = await this.evaluate(text);
    if (outcome.kind === "error") throw outcome.error;
    if (outcome.kind === "interrupted") throw new Interrupted();
    return outcome.value;
  }

  /** Does the work of a command, with a receipt for what it sends. */
  async accounted<T>(work: () => Promise<T>): Promise<T> {
    this.receipt = new StatementSummary();
    const done = await work().finally(() => this.writing.end());
    this.account();
    return done;
  }

  private async evaluate(text: string): Promise<Outcome> {
    this.failed = undefined;
    this.isInterrupted = false;
    await this.cancelling;
    this.cancelling = undefined;
    return this.evaluator.evaluate(text, { breakable: this.manner === "terminal" });
  }

  /** Shows an error that came from a command, or from behind the prompt. */
  complain(error: unknown): void {
    if (error instanceof Interrupted) this.fail({ kind: "interrupted" });
    else this.fail({ kind: "error", error, place: this.evaluator.place(error) });
    this.account();
  }

  /** Ends the running statement. */
  interrupt(): void {
    this.isInterrupted = true;
    this.evaluator.interrupt();
    // Also in the database. The next input waits for this, or it could be the one that is ended.
    this.cancelling = this.db.session.cancel().catch(() => undefined);
  }

  /** For the long work of commands. */
  throwIfInterrupted(): void {
    if (this.isInterrupted) throw new Interrupted();
  }

  private takesKeywords(receiver: unknown): boolean {
    return (
      receiver instanceof Query ||
      receiver instanceof Collection ||
      receiver === this.db ||
      receiver === this.db.session ||
      isAwaitable(receiver)
    );
  }

  /** Commits, and tells of it as of an input; gives whether it succeeded. */
  async commit(): Promise<boolean> {
    try {
      await this.accounted(() => this.db.session.commit());
      return true;
    } catch (error) {
      this.complain(error);
      return false;
    }
  }

  // Showing -------------------------------------------------------------------------------------------------------------

  private show({ value, last }: Extract<Outcome, { kind: "value" }>, goesOn: boolean): void {
    if (last.kind === "expression" || (this.manner === "once" && last.kind !== "other")) {
      this.evaluator.define("_", value);
      this.showValue(value);
    } else if (
      this.manner === "terminal" &&
      !goesOn &&
      (last.kind === "assignment" || last.kind === "declaration") &&
      last.names.length > 0
    ) {
      const summary = this.printer.summary(value);
      if (summary) this.write([this.theme.quiet(summary)]);
    }
  }

  /** A member that does not exist is undefined and no error; at a terminal it is said what was meant. */
  private hint(text: string, { value, last }: Extract<Outcome, { kind: "value" }>): void {
    if (this.manner !== "terminal") return;
    const isRead = last.kind === "expression" && value === undefined;
    const isSet = last.kind === "assignment" && last.names.length === 0;
    if (!isRead && !isSet) return;
    const { missingMember } = require("./complete/missing-member") as typeof import("./complete/missing-member");
    const said = missingMember(text, this);
    if (said) this.note([this.theme.quiet(said)]);
  }

  /** Shows a value in the format of the sitting. */
  showValue(value: unknown, limit?: number): void {
    if (this.format !== "table") {
      const { formatted } = require("./print/formats") as typeof import("./print/formats");
      for (const line of formatted(value, this.format, this)) this.write([line]);
      return;
    }
    const { lines, hidden, of } = this.printer.print(value, limit);
    this.write(lines);
    this.shown = { value, hidden };
    if (hidden > 0) this.note([this.theme.quiet(`… ${hidden} more${of === "lines" ? " lines" : ""}; .all shows them`)]);
  }

  /** Values and what was asked for. */
  write(lines: readonly string[]): void {
    if (lines.length > 0) this.options.output.write(`${lines.join("\n")}\n`);
  }

  /** Everything that is not a value: it must not get into somebody's pipe. */
  note(lines: readonly string[]): void {
    const stream = this.manner === "terminal" ? this.options.output : this.options.error;
    if (lines.length > 0) stream.write(`${lines.join("\n")}\n`);
  }

  get width(): number {
    const { columns } = this.options.output as { columns?: number };
    return columns && columns > 0 ? columns : 120;
  }

  private get limit(): number {
    const { rows } = this.options.output as { rows?: number };
    return this.manner === "terminal" ? Math.max(10, (rows ?? 30) - 6) : EVERYTHING;
  }

  private fail(outcome: Outcome): void {
    if (outcome.kind === "value") return;
    this.failed = outcome.kind === "error" ? outcome.error : undefined;
    const { failure } = this.db.session;
    const needsRollback = failure !== undefined;
    if (outcome.kind === "interrupted") {
      // The terminal has written ^C.
      const start = this.manner === "terminal" ? "\r\x1b[K" : "";
      const hint = needsRollback ? "; the session needs db.session.rollback()" : "";
      return this.note([`${start}${this.theme.warning(`interrupted${hint}`)}`]);
    }
    this.note(
      failureLines(outcome.error, outcome.place, {
        theme: this.theme,
        width: this.width,
        isTerminal: this.manner === "terminal",
        verbose: this.options.verbose ?? false,
        names: () => this.knownNames(),
        members: (expression) => this.members(expression),
        // An error of JavaScript's has nothing to do with it.
        needsRollback: needsRollback && (outcome.error === failure || outcome.error instanceof RetortError),
        isReadOnly: this.restrictions.readOnly !== undefined,
      }),
    );
  }

  /** What the database did, in a quiet line; and what it did too often. */
  private account(): void {
    if (this.manner !== "terminal" || this.receipt.isTold) return;
    this.receipt.isTold = true;
    const receipt = this.receipt.text(this.timing, this.db.session.failure !== undefined);
    if (receipt) this.note([this.theme.quiet(receipt)]);
    this.note(repeatedQueries(this.receipt.statements, this.entities).map((line) => this.theme.warning(line)));
  }

  private observed(event: ShellEvent): void {
    this.receipt.take(event);
    if (event.type === "statement") this.writing.sent(event);
    else this.writing.end();
    if (this.echo) this.note(echoLines(event, this.theme, this.secrets));
  }

  // Names ---------------------------------------------------------------------------------------------------------------

  /** Every name that can be typed. */
  knownNames(): string[] {
    return [...Object.keys(this.names), ...this.evaluator.declaredNames(), ...Object.getOwnPropertyNames(globalThis)];
  }

  /** Whether a name is at hand without being declared by what was typed. */
  isAtHand(name: string): boolean {
    return name in this.names || BUILT_IN.has(name);
  }

  /** Says once when an entity's name, or `db`, was given another meaning: what is typed next would puzzle. */
  private tellOfRedefined(text: string): void {
    if (this.manner !== "terminal") return;
    for (const name of [...this.entityNames.map((entity) => entity.name), "db", "session"]) {
      if (!text.includes(name) || this.redefined.has(name)) continue;
      if (!this.evaluator.isRedefined(name, this.names[name])) continue;
      this.redefined.add(name);
      this.note([this.theme.quiet(`${name} means something else from here on; .reload brings back what it was`)]);
    }
  }

  /** What may stand after `expression.`, found in types. */
  private members(expression: string): string[] {
    const { membersOf } = require("./complete/members") as typeof import("./complete/members");
    return membersOf(expression, this);
  }

  /** Takes another database over the same connection settings, after the entities were loaded again. */
  adopt(db: ShellDatabase): void {
    this.stopObserving();
    this.db = db;
    this.entities = new Entities(db.models);
    this.printer = this.newPrinter();
    this.stopObserving = db.observe((event) => this.observed(event));
    this.defineNames();
  }

  private defineNames(): void {
    this.redefined.clear();
    this.entityNames = entityNames(this.db.models);
    this.names = namesOf(this.db, this.options.settings);
    const entities = new Set(this.entityNames.map(({ name }) => name));
    for (const [name, value] of Object.entries(this.names)) {
      this.evaluator.define(name, value, entities.has(name) && this.entities.ofTarget(value) ? "entity" : "value");
    }
    this.evaluator.defineRequire(path.join(this.options.root, "package.json"));
  }

  private newPrinter(): Printer {
    return new Printer({
      entities: this.entities,
      db: this.db,
      secrets: this.secrets,
      theme: this.theme,
      width: () => this.width,
      limit: () => this.limit,
    });
  }

  /** How many objects a commit would write. */
  get unsaved(): number {
    const { session } = this.db;
    return session.new.length + session.dirty.length + session.deleted.length;
  }

  close(): void {
    this.stopObserving();
    for (const end of this.endings) end();
    this.evaluator.close();
  }
}
