import { EMPTY, trusted, type EscapedText } from "./escaped-text";

/*
 * Control sequences of a terminal (ECMA-48 and xterm's), as text that may be written beside what is escaped.
 */

const CSI = "\x1b[";

export const HIDE_CURSOR = trusted(`${CSI}?25l`);
export const SHOW_CURSOR = trusted(`${CSI}?25h`);
/** To the end of the line. */
export const CLEAR_LINE = trusted(`${CSI}K`);
/** To the end of the screen. */
export const CLEAR_BELOW = trusted(`${CSI}J`);
export const CLEAR_SCREEN = trusted(`${CSI}H${CSI}2J`);
export const LINE_START = trusted("\r");
export const NEXT_LINE = trusted("\r\n");
/** Bracketed paste: the terminal marks where pasted text begins and ends. */
export const PASTE_ON = trusted(`${CSI}?2004h`);
export const PASTE_OFF = trusted(`${CSI}?2004l`);

export function cursorUp(rows: number): EscapedText {
  return rows > 0 ? trusted(`${CSI}${rows}A`) : EMPTY;
}

export function cursorForward(columns: number): EscapedText {
  return columns > 0 ? trusted(`${CSI}${columns}C`) : EMPTY;
}

/** @param column counted from 1 */
export function cursorToColumn(column: number): EscapedText {
  return trusted(`${CSI}${column}G`);
}

/** Swaps foreground and background, also where colours are off: the selected item, a status bar. */
export function inverse(text: EscapedText): EscapedText {
  return trusted(`${CSI}7m${text}${CSI}27m`);
}
