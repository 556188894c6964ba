import path from "node:path";
import { databaseControlOf } from "../dialect/dialects";
import type { DatabaseEvent } from "../dialect/events";
import { awaiting } from "../awaited-work";
import { RetortError } from "../errors";
import { isAwaitable } from "../query/awaitable";
import type { EntityModel } from "../metadata/model";
import { Batches } from "../query/batches";
import { Query } from "../query/query";
import { Sql } from "../query/sql";
import type { Database } from "../session/database";
import { Collection } from "../session/relations/collection";
import { firstLine } from "../text";
import { CLEAR_LINE, LINE_START } from "../terminal/control";
import { ansi, escapeLine } from "../terminal/escaped-text";
import type { RunOptions, SavedInput, ShellContext, Terminal } from "./context";
import { takesValues } from "./errors";
import { isObject } from "../values";
import { Evaluator, type EvaluationResult } from "./evaluate/evaluator";
import { importFrom } from "./evaluate/modules";
import { Interrupted } from "./evaluate/runtime";
import { Names } from "./names";
import type { OutputMode, ShellOptions } from "./options";
import { Entities } from "./print/entities";
import { adviceLines, failureLines } from "./print/failure";
import { BatchProgress } from "./print/batch-progress";
import { FlushProgress } from "./print/flush-progress";
import { adviceForRead, type KnownNames } from "./print/newcomers";
import { Output } from "./print/output";
import { redirectPrint } from "./print/print";
import type { Restrictions } from "./restrictions";
import type { LastStatement } from "./rewrite/rewrite";
import { runText } from "./run-inputs";
import { echoLines } from "./sql/echo";
import { repeatedQueries } from "./sql/repeated";
import { StatementSummary } from "./sql/statement-stats";

/** The most rows that `all()` holds in memory at the prompt, where a table may be longer than anybody knew. */
const MAX_ROWS = 100_000;

/** Written by a thread, as it is, while the main thread waits for SQLite. */
const UNSTOPPABLE =
  "SQLite runs this statement inside the shell, in a transaction or for a write: Ctrl-C cannot end it\r\n";

const UNRESTRICTED: Restrictions = { sandbox: false, readOnly: undefined };

type Success = Extract<EvaluationResult, { kind: "value" }>;
type Failure = Exclude<EvaluationResult, { kind: "value" }>;

/** Evaluates inputs and prints what came of them: the shell without its way of reading inputs. */
export class Repl implements ShellContext {
  readonly evaluator: Evaluator;
  readonly names: Names;
  readonly output: Output;
  readonly inputs: SavedInput[] = [];
  db: Database;
  entities: Entities;
  statements = new StatementSummary();
  lastError: unknown;
  isExiting = false;
  isEchoing: boolean;
  isTiming = false;
  private isInterrupted = false;
  private cancelling: Promise<void> | undefined;
  private readonly progress: FlushProgress;
  private readonly batches: BatchProgress;
  private readonly restorePrint: () => void;
  private stopObserving: () => void = () => undefined;

  constructor(
    readonly options: ShellOptions,
    mode: OutputMode,
    public restrictions: Restrictions = UNRESTRICTED,
    readonly terminal: Terminal | undefined = undefined,
    names: Readonly<Record<string, unknown>> = {},
  ) {
    this.db = options.db;
    this.entities = new Entities(this.db.models);
    this.isEchoing = options.echo ?? false;
    this.output = new Output(options, mode);
    this.evaluator = new Evaluator({
      isEntity: (target) => this.entities.ofTarget(target) !== undefined,
      create: (target, values) => this.create(target, values),
      takesKeywords: (receiver) => this.takesKeywords(receiver),
      import: (specifier) => importFrom(specifier, options.root, options.load?.bind(options)),
    });
    this.names = new Names(this.evaluator, options.settings);
    this.progress = new FlushProgress(this.output, () => this.unsaved);
    this.batches = new BatchProgress(this.output);
    this.restorePrint = redirectPrint((values) => this.output.printValues(values));
    this.useDatabase(options.db, restrictions, names);
  }

  useDatabase(db: Database, restrictions: Restrictions, names: Readonly<Record<string, unknown>> = {}): void {
    this.stopObserving();
    this.restrictions = restrictions;
    this.db = db;
    this.entities = new Entities(db.models);
    this.output.useDatabase(db, this.entities);
    if (this.isInteractive) this.prepareForLongTables(db);
    this.stopObserving = db.observe((event) => this.observe(event), { parameters: true });
    this.names.define(db, this.entities, names);
    this.evaluator.defineRequire(path.join(this.options.root, "package.json"));
  }

