import { closest } from "../../suggestion";
import { conflictingResolutions, badResolution, unanswered, unusedResolution } from "./errors";
import type { Ask, Question } from "./question";

/** The answers given on the command line, as typed: `User.name:fullName`, `User.legacy`, `User.age=0`. */
export interface Resolutions {
  readonly renames?: readonly string[];
  readonly drops?: readonly string[];
  readonly backfills?: readonly string[];
}

export function hasResolutions({ renames = [], drops = [], backfills = [] }: Resolutions): boolean {
  return renames.length + drops.length + backfills.length > 0;
}

type FlagName = "rename" | "drop" | "backfill";

interface Resolution {
  readonly flag: FlagName;
  /** The part before the separator: `User.name`. */
  readonly subject: string;
  /** The part after the separator: `fullName`, `0`. */
  readonly value: string;
  used: boolean;
}

const FORMS: Record<FlagName, string> = {
  rename: "--rename User.name:fullName or --rename OldEntity:NewEntity",
  drop: "--drop User.legacy or --drop OldEntity",
  backfill: "--backfill User.age=0",
};
const SEPARATORS: Record<FlagName, string | undefined> = { rename: ":", backfill: "=", drop: undefined };

/** The resolutions from flags and from the terminal, and the questions that are still open. */
export class Prompts {
  readonly #resolutions: Resolution[];
  readonly #open: Question[] = [];
  readonly #suggestions: string[] = [];
  readonly #ask: Ask | undefined;

  constructor({ renames = [], drops = [], backfills = [] }: Resolutions, ask?: Ask) {
    this.#ask = ask;
    this.#resolutions = [
      ...renames.map((text) => parseResolution("rename", text)),
      ...drops.map((text) => parseResolution("drop", text)),
      ...backfills.map((text) => parseResolution("backfill", text)),
    ];
    this.#refuseConflicts();
  }

  #refuseConflicts(): void {
    const seen = new Map<string, Resolution>();
    for (const resolution of this.#resolutions) {
      const topic = `${resolution.flag === "backfill" ? "value" : "object"} ${resolution.subject}`;
      const other = seen.get(topic);
      if (other) throw conflictingResolutions(resolution.subject, [format(other), format(resolution)]);
      seen.set(topic, resolution);
    }
  }

  /** All resolutions of one flag. Set `used` on those that match a change. */
  all(flag: FlagName): readonly Resolution[] {
    return this.#resolutions.filter((resolution) => resolution.flag === flag);
  }

  /** The value given for one of these subjects; marks the resolution as used. */
  given(flag: FlagName, subjects: readonly string[]): string | undefined {
    const resolution = this.#resolutions.find((one) => one.flag === flag && subjects.includes(one.subject));
    if (resolution) resolution.used = true;
    return resolution?.value;
  }

  /** Asks the question where there is a terminal and adds the answer to the resolutions; otherwise keeps it open and returns false. */
  async put(question: Question): Promise<boolean> {
    this.#suggestions.push(...question.choices.map(({ flag }) => flag));
    if (!this.#ask) {
      this.#open.push(question);
      return false;
    }
    const chosen = await this.#ask(question);
    const match = /^--(rename|drop|backfill) (.*)$/s.exec(chosen);
    if (!match) throw badResolution(chosen, question.choices.map(({ flag }) => flag).join(" or "));
    this.#resolutions.push(parseResolution(match[1] as FlagName, match[2]!));
    return true;
  }

  get hasOpenQuestions(): boolean {
    return this.#open.length > 0;
  }

  /** @throws migrate/unanswered, migrate/useless-answer */
  close(): void {
    const unused = this.#resolutions.find((resolution) => !resolution.used);
    if (unused) throw unusedResolution(format(unused), closest(format(unused), this.#suggestions));
    if (this.#open.length > 0) throw unanswered(this.#open);
  }
}

function parseResolution(flag: FlagName, text: string): Resolution {
  const separator = SEPARATORS[flag];
  if (separator === undefined) {
    if (!text) throw badResolution(`--${flag} ${text}`, FORMS[flag]);
    return { flag, subject: text, value: "", used: false };
  }
  const at = text.indexOf(separator);
  if (at <= 0 || at === text.length - 1) throw badResolution(`--${flag} ${text}`, FORMS[flag]);
  return { flag, subject: text.slice(0, at), value: text.slice(at + 1), used: false };
}

function format({ flag, subject, value }: Resolution): string {
  return `--${flag} ${subject}${SEPARATORS[flag] ? SEPARATORS[flag] + value : ""}`;
}
