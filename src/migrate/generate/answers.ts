import { answeredTwice, badAnswer, unanswered, uselessAnswer } from "./errors";

/** What was answered on the command line, as typed: `User.name:fullName`, `User.legacy`, `User.age=0`. */
export interface Resolutions {
  readonly renames?: readonly string[];
  readonly drops?: readonly string[];
  readonly backfills?: readonly string[];
}

export function hasAnswers({ renames = [], drops = [], backfills = [] }: Resolutions): boolean {
  return renames.length + drops.length + backfills.length > 0;
}

/** One thing that is not done without being told so. */
export interface Question {
  readonly about: "table" | "column" | "index" | "view" | "values" | "narrowing";
  /** What it is about, in one line, with the number of rows as evidence. */
  readonly text: string;
  /** The rows it concerns. */
  readonly rows: number;
  /** At least one. `flag` is what a script would type. */
  readonly choices: readonly Choice[];
}

export interface Choice {
  readonly flag: string;
  readonly text: string;
  /** The flag ends in `VALUE`, which is to be put in its place: ask for it. */
  readonly wantsValue?: boolean;
  /** What is wrong with a value, so that it can be asked for again. */
  readonly problem?: (value: string) => string | undefined;
}

/** Asks somebody at a terminal; gives the flag that was chosen, with VALUE filled in. */
export type Ask = (question: Question) => Promise<string>;

type FlagName = "rename" | "drop" | "backfill";

interface Answer {
  readonly flag: FlagName;
  /** What is left of the separator: `User.name`. */
  readonly subject: string;
  /** What is right of it: `fullName`, `0`. */
  readonly value: string;
  used: boolean;
}

const FORMS: Record<FlagName, string> = {
  rename: "--rename User.name:fullName or --rename OldEntity:NewEntity",
  drop: "--drop User.legacy or --drop OldEntity",
  backfill: "--backfill User.age=0",
};
const SEPARATORS: Record<FlagName, string | undefined> = { rename: ":", backfill: "=", drop: undefined };

/** The answers that were given, those that are asked for at the terminal, and the questions that stay open. */
export class Prompts {
  readonly #answers: Answer[];
  readonly #open: Question[] = [];
  readonly #suggestions: string[] = [];
  readonly #ask: Ask | undefined;

  constructor(answers: Resolutions, ask?: Ask) {
    this.#ask = ask;
    this.#answers = [
      ...(answers.renames ?? []).map((text) => read("rename", text)),
      ...(answers.drops ?? []).map((text) => read("drop", text)),
      ...(answers.backfills ?? []).map((text) => read("backfill", text)),
    ];
    this.#refuseContradictions();
  }

  /** Which of two answers to one question is meant, nobody knows. */
  #refuseContradictions(): void {
    const seen = new Map<string, Answer>();
    for (const answer of this.#answers) {
      const topic = `${answer.flag === "backfill" ? "value" : "fate"} ${answer.subject}`;
      const other = seen.get(topic);
      if (other) throw answeredTwice(answer.subject, [written(other), written(answer)]);
      seen.set(topic, answer);
    }
  }

  /** Every answer of a kind, to be looked through; `use` marks those that were of use. */
  all(flag: FlagName): readonly Answer[] {
    return this.#answers.filter((answer) => answer.flag === flag);
  }

  /** The value of the answer about one of these subjects. */
  given(flag: FlagName, subjects: readonly string[]): string | undefined {
    const answer = this.#answers.find((one) => one.flag === flag && subjects.includes(one.subject));
    if (answer) answer.used = true;
    return answer?.value;
  }

  /** Puts the question to somebody, if anybody is there; its answer is then among the given ones. Else it stays open. */
  async put(question: Question): Promise<boolean> {
    this.#suggestions.push(...question.choices.map(({ flag }) => flag));
    if (!this.#ask) {
      this.#open.push(question);
      return false;
    }
    const chosen = await this.#ask(question);
    const match = /^--(rename|drop|backfill) (.*)$/s.exec(chosen);
    if (!match) throw badAnswer(chosen, question.choices.map(({ flag }) => flag).join(" or "));
    this.#answers.push(read(match[1] as FlagName, match[2]!));
    return true;
  }

  /** Whether anything is left unanswered so far. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Throws when a question is open, or when an answer fits nothing. */
  close(): void {
    const useless = this.#answers.find((answer) => !answer.used);
    if (useless) throw uselessAnswer(written(useless), closest(written(useless), this.#suggestions));
    if (this.#open.length > 0) throw unanswered(this.#open);
  }
}

function read(flag: FlagName, text: string): Answer {
  const separator = SEPARATORS[flag];
  if (separator === undefined) {
    if (!text) throw badAnswer(`--${flag} ${text}`, FORMS[flag]);
    return { flag, subject: text, value: "", used: false };
  }
  const at = text.indexOf(separator);
  if (at <= 0 || at === text.length - 1) throw badAnswer(`--${flag} ${text}`, FORMS[flag]);
  return { flag, subject: text.slice(0, at), value: text.slice(at + 1), used: false };
}

function written({ flag, subject, value }: Answer): string {
  return `--${flag} ${subject}${SEPARATORS[flag] ? SEPARATORS[flag] + value : ""}`;
}

function closest(text: string, candidates: readonly string[]): string | undefined {
  const [first] = closestFirst(text, candidates, (candidate) => candidate);
  return first !== undefined && distance(text, first) <= text.length / 2 ? first : undefined;
}

/** The five whose names are nearest to the text, the nearest first. */
export function closestFirst<T>(text: string, candidates: readonly T[], nameOf: (candidate: T) => string): T[] {
  const scored = candidates.map((candidate) => ({ candidate, distance: distance(text, nameOf(candidate)) }));
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, 5).map(({ candidate }) => candidate);
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
