import type { Finding, FindingKind } from "../../migrate/lint/lint";
import type { Style } from "../style";

const WORDS: Readonly<Record<FindingKind, string>> = {
  "must-fail": "must fail",
  "loses-rows": "loses rows",
  "loses-values": "loses values",
  "deletes-rows": "deletes rows",
  rebuilds: "rebuilds",
  locks: "locks",
};

/** `must fail: "email" of "user" becomes unique, and 2 values are there more than once` */
export function formatFinding({ kind, text }: Finding, style: Style): string {
  const colour = kind === "must-fail" ? "bad" : kind === "rebuilds" || kind === "locks" ? "dim" : "warn";
  return `${style[colour](`${WORDS[kind]}:`)} ${text}`;
}
