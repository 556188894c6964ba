import { ansi, escapeLine, escapeText, linesOf, type EscapedText } from "../../terminal/escaped-text";
import type { Style, TextStyle } from "../../terminal/style";

/** One step of a query plan; the steps that feed it are one level deeper. */
interface Step {
  readonly text: string;
  readonly depth: number;
}

/** A query plan as a tree; scans of whole tables are marked. */
export function planTree(lines: readonly string[], style: Style): EscapedText[] {
  const steps = lines.flatMap((line) => linesOf(escapeText(line))).map(stepOf);
  return steps.map((step, index) => {
    const text = escapeLine(step.text);
    return ansi`${escapeLine(branches(steps, index))}${styleOf(step.text, style)?.(text) ?? text}`;
  });
}

/** Depth by indentation, as PostgreSQL writes it (`  ->  Seq Scan`, with details below); the other dialects do the same. */
function stepOf(line: string): Step {
  const [, blanks, arrow, text] = /^(\s*)(->\s+)?(.*)$/.exec(line)!;
  return { text: text!, depth: Math.ceil((blanks!.length + (arrow?.length ?? 0)) / 2) };
}

function branches(steps: readonly Step[], index: number): string {
  const { depth } = steps[index]!;
  const least = Math.min(...steps.map((step) => step.depth));
  const roots = steps.filter((step) => step.depth === least).length;
  if (depth === least) return roots === 1 ? "" : lastAt(steps, index, depth) ? "└─ " : "├─ ";
  const levels = [...new Set(steps.map((step) => step.depth))].sort((a, b) => a - b).filter((level) => level < depth);
  const trunk = levels
    .slice(1)
    .map((level) => (lastAt(steps, index, level) ? "   " : "│  "))
    .join("");
  return `${trunk}${lastAt(steps, index, depth) ? "└─ " : "├─ "}`;
}

/** Whether no other step of a depth follows below the same parent. */
function lastAt(steps: readonly Step[], index: number, depth: number): boolean {
  for (const step of steps.slice(index + 1)) {
    if (step.depth < depth) return true;
    if (step.depth === depth) return false;
  }
  return true;
}

function styleOf(text: string, style: Style): TextStyle | undefined {
  if (/^(SCAN\b(?!.*\bUSING\b)|Seq Scan|\w+ \w+: ALL\b|USE TEMP B-TREE)/.test(text)) return style.warn;
  if (/^(SEARCH|Index|Bitmap|SCAN .*USING)/.test(text)) return style.good;
  return /^(Filter|Index Cond|Sort Key|Hash Cond|Join Filter|Recheck Cond|Rows Removed)/.test(text)
    ? style.dim
    : undefined;
}
