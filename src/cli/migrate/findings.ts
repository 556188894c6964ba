import type { Finding, FindingKind } from "../../migrate/lint/finding";
import { ansi, escapeText, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";

const WORDS: Readonly<Record<FindingKind, string>> = {
  "must-fail": "must fail",
  "loses-rows": "loses rows",
  "loses-values": "loses values",
  "deletes-rows": "deletes rows",
  rebuilds: "rebuilds",
  locks: "locks",
};

/** `must fail: "email" of "user" becomes unique, and 2 values are there more than once` */
export function formatFinding({ kind, text }: Finding, style: Style): EscapedText {
  const colour = kind === "must-fail" ? "bad" : kind === "rebuilds" || kind === "locks" ? "dim" : "warn";
  return ansi`${style[colour](escapeText(`${WORDS[kind]}:`))} ${escapeText(text)}`;
}
