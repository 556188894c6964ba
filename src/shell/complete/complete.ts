import { memberEntry } from "../api/api";
import type { ArgumentKind } from "../api/entry";
import { commands } from "../commands/commands";
import type { Candidate, Completions } from "./completions";
import type { ShellContext } from "../context";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import { candidatesOf, properties } from "./members";
import { chainStart, scan, type Frame, type Scan } from "./scan";
import { columnOf, Inference, relationOf, type Type } from "./types";

/*
 * Completion works with metadata, types and the table of the API. It never runs what was typed and never sends SQL.
 */

const KEYWORDS =
  "async await break case catch class const continue default delete else finally for function if import in instanceof let new of return switch throw try typeof while".split(
    " ",
  );

/** The completions at a position of an input. */
export function complete(text: string, cursor: number, shell: ShellContext): Completions {
  const before = text.slice(0, cursor);
  if (/^\s*[.?]\w*(\s|$)/.test(before) || /^\s*\?/.test(before)) return completeCommand(before, shell);
  return new Completer(before, shell).completions();
}

function completeCommand(before: string, shell: ShellContext): Completions {
  const about = /^(\s*\?\s*)(.*)$/s.exec(before);
  if (about) return shifted(complete(about[2]!, about[2]!.length, shell), about[1]!.length);
  const [, lead, name, gap, rest] = /^(\s*\.)(\w*)(\s*)(.*)$/s.exec(before)!;
  if (gap === "") {
    const names = commands.map(({ name: text, takes, summary }) => ({
      text,
      note: summary,
      ...(takes !== undefined && { after: " " }),
    }));
    return matching(names, name!, lead!.length, before.length);
  }
  const command = commands.find((candidate) => candidate.name === name);
  const start = lead!.length + name!.length + gap!.length;
  const offered = command?.completions?.(shell) ?? [];
  if (offered.length > 0)
    return matching(
      offered.map((each) => ({ text: each })),
      rest!,
      start,
      before.length,
    );
  // The argument is an expression: .explain User.query.…
  return shifted(complete(rest!, rest!.length, shell), start);
}

class Completer {
  private readonly scanned: Scan;
  private readonly inference: Inference;

  constructor(
    private readonly before: string,
    private readonly shell: ShellContext,
  ) {
    this.scanned = scan(before);
    this.inference = new Inference(shell, (name) => this.listOf(name));
  }

