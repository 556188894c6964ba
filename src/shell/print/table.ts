import { cut, isDisputed, padEnd, widthOf, wrapped } from "./width";
import type { Theme } from "./theme";

/*
 * Tables are drawn here rather than by a library because none of them both fits a table into a terminal column by column and
 * turns it upright when it cannot; the hard part, how wide text is, is a library's (see ./width).
 */

/** One column of a table, in plain text. */
export interface TableColumn {
  readonly name: string;
  /** Numbers stand at the right. */
  readonly numeric: boolean;
}

export interface TableCell {
  readonly text: string;
  /** null, a mask: there, but not worth the eye. */
  readonly faint: boolean;
}

const BETWEEN = " │ ";
/** A column is cut to no less than this, unless it never was as wide. */
const NARROWEST = 10;
/** A column takes no more than this while others are cut. */
const WIDEST = 60;

/** Rows as a table that fits into so many columns of the terminal, or upright where it cannot. */
export function drawTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  width: number,
  theme: Theme,
): string[] {
  const natural = columns.map(({ name }, index) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[index]!.text)), widthOf(name)),
  );
  const widths = fit(natural, width - BETWEEN.length * (columns.length - 1) - 2);
  return widths ? across(columns, rows, widths, theme) : upright(columns, rows, width, theme);
}

/** The width of each column, or undefined where even the narrowest do not fit. */
function fit(natural: readonly number[], available: number): number[] | undefined {
  const widths = [...natural];
  let total = widths.reduce((sum, width) => sum + width, 0);
  for (const floor of [WIDEST, NARROWEST]) {
    while (total > available) {
      const widest = Math.max(...widths);
      if (widest <= floor) break;
      // The widest give way first, down to the next ones.
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
  theme: Theme,
): string[] {
  const ends = widths.map(
    (_, index) => 1 + index * BETWEEN.length + widths.slice(0, index + 1).reduce((sum, width) => sum + width, 0),
  );
  const line = (cells: readonly TableCell[], style: (text: string) => string): string =>
    ` ${cells
      .map(({ text, faint }, index) => {
        const shown = cut(text, widths[index]!);
        const last = index === cells.length - 1;
        // However wide the terminal has drawn it, what follows stands in its column.
        const moved = theme.colours && !last && isDisputed(shown) ? `\x1b[${ends[index]! + 1}G` : "";
        const blank = " ".repeat(Math.max(0, widths[index]! - widthOf(shown)));
        const styled = faint ? theme.quiet(shown) : style(shown);
        return columns[index]!.numeric ? blank + styled : last ? styled : styled + blank + moved;
      })
      .join(theme.quiet(BETWEEN))}`.trimEnd();
  const heads = columns.map(({ name }) => ({ text: name, faint: false }));
  const rule = theme.quiet(widths.map((width) => "─".repeat(width + 2)).join("┼"));
  return [line(heads, theme.strong), rule, ...rows.map((row) => line(row, (text) => text))];
}

function upright(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  width: number,
  theme: Theme,
): string[] {
  const names = Math.min(Math.max(...columns.map(({ name }) => widthOf(name))), Math.floor(width / 2));
  return rows.flatMap((row, index) => {
    const title = `─ ${index + 1} `;
    return [
      theme.quiet(title + "─".repeat(Math.max(0, Math.min(width, names + 24) - title.length))),
      ...row.map(({ text, faint }, column) => {
        const shown = cut(text, Math.max(1, width - names - 4));
        return ` ${theme.name(padEnd(cut(columns[column]!.name, names), names))}  ${faint ? theme.quiet(shown) : shown}`.trimEnd();
      }),
    ];
  });
}

/** Where values have no room beside the names, they stand below them. */
function stacked(
  pairs: readonly { readonly name: string; readonly text: string }[],
  theme: Theme,
  indent: string,
  width: number,
): string[] {
  const room = Math.max(8, width - indent.length - 3);
  return pairs.flatMap(({ name, text }) => [
    `${indent}${theme.name(name)}`,
    ...wrapped(text, room).map((line) => `${indent}  ${line}`),
  ]);
}

/** Names with their values, the names aligned; values of plain words go on below themselves where a width is given. */
export function drawPairs(
  pairs: readonly { readonly name: string; readonly text: string }[],
  theme: Theme,
  indent = "  ",
  width = Infinity,
): string[] {
  const names = Math.max(0, ...pairs.map(({ name }) => widthOf(name)));
  const room = width - indent.length - names - 3;
  if (room < NARROWEST * 2) return stacked(pairs, theme, indent, width);
  return pairs.flatMap(({ name, text }) =>
    (width === Infinity ? [text] : wrapped(text, room)).map((line, index) =>
      `${indent}${theme.name(padEnd(index === 0 ? name : "", names))}  ${line}`.trimEnd(),
    ),
  );
}