  /** Nobody knows how long a table is before it is read. */
  private prepareForLongTables(db: Database): void {
    db.session.limitRows(MAX_ROWS);
    const { fd } = this.options.output as { fd?: number };
    const unstoppable = fd === undefined ? undefined : { fd, text: UNSTOPPABLE };
    databaseControlOf(db.dataSource).makeStoppable(db.dataSource, unstoppable);
  }

  private create(target: unknown, values: unknown): object {
    const model = this.entities.ofTarget(target);
    if (model && values !== undefined && (!isObject(values) || Array.isArray(values)))
      throw takesValues(model.name, exampleColumn(model), values);
    return this.db.create(target as never, values as never);
  }

  private takesKeywords(receiver: unknown): boolean {
    return (
      receiver instanceof Query ||
      receiver instanceof Batches ||
      receiver instanceof Collection ||
      receiver === this.db ||
      receiver === this.db.session ||
      isAwaitable(receiver)
    );
  }

  get unsaved(): number {
    const { session } = this.db;
    return session.new.length + session.dirty.length + session.deleted.length;
  }

  close(): void {
    this.stopObserving();
    this.restorePrint();
    this.evaluator.close();
  }

  // Evaluating ----------------------------------------------------------------------------------------------------------

  async run(text: string, { hasMore = false, linesBefore = 0 }: RunOptions = {}): Promise<boolean> {
    this.statements = new StatementSummary();
    this.batches.begin();
    const source = "\n".repeat(linesBefore) + text;
    const result = await this.executed(source, await this.evaluate(source));
    this.progress.end();
    this.batches.end();
    if (result.kind === "value") this.printResult(text, result, hasMore);
    else this.printFailure(result, text);
    this.output.secrets.revealed = false;
    this.printSummary();
    this.noteRedefinedNames(text);
    return result.kind === "value";
  }

  runText(text: string): Promise<boolean> {
    return runText(text, this);
  }

  async valueOf(text: string): Promise<unknown> {
    const result = await this.evaluate(text);
    if (result.kind === "error") throw result.error;
    if (result.kind === "interrupted") throw new Interrupted();
    return result.value;
  }

  private async evaluate(text: string): Promise<EvaluationResult> {
    this.lastError = undefined;
    this.isInterrupted = false;
    await this.cancelling;
    this.cancelling = undefined;
    return awaiting(quoted(text), () => this.evaluator.evaluate(text, { breakable: this.isInteractive }));
  }

