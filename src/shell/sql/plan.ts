import type { Theme } from "../print/theme";

/** One step of a plan, with those that feed it. */
interface Step {
  readonly text: string;
  readonly depth: number;
}

/** A plan as a tree: what reads a whole table is marked, since that is what one looks for. */
export function planTree(lines: readonly string[], theme: Theme): string[] {
  const steps = lines.flatMap((line) => line.split("\n")).map(stepOf);
  return steps.map((step, index) => `${branches(steps, index)}${coloured(step.text, theme)}`);
}

/** PostgreSQL indents its lines (`  ->  Seq Scan`, with remarks below); so do we for the others. */
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

function coloured(text: string, theme: Theme): string {
  if (/^(SCAN\b(?!.*\bUSING\b)|Seq Scan|\w+ \w+: ALL\b|USE TEMP B-TREE)/.test(text)) return theme.warning(text);
  if (/^(SEARCH|Index|Bitmap|SCAN .*USING)/.test(text)) return theme.good(text);
  return /^(Filter|Index Cond|Sort Key|Hash Cond|Join Filter|Recheck Cond|Rows Removed)/.test(text)
    ? theme.quiet(text)
    : text;
}
