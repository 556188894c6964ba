/** Our own signs → what a terminal shows that knows ASCII only; each takes one column. */
const SIGNS: Readonly<Record<string, string>> = {
  "…": "~",
  "→": ">",
  "←": "<",
  "↵": "|",
  "›": ">",
  "·": "-",
  "×": "x",
  "●": "*",
  "◆": "#",
  "✗": "!",
  "•": "*",
  "─": "-",
  "│": "|",
  "┼": "+",
  "├": "+",
  "└": "`",
  "█": "#",
  "░": ".",
};

const SIGN = new RegExp(`[${Object.keys(SIGNS).join("")}]`, "g");

/** Whether the environment names a locale of ASCII: `LANG=C`. Where it names none, a terminal of today shows UTF-8. */
export function isAsciiLocale(env: NodeJS.ProcessEnv): boolean {
  return /^(?:C|POSIX)$/.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");
}

/** A text in which our own signs are those of ASCII. */
export function inAscii(text: string): string {
  return text.replace(SIGN, (sign) => SIGNS[sign]!);
}