  /** An input that is ``sql`…` `` by itself runs in the session, and its value is the rows. */
  private async executed(source: string, result: EvaluationResult): Promise<EvaluationResult> {
    if (result.kind !== "value" || result.last.kind !== "expression" || !(result.value instanceof Sql)) return result;
    const { value, last } = result;
    // A variable that holds a part of a query is shown.
    if (!/^sql\s*`/.test(source.slice(last.start, last.end))) return result;
    try {
      return { ...result, value: await awaiting(quoted(source), () => this.db.session.execute(value)) };
    } catch (error) {
      return this.isInterrupted ? { kind: "interrupted" } : { kind: "error", error, location: undefined };
    }
  }

  private get isInteractive(): boolean {
    return this.output.mode === "terminal";
  }

  async summarized<T>(work: () => Promise<T>): Promise<T> {
    this.statements = new StatementSummary();
    const result = await work().finally(() => this.progress.end());
    this.printSummary();
    return result;
  }

  async commit(): Promise<boolean> {
    try {
      await this.summarized(() => this.db.session.commit());
      return true;
    } catch (error) {
      this.reportError(error);
      return false;
    }
  }

  interrupt(): void {
    this.isInterrupted = true;
    this.evaluator.interrupt();
    // The next input waits for the cancellation, which could end its statement otherwise.
    this.cancelling = this.db.session.cancel().catch((error: unknown) => this.reportError(error));
  }

  throwIfInterrupted(): void {
    if (this.isInterrupted) throw new Interrupted();
  }

  // Printing ------------------------------------------------------------------------------------------------------------

  private printResult(text: string, result: Success, hasMore: boolean): void {
    const { value, last } = result;
    const { mode } = this.output;
    this.inputs.push({ text, isPrinted: last.kind === "expression" && value !== undefined });
    if (isShown(last, value, mode)) {
      this.evaluator.define("_", value);
      this.output.showValue(value);
    } else if (this.isInteractive && !hasMore && "names" in last && last.names.length > 0) {
      const summary = this.output.printer.summary(value);
      if (summary !== "") this.output.print([this.output.style.dim(summary)]);
    }
    if (!hasMore) this.suggestMember(text, result);
  }

  /** Reading a member that does not exist gives `undefined` without an error; at a terminal a suggestion is printed. */
  private suggestMember(text: string, { value, last }: Success): void {
    const isRead = last.kind === "expression" && value === undefined;
    const advice = isRead ? adviceForRead(text, this.known) : undefined;
    if (advice) return this.output.note(adviceLines(advice, this.output));
    if (!this.isInteractive) return;
    const isSet = last.kind === "assignment" && last.names.length === 0;
    if (!isRead && !isSet) return;
    const { missingMember } = require("./complete/missing-member") as typeof import("./complete/missing-member");
    const message = missingMember(text, this);
    if (message !== undefined) this.output.message(message, this.output.style.dim);
  }

  reportError(error: unknown): void {
    if (error instanceof Interrupted) this.printFailure({ kind: "interrupted" });
    else this.printFailure({ kind: "error", error, location: this.evaluator.locate(error) });
    this.printSummary();
  }

  private printFailure(result: Failure, input?: string): void {
    const { output, isInteractive } = this;
    this.lastError = result.kind === "error" ? result.error : undefined;
    const { failure } = this.db.session;
    const needsRollback = failure !== undefined;
    if (result.kind === "interrupted") {
      const { written } = this.batches;
      const hint = needsRollback
        ? ansi`; the session needs db.session.rollback()`
        : written
          ? ansi`; ${escapeLine(written)}`
          : ansi``;
      // The terminal has echoed ^C.
      const start = output.progressStream ? ansi`${LINE_START}${CLEAR_LINE}` : ansi``;
      return output.note([ansi`${start}${output.style.warn(ansi`interrupted${hint}`)}`]);
    }
    output.note(
      failureLines(result.error, result.location, {
        style: output.style,
        width: output.width,
        isTerminal: isInteractive,
        verbose: this.options.verbose ?? false,
        names: () => this.names.all(),
        ...this.known,
        input,
        // An error of JavaScript has nothing to do with the failed flush.
        needsRollback: needsRollback && (result.error === failure || result.error instanceof RetortError),
        isReadOnly: this.restrictions.readOnly !== undefined,
      }),
    );
  }

  private get known(): KnownNames {
    return {
      members: (expression) => this.members(expression),
      isEntity: (name) => this.names.entity(name) !== undefined,
      queryOf: (name) => this.queryOf(name),
      entityCalled: (name) => this.names.entityCalled(name),
      entity: this.names.entities[0]?.name ?? "Entity",
    };
  }

  private queryOf(entity: string): string {
    const { hasQuery } = require("./complete/types") as typeof import("./complete/types");
    const known = this.names.entity(entity);
    return known && !hasQuery(known.model) ? `db.query(${entity})` : `${entity}.query`;
  }

  /** The members of an expression, found by types. */
  private members(expression: string): string[] {
    const { membersOf } = require("./complete/members") as typeof import("./complete/members");
    return membersOf(expression, this);
  }

  /** What was sent to the database, and repeated queries. */
  private printSummary(): void {
    const { output, statements } = this;
    if (!this.isInteractive || statements.isPrinted) return;
    statements.isPrinted = true;
    const summary = statements.text(this.isTiming, this.db.session.failure !== undefined);
    if (summary) output.message(summary, output.style.dim);
    output.note(
      repeatedQueries(statements.statements, this.entities, (sql) => statements.batchQueries.has(sql)).map((line) =>
        output.style.warn(escapeLine(line)),
      ),
    );
  }

  private observe(event: DatabaseEvent): void {
    const { output } = this;
    this.statements.add(event);
    if (event.type === "batch") this.batches.batchEnded(event);
    else if (event.type !== "statement") this.progress.end();
    else if (!this.isEchoing && !this.batches.isRunning) this.progress.statementSent(event);
    if (this.isEchoing) output.note(echoLines(event, output.style, output.secrets));
  }

  private noteRedefinedNames(text: string): void {
    if (!this.isInteractive) return;
    for (const name of this.names.redefinedBy(text))
      this.output.message(`${name} is redefined; .reload restores it`, this.output.style.dim);
  }
}

/** Whether the value of a statement is printed. Of a loop or a condition it is noise in a script, and printed at the prompt as Node does. */
function isShown({ kind }: LastStatement, value: unknown, mode: OutputMode): boolean {
  if (kind === "expression") return true;
  if (kind === "completion") return value !== undefined && mode !== "pipe";
  return mode === "once" && kind !== "other";
}

/** Characters of an input by which it is named. */
const NAMED = 60;

/** The first line of an input, shortened, in quotation marks. */
function quoted(text: string): string {
  const line = firstLine(text);
  return `"${line.length > NAMED ? `${line.slice(0, NAMED)}…` : line}"`;
}

/** A column that people fill in by hand. */
function exampleColumn({ columns }: EntityModel): string {
  const isTyped = ({ metadata }: EntityModel["columns"][number]): boolean =>
    !metadata.isGenerated && !metadata.isVirtual && metadata.relationMetadata === undefined;
  return (columns.find(isTyped) ?? columns[0])?.property ?? "name";
}