  completions(): Completions {
    const { inside } = this.scanned;
    if (inside?.kind === "comment") return none(this.before.length);
    if (inside) return this.inString(inside.at);
    const word = /[\p{ID_Continue}$]*$/u.exec(this.before)![0];
    const start = this.before.length - word.length;
    const receiver = /(\?\.|(?<!\.)\.)\s*$/.exec(this.before.slice(0, start));
    // `1.` starts a fraction.
    if (receiver && /(^|[^\p{ID_Continue}$.)\]])\d+$/u.test(this.before.slice(0, receiver.index))) return none(start);
    if (receiver) return this.members(receiver.index, word, start);
    if (/^\d/.test(word)) return none(this.before.length);
    const keys = this.keys(start);
    if (keys) return matching(keys, word, start, this.before.length);
    return matching([...this.keywordArguments(start), ...this.names()], word, start, this.before.length);
  }

  /** `expression.` */
  private members(dot: number, word: string, start: number): Completions {
    return matching(candidatesOf(this.typeBefore(dot), this.shell), word, start, this.before.length);
  }

  /** The type of the chain that ends at a position. */
  private typeBefore(end: number): Type {
    const start = chainStart(this.before, end, this.scanned);
    return this.inference.ofText(this.before.slice(start, end));
  }

  // Keys ----------------------------------------------------------------------------------------------------------------

  /** Keys of an object of values of an entity: `filterBy({ `. */
  private keys(start: number): Candidate[] | undefined {
    const frame = this.scanned.open.at(-1);
    if (frame?.bracket !== "{") return undefined;
    if (!/[{,]\s*$/.test(this.before.slice(frame.at, start))) return undefined;
    const model = this.modelOfObject(this.scanned.open.length - 1);
    return (
      model && properties(model).map(({ text, note }) => ({ text: `${text}: `, ...(note !== undefined && { note }) }))
    );
  }

  /** The entity whose properties are the keys of an object literal, by its context. */
  private modelOfObject(index: number): EntityModel | undefined {
    const frame = this.scanned.open[index]!;
    const outer = this.scanned.open[index - 1];
    if (!outer) return undefined;
    const key = /([\p{ID_Continue}$]+)\s*:\s*$/u.exec(this.before.slice(0, frame.at))?.[1];
    if (outer.bracket === "{" && key !== undefined) {
      const model = this.modelOfObject(index - 1);
      return model && relationOf(model, key)?.target;
    }
    return outer.bracket === "(" ? this.modelOfCall(outer) : undefined;
  }

  /** The entity that a call takes values of. */
  private modelOfCall(frame: Frame): EntityModel | undefined {
    const callee = this.calleeOf(frame);
    if (!callee) return undefined;
    const { name, receiver } = callee;
    if (!receiver) return this.shell.names.entity(name)?.model;
    if ((receiver.kind === "query" || receiver.kind === "collection") && takes("values", callee)) return receiver.model;
    if (name === "create" && (receiver.kind === "database" || receiver.kind === "session")) {
      const entity = /\(\s*([\p{ID_Continue}$]+)\s*,/u.exec(this.before.slice(frame.at))?.[1];
      return entity === undefined ? undefined : this.shell.names.entity(entity)?.model;
    }
    return undefined;
  }

  /** The callee of an open parenthesis. */
  private calleeOf(frame: Frame): Callee | undefined {
    const head = this.before.slice(0, frame.at).trimEnd();
    const name = /[\p{ID_Continue}$]+$/u.exec(head)?.[0];
    if (name === undefined) return undefined;
    const before = head.slice(0, -name.length).trimEnd();
    const dot = /(\?\.|\.)$/.exec(before);
    return { name, receiver: dot ? this.typeBefore(dot.index) : undefined };
  }

  /** `User(us` → `username=`. */
  private keywordArguments(start: number): Candidate[] {
    const frame = this.scanned.open.at(-1);
    if (frame?.bracket !== "(" || !/[(,]\s*$/.test(this.before.slice(frame.at, start))) return [];
    const callee = this.calleeOf(frame);
    // filter() takes expressions; keywords belong to filterBy().
    const model = callee?.name === "filter" ? undefined : this.modelOfCall(frame);
    return model
      ? properties(model).map(({ text, note }) => ({ text: `${text}=`, ...(note !== undefined && { note }) }))
      : [];
  }

  // Strings -------------------------------------------------------------------------------------------------------------

  /** Inside a string: names of properties, of relations, values of an enum. */
  private inString(at: number): Completions {
    const start = at + 1;
    const typed = this.before.slice(start);
    const frame = this.scanned.open.at(-1);
    if (!frame || this.before[at] === "/") return none(this.before.length);
    const lead = this.before.slice(0, at).trimEnd();
    const key = /([\p{ID_Continue}$]+)\s*[:=]$/u.exec(lead)?.[1];
    if (key !== undefined) {
      const model = frame.bracket === "{" ? this.modelOfObject(this.scanned.open.length - 1) : this.modelOfCall(frame);
      return matching(valuesOf(model && columnOf(model, key)), typed, start, this.before.length);
    }
    const call = frame.bracket === "[" ? this.scanned.open.at(-2) : frame;
    const callee = call?.bracket === "(" ? this.calleeOf(call) : undefined;
    return matching(this.stringsOf(callee), typed, start, this.before.length);
  }

  private stringsOf(callee: Callee | undefined): Candidate[] {
    if (!callee) return [];
    const { receiver } = callee;
    if (receiver?.kind === "column") return valuesOf(receiver.column);
    const model =
      receiver?.kind === "query" || receiver?.kind === "collection" ? receiver.model : this.modelOfOuterQuery();
    if (!model) return [];
    if (takes("properties", callee)) return properties(model);
    return takes("relations", callee) ? properties(model).filter(({ text }) => relationOf(model, text)) : [];
  }

  /** `User.query.options(selectin('`: the query around the call. */
  private modelOfOuterQuery(): EntityModel | undefined {
    for (const frame of [...this.scanned.open].reverse().slice(1)) {
      const callee = frame.bracket === "(" ? this.calleeOf(frame) : undefined;
      if (callee?.receiver?.kind === "query") return callee.receiver.model;
    }
    return undefined;
  }

  // Names ---------------------------------------------------------------------------------------------------------------

  private names(): Candidate[] {
    const { shell } = this;
    const entities = shell.names.entities.map(({ name, model }) => ({
      text: name,
      note: `entity, table ${model.metadata.tableName}`,
    }));
    const known = new Set(entities.map(({ text }) => text));
    const others = [...new Set([...shell.names.all(), ...KEYWORDS])]
      .filter(
        (name) => !known.has(name) && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !name.startsWith("__"),
      )
      .sort();
    return [...entities, ...others.map((text) => ({ text, ...noteOf(text) }))];
  }

  /** The list whose elements a name stands for in the code before the cursor: `users.map(u => u.`. */
  private listOf(name: string): string | undefined {
    const escaped = name.replace(/\$/g, "\\$");
    const callback = new RegExp(
      `\\.\\s*(?:map|filter|forEach|some|every|find\\w*|flatMap|sort|toSorted)\\(\\s*(?:async\\s*)?(?:function\\s*)?\\(?(?:\\w+\\s*,\\s*)?${escaped}\\b[^=)]*\\)?\\s*(?:=>|\\{)`,
      "gu",
    );
    const called = [...this.before.matchAll(callback)].at(-1);
    if (called)
      return this.before.slice(
        chainStart(this.before, called.index, scan(this.before.slice(0, called.index))),
        called.index,
      );
    const loop = new RegExp(`\\bfor\\s*(?:await\\s*)?\\(\\s*(?:const|let|var)?\\s*${escaped}\\s+of\\s+`, "gu");
    const looped = [...this.before.matchAll(loop)].at(-1);
    return looped && this.before.slice(looped.index + looped[0].length, this.endOfHead(looped.index));
  }

  /** The closing parenthesis of a loop's head. */
  private endOfHead(from: number): number {
    const open = this.before.indexOf("(", from);
    for (const [end, start] of this.scanned.closed) if (start === open) return end;
    return this.before.length;
  }
}

interface Callee {
  readonly name: string;
  readonly receiver: Type | undefined;
}

function takes(kind: ArgumentKind, { name, receiver }: Callee): boolean {
  return memberEntry(receiver?.kind ?? "names", name)?.takes === kind;
}

function noteOf(name: string): { note?: string } {
  const entry = memberEntry("names", name);
  return entry ? { note: entry.summary } : {};
}

/** The values of an enum. */
function valuesOf(column: ColumnModel | undefined): Candidate[] {
  return (column?.metadata.enum ?? []).map((value) => ({ text: String(value) }));
}

/** The candidates that start with what was typed; if there are none, those that do regardless of case. */
function matching(candidates: readonly Candidate[], typed: string, start: number, end: number): Completions {
  const exact = candidates.filter(({ text }) => text.startsWith(typed));
  const lower = typed.toLowerCase();
  const found = exact.length > 0 ? exact : candidates.filter(({ text }) => text.toLowerCase().startsWith(lower));
  return { start, end, candidates: found };
}

function none(at: number): Completions {
  return { start: at, end: at, candidates: [] };
}

function shifted({ start, end, candidates }: Completions, by: number): Completions {
  return { start: start + by, end: end + by, candidates };
}
