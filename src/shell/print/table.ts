import { cursorToColumn } from "../../terminal/control";
import { ansi, EMPTY, join, repeat, trimEnd, type EscapedText } from "../../terminal/escaped-text";
import type { Style, TextStyle } from "../../terminal/style";
import { cut, isDisputed, padEnd, widthOf, wrap } from "../../terminal/width";

/*
 * Tables are drawn here because no library both cuts a table to the terminal column by column and turns it upright where that
 * does not suffice. The hard part, the width of text, comes from a library (see src/terminal/width.ts).
 */

export interface TableColumn {
  readonly name: EscapedText;
  /** Numbers are aligned at the right. */
  readonly numeric: boolean;
}

export interface TableCell {
  readonly text: EscapedText;
  /** null and masked values are dimmed. */
  readonly faint: boolean;
}

const SEPARATOR = ansi` │ `;
/** A column is cut to no less than this. */
const MIN_WIDTH = 10;
/** A column takes no more than this while others are cut. */
const MAX_WIDTH = 60;

/** Rows as a table that fits the width, or upright (one line a field) where the columns cannot be cut that far. */
export function drawTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  width: number,
  style: Style,
): EscapedText[] {
  const natural = columns.map(({ name }, index) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[index]!.text)), widthOf(name)),
  );
  const widths = fit(natural, width - SEPARATOR.length * (columns.length - 1) - 2);
  return widths ? across(columns, rows, widths, style) : upright(columns, rows, width, style);
}

/** The width of each column, or undefined where even the narrowest do not fit. */
function fit(natural: readonly number[], available: number): number[] | undefined {
  const widths = [...natural];
  let total = widths.reduce((sum, width) => sum + width, 0);
  for (const floor of [MAX_WIDTH, MIN_WIDTH]) {
    while (total > available) {
      const widest = Math.max(...widths);
      if (widest <= floor) break;
      // The widest columns shrink first, to the width of the next ones.
      const next = Math.max(floor, ...widths.filter((width) => width < widest));
      const many = widths.filter((width) => width === widest).length;
      const target = Math.max(next, widest - Math.ceil((total - available) / many));
      widths.forEach((width, index) => {
        if (width === widest) widths[index] = target;
      });
      total = widths.reduce((sum, width) => sum + width, 0);
    }
  }
  return total <= available ? widths : undefined;
}

function across(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  widths: readonly number[],
  style: Style,
): EscapedText[] {
  const ends = widths.map(
    (_, index) => 1 + index * SEPARATOR.length + widths.slice(0, index + 1).reduce((sum, width) => sum + width, 0),
  );
  const separator = style.dim(SEPARATOR);
  const line = (cells: readonly TableCell[], cellStyle: TextStyle): EscapedText => {
    const texts = cells.map(({ text, faint }, index) => {
      const shown = cut(text, widths[index]!);
      const isLast = index === cells.length - 1;
      // Terminals disagree on the width of emoji: what follows is placed in its column.
      const moved = style.enabled && !isLast && isDisputed(shown) ? cursorToColumn(ends[index]! + 1) : EMPTY;
      const blank = repeat(ansi` `, widths[index]! - widthOf(shown));
      const styled = faint ? style.dim(shown) : cellStyle(shown);
      if (columns[index]!.numeric) return ansi`${blank}${styled}`;
      return isLast ? styled : ansi`${styled}${blank}${moved}`;
    });
    return trimEnd(ansi` ${join(texts, separator)}`);
  };
  const heads = columns.map(({ name }) => ({ text: name, faint: false }));
  const rule = style.dim(
    join(
      widths.map((width) => repeat(ansi`─`, width + 2)),
      ansi`┼`,
    ),
  );
  return [line(heads, style.bold), rule, ...rows.map((row) => line(row, (text) => text))];
}

function upright(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  width: number,
  style: Style,
): EscapedText[] {
  const names = Math.min(Math.max(...columns.map(({ name }) => widthOf(name))), Math.floor(width / 2));
  return rows.flatMap((row, index) => {
    const title = ansi`─ ${index + 1} `;
    return [
      style.dim(ansi`${title}${repeat(ansi`─`, Math.min(width, names + 24) - title.length)}`),
      ...row.map(({ text, faint }, column) => {
        const shown = cut(text, Math.max(1, width - names - 4));
        const name = style.accent(padEnd(cut(columns[column]!.name, names), names));
        return trimEnd(ansi` ${name}  ${faint ? style.dim(shown) : shown}`);
      }),
    ];
  });
}

export interface Pair {
  readonly name: EscapedText;
  readonly text: EscapedText;
}

/** Names and values in two columns; long values wrap where a width is given. */
export function drawPairs(pairs: readonly Pair[], style: Style, indent = ansi`  `, width = Infinity): EscapedText[] {
  const names = Math.max(0, ...pairs.map(({ name }) => widthOf(name)));
  const room = width - indent.length - names - 3;
  if (room < MIN_WIDTH * 2) return stacked(pairs, style, indent, width);
  return pairs.flatMap(({ name, text }) =>
    (width === Infinity ? [text] : wrap(text, room)).map((line, index) =>
      trimEnd(ansi`${indent}${style.accent(padEnd(index === 0 ? name : EMPTY, names))}  ${line}`),
    ),
  );
}

/** Values below their names, where they do not fit beside them. */
function stacked(pairs: readonly Pair[], style: Style, indent: EscapedText, width: number): EscapedText[] {
  const room = Math.max(8, width - indent.length - 3);
  return pairs.flatMap(({ name, text }) => [
    ansi`${indent}${style.accent(name)}`,
    ...wrap(text, room).map((line) => ansi`${indent}  ${line}`),
  ]);
}
