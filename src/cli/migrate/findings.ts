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
export function worded({ kind, text }: Finding, style: Style): string {
  const paint = kind === "must-fail" ? style.bad : kind === "rebuilds" || kind === "locks" ? style.dim : style.warn;
  return `${paint.call(style, `${WORDS[kind]}:`)} ${text}`;
}
