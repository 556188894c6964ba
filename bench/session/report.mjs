import os from "node:os";
import process from "node:process";
import { WORKS } from "./works.mjs";

/** The report of `npm run bench` as Markdown. */
export function render({ rows, rounds, contestants, results, linear, stream }, aims) {
  return document([
    heading(rows, rounds),
    ...ratios(contestants, results, aims),
    stream && streamed(stream, aims.stream),
    linear && linearity(linear, rows, aims.linear),
    machine(contestants),
  ]);
}

export function document(parts) {
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** A table of ratios to the ceiling, with the aims beside them, and what failed. */
export function ratios(contestants, results, aims) {
  const others = contestants.filter(({ name }) => name !== "ceiling");
  const lines = WORKS.filter(({ name }) => results.has(name)).map(({ name, title }) => {
    const all = results.get(name);
    const measured = others.map((one) => cell(all.get(one.name), all.get("ceiling"), aims[name]));
    return [title, aimOf(aims[name]), ...measured, milliseconds(all.get("ceiling"))];
  });
  return [table(["work", "aim", ...others.map(({ name }) => name), "ceiling, ms"], lines), failures(others, results)];
}

function heading(rows, rounds) {
  return `# The session beside others

Written by \`npm run bench\`: SQLite files, ${rows.toLocaleString("en")} users and as many posts, each with its author (the demo's
entities); the contestants take turns, and the best of ${rounds} is compared. Figures are times the ceiling: a program written by hand
with better-sqlite3, one prepared statement a table, one transaction. Whoever takes longer than six seconds is measured once. Nothing is collected
by force in between. Only ratios of one run mean anything.`;
}

function cell(result, ceiling, aim) {
  if (!result) return "";
  if (result.failed) return "fails";
  if (aim.statements !== undefined) return `${marked(result.statements, aim.statements, result.statements)} statements`;
  if (aim.milliseconds !== undefined)
    return `${marked(result.milliseconds.toFixed(result.milliseconds < 100 ? 1 : 0), aim.milliseconds, result.milliseconds)} ms`;
  const ratio = result.milliseconds / ceiling.milliseconds;
  return `${marked(ratio.toFixed(ratio < 10 ? 1 : 0), aim.times, ratio)} ×`;
}

/** Bold where the aim is met. */
function marked(text, aim, value) {
  return value <= aim ? `**${text}**` : text;
}

function aimOf({ times, milliseconds: most, statements }) {
  if (times) return `${times} ×`;
  return most ? `${most} ms` : `${statements} statements`;
}

function milliseconds(result) {
  return result ? result.milliseconds.toFixed(1) : "";
}

function failures(others, results) {
  const lines = [];
  for (const { name, title } of WORKS)
    for (const one of others) {
      const failed = results.get(name)?.get(one.name)?.failed;
      if (failed) lines.push(`- ${one.name} fails to ${title}: \`${failed}\``);
    }
  return lines.length > 0 ? lines.join("\n") : undefined;
}

function streamed({ rows, mebibytes, atRest, milliseconds: took }, aim) {
  return `## Memory

\`stream()\` over ${rows.toLocaleString("en")} posts: the process grew to ${marked(`${mebibytes.toFixed(0)} MiB`, aim.mebibytes, mebibytes)} (aim: ${aim.mebibytes}),
of which ${atRest.toFixed(0)} MiB were there before the first row; ${(took / 1000).toFixed(1)} s.`;
}

function linearity(linear, rows, aim) {
  const lines = linear.map(({ name, few, many }) => {
    const { title } = WORKS.find((work) => work.name === name);
    const [own, ceiling] = ["Retort", "ceiling"].map((one) => many.get(one).milliseconds / few.get(one).milliseconds);
    return [
      title,
      `${milliseconds(few.get("Retort"))} ms`,
      `${milliseconds(many.get("Retort"))} ms`,
      `${own.toFixed(1)} ×`,
      `${ceiling.toFixed(1)} ×`,
      marked((own / ceiling).toFixed(2), aim.times, own / ceiling),
    ];
  });
  const [few, many] = [rows, rows * 10].map((count) => count.toLocaleString("en"));
  return `## Ten times the rows

Retort with ${many} rows of each table, against ${few}: its growth is to be at most ${aim.times} times that of the program written by
hand, which more rows than fit among V8's young objects cost more than ten times as much as well.

${table(["work", few, many, "growth", "the ceiling's", "ratio"], lines)}`;
}

/** The machine and the versions. */
export function machine(contestants) {
  const cpus = os.cpus();
  const versions = contestants.map(({ name, version }) => (name === "ceiling" ? version : `${name} ${version}`));
  return `${cpus.length} × ${cpus[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}, load ${os.loadavg()[0].toFixed(1)} when it ended; node ${process.version}, ${versions.join(", ")}.`;
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, place) => (place === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
