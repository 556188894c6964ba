// `npm run screen`: docs/shell.svg, the shell's own screen. The real program is typed into, in a real pseudo-terminal; what the
// terminal shows then is written down cell by cell. Nothing is drawn by hand.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { repository, retort, withMicroblog } from "./microblog.mjs";

const require = createRequire(import.meta.url);
const { Terminal } = require("@xterm/headless");
const { spawn } = require("node-pty");

const [COLUMNS, ROWS] = [92, 34];
const INPUTS = [
  "u = User(username='susan', email='susan@example.com')",
  "db.session.add(u); db.session.add(Post(body='my first post!', author=u))",
  "db.session.commit()",
  "u.email = 'susan@example.org'",
  ".diff",
  "User.query.filterBy(username=Like('s%')).all()",
  "for (p of u.posts) print(p.id, p.body, p.author.username)",
  "User.query.flter()",
  "User.query.order",
];

/** The colours of a quiet dark terminal, as xterm numbers them. */
const PALETTE = ["#484f58", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#e6edf3", "#8b949e"];
const [CELL, LINE, PADDING] = [8.4, 19, 18];

const screen = await withMicroblog((folder) => played(folder));
writeFileSync(path.join(repository, "docs/shell.svg"), svg(screen));

async function played(folder) {
  const terminal = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const { NO_COLOR: _none, DATABASE_URL: _other, ...env } = process.env;
  const program = spawn(process.execPath, [retort, "shell"], {
    cols: COLUMNS,
    rows: ROWS,
    cwd: folder,
    env: { ...env, TERM: "xterm-256color", RETORT_HISTORY: path.join(folder, "history") },
  });
  program.onData((chunk) => terminal.write(chunk));
  const cursor = () => {
    const { active } = terminal.buffer;
    const line = active.baseY + active.cursorY;
    return { line, before: active.getLine(line).translateToString(false, 0, active.cursorX) };
  };
  const until = async (condition) => {
    for (let waited = 0; !condition(); waited += 20) {
      if (waited > 30_000) throw new Error("the shell did not get there");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await until(() => cursor().before.endsWith("> "));
  for (const input of INPUTS.slice(0, -1)) {
    const { line } = cursor();
    program.write(`${input}\r`);
    await until(() => cursor().line > line && cursor().before.endsWith("> "));
  }
  program.write(`${INPUTS.at(-1)}\t`);
  await until(() => cursor().before.endsWith("orderBy"));
  const rows = rowsOf(terminal);
  program.kill();
  return rows;
}

/** The screen as rows of runs that look alike. */
function rowsOf(terminal) {
  const { active } = terminal.buffer;
  return Array.from({ length: ROWS }, (_, row) => {
    const line = active.getLine(active.baseY + row);
    const runs = [];
    for (let column = 0; column < COLUMNS; column += 1) {
      const cell = line.getCell(column);
      if (cell.getWidth() === 0) continue;
      const look = `${cell.isFgDefault() ? "" : cell.getFgColor()}|${cell.isBold() ? "bold" : ""}|${cell.isUnderline() ? "under" : ""}`;
      const last = runs.at(-1);
      const text = cell.getChars() || " ";
      if (last?.look === look) last.text += text;
      else runs.push({ look, column, text });
    }
    return runs.filter(({ text }) => text.trim() !== "");
  });
}

function svg(rows) {
  const used = rows.slice(0, rows.findLastIndex((runs) => runs.length > 0) + 1);
  const width = Math.round(COLUMNS * CELL + 2 * PADDING);
  const height = used.length * LINE + 2 * PADDING;
  const lines = used.flatMap((runs, row) =>
    runs.map(({ look, column, text }) => {
      const [colour, bold, under] = look.split("|");
      const fill = colour === "" ? PALETTE[7] : (PALETTE[Number(colour)] ?? PALETTE[7]);
      const style = `${bold ? ' font-weight="bold"' : ""}${under ? ' text-decoration="underline"' : ""}`;
      const x = (PADDING + column * CELL).toFixed(1);
      const y = PADDING + (row + 0.75) * LINE;
      const shown = text.trimEnd();
      const length = ([...shown].length * CELL).toFixed(1);
      return `<text x="${x}" y="${y}" fill="${fill}" textLength="${length}"${style}>${escaped(shown)}</text>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="retort shell">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
${lines.join("\n")}
</g>
</svg>
`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
