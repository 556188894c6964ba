// Draws docs/architecture.svg: the layers of src with their stages (folders), and an arrow where files of one import files of another.
// With --check it writes nothing, and fails when the picture is not what the code gives.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { layered, layeredAcross, withoutCycles, withoutImplied } from "./layout.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const target = path.join(repository, "docs/architecture.svg");

/** What each layer and each stage is for. A folder without a line here is an error, and so is a line without a folder. */
const PURPOSES = {
  cli: "arguments in, exit code out; the only place where errors become text",
  "cli/doctor": "what is wrong with a project",
  "cli/init": "writes what a project lacks",
  "cli/inspect": "entity classes of a database, as files or for a prompt without a project",
  "cli/migrate": "one file a migrate command",
  config: "finds, compiles, loads and checks the project's DataSource",
  "config/find": "which file exports the DataSource",
  dialect: "what a database must provide",
  "dialect/schema": "the schema model and the operations on it",
  "dialect/mysql": "MySQL and MariaDB",
  "dialect/postgres": "PostgreSQL",
  "dialect/sqlite": "SQLite, by better-sqlite3",
  inspect: "describes entity classes for the tables of a database",
  metadata: "TypeORM's metadata as a small model",
  "metadata/inspection": "checks a value against its column",
  migrate: "entities and database → operations → files → plan → run",
  "migrate/files": "finds, reads and orders migration files",
  "migrate/generate": "compares, asks, renders, proves",
  "migrate/history": "the table of applied migrations, and what differs from it",
  "migrate/lint": "warns of lost data and long locks",
  "migrate/run": "runs a plan under a lock, with recovery",
  "migrate/scratch": "scratch databases, copies of rows, snapshots",
  "migrate/verify": "runs up and down on a scratch database; squash, baseline",
  query: "immutable queries → SQL; column expressions",
  session: "identity map and unit of work",
  "session/flush": "objects → change sets, in the order of their dependencies",
  "session/load": "rows → objects",
  "session/preview": "the plan of a flush, without writing it",
  "session/relations": "collections and references of an object",
  "session/rollback": "restores objects after a rollback",
  "session/state": "instances, keys, snapshots",
  "session/write": "change sets → INSERT, UPDATE, DELETE",
  shell: "the prompt",
  "shell/api": "the names at the prompt: signature, line, example",
  "shell/commands": "one file a dot-command",
  "shell/complete": "Tab completion and its vocabulary",
  "shell/evaluate": "runs an input, awaits what it gives",
  "shell/print": "values, entities and errors as text",
  "shell/prompt": "the line editor on a terminal",
  "shell/rewrite": "JavaScript as typed → JavaScript that awaits",
  "shell/save": "inputs → a script",
  "shell/sql": "echo and statistics of statements",
  typeorm: "what differs between the copies and versions of TypeORM",
  terminal: "escaped text, styles, widths: all output to a terminal",
};

const LINE = 13;
const PADDING = 14;
const STAGE_WIDTH = 172;
const CHARACTER = 5.6;
/** Layers that have a row of the picture for themselves. */
const ACROSS = new Set(["cli", "session", "metadata", "dialect"]);

const files = readdirSync(path.join(repository, "src"), { recursive: true })
  .map((name) => `src/${name.replaceAll(path.sep, "/")}`)
  .filter((name) => name.endsWith(".ts"))
  .sort();
const known = new Set(files);
const imports = [...files, "bin/retort.js"].flatMap((file) => importsOf(file).map((imported) => [file, imported]));

const svg = draw();
if (process.argv[2] !== "--check") writeFileSync(target, svg);
else if (readFileSync(target, "utf8") !== svg) fail("docs/architecture.svg is not up to date: npm run architecture");

// Reading

/** The files of this repository that a file imports, type-only and late imports included, and TypeORM. */
function importsOf(file) {
  const text = readFileSync(path.join(repository, file), "utf8");
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return names.flatMap((name) => {
    if (name === "typeorm") return ["TypeORM"];
    const base = path.posix.join(path.posix.dirname(file), name).replace(/^dist\//, "src/");
    return [`${base}.ts`, base.replace(/\.js$/, ".ts")].filter((candidate) => known.has(candidate));
  });
}

/** `bin`, `TypeORM`, a folder of src, or a file of src itself: the public index, or one that every layer may use. */
function layerOf(file) {
  const [root, layer, ...rest] = file.split("/");
  if (root !== "src") return root;
  return rest.length > 0 ? layer : layer === "index.ts" ? "index" : "shared";
}

/** A stage is a folder of a layer. The files beside the folders are two nodes: those that a stage imports, and those that compose the stages. */
function nodeOf(file) {
  const [, layer, stage, ...rest] = file.split("/");
  return rest.length > 0 ? `${layer}/${stage}` : `${layer} ${isUsedByStage(file) ? "common" : "composing"}`;
}

function isUsedByStage(file, seen = new Set()) {
  if (seen.has(file)) return false;
  seen.add(file);
  const importers = imports.filter(([from, to]) => to === file && layerOf(from) === layerOf(file));
  return importers.some(([from]) => from.split("/").length > 3 || isUsedByStage(from, seen));
}

/** The errors of a layer are used by all its files. */
function isErrors(file) {
  return /^src\/[^/]+\/errors\.ts$/.test(file);
}

/** Edges with the number of imports that each stands for. */
function edgesBetween(groupOf) {
  const counts = new Map();
  for (const [from, to] of imports) {
    const edge = `${groupOf(from)}|${groupOf(to)}`;
    counts.set(edge, (counts.get(edge) ?? 0) + 1);
  }
  const edges = [...counts].sort().map(([edge, count]) => [...edge.split("|"), count]);
  return edges.filter(([from, to]) => from !== "undefined" && to !== "undefined" && from !== to);
}

// Drawing

function draw() {
  const folders = new Set(
    files.map((file) => path.posix.dirname(file).slice("src/".length)).filter((name) => name.split("/").length <= 2),
  );
  const unnamed = [...folders].filter((name) => name !== "" && !PURPOSES[name]);
  const gone = Object.keys(PURPOSES).filter((name) => !folders.has(name));
  if (unnamed.length > 0)
    fail(`scripts/architecture.mjs does not say what these folders are for: ${unnamed.join(", ")}`);
  if (gone.length > 0) fail(`scripts/architecture.mjs describes folders that do not exist: ${gone.join(", ")}`);

  const layers = ["bin", "index", ...Object.keys(PURPOSES).filter((name) => !name.includes("/")), "TypeORM"];
  const boxes = layers.map((id) => ({ id, ...drawnLayer(id) }));
  const edges = edgesBetween(layerOf).filter(([from, to]) => layers.includes(from) && layers.includes(to));
  const { forward, closing } = withoutCycles(layers, edges);
  const { at, routes, width, height } = layered(boxes, withoutImplied(forward));
  if (closing.length > 0)
    fail(`layers import each other: ${closing.map(([from, to]) => `${from} → ${to}`).join(", ")}`);
  return page(width, height, [
    ...boxes.map(({ id, svg }) => moved(at.get(id), svg)),
    ...routes.map((route) => arrow(route, "layer")),
  ]);
}

function drawnLayer(layer) {
  if (layer === "bin") return box(["bin/retort.js"], 170, "layer");
  if (layer === "index") return box(["src/index.ts", "the public API"], 170, "layer");
  if (layer === "TypeORM") return box(["TypeORM", "the project's own copy"], 170, "layer");
  const inside = (file) => (layerOf(file) === layer && !isErrors(file) ? nodeOf(file) : undefined);
  const nodes = [...new Set(files.map(inside))].filter(Boolean);
  const { forward, closing } = withoutCycles(nodes, edgesBetween(inside));
  const boxes = nodes.map((id) => ({ id, ...drawnNode(id, nodes.length === 1) }));
  const layout = ACROSS.has(layer) ? layeredAcross : layered;
  const { at, routes, width, height } = layout(boxes, withoutImplied(forward));
  const total = Math.max(width, 200) + 2 * PADDING;
  const head = box([`src/${layer}`, PURPOSES[layer]], total, "layer", height + PADDING);
  const offset = { x: (total - width) / 2, y: head.height - height - PADDING };
  const content = [
    ...boxes.map(({ id, svg }) => moved(at.get(id), svg)),
    ...routes.map((route) => arrow(route, "stage", ACROSS.has(layer))),
    ...closing.map(([from, to]) => arrow(backwards(at.get(from), at.get(to)), "closing")),
  ];
  return { ...head, svg: `${head.svg}\n${moved(offset, content.join("\n"))}` };
}

function drawnNode(id, isOnly) {
  if (PURPOSES[id]) return box([id.split("/")[1], PURPOSES[id]], STAGE_WIDTH, "stage");
  const names = files.filter((file) => !isErrors(file) && layerOf(file) === id.split(" ")[0] && nodeOf(file) === id);
  const said = names.map((file) => path.posix.basename(file, ".ts")).join(", ");
  return box(["", said], isOnly ? 2 * STAGE_WIDTH : STAGE_WIDTH, "stage");
}

/** A box with a title and a text under it; `room` is left free at its foot. */
function box([title, text = ""], width, kind, room = 0) {
  const lines = wrapped(text, Math.floor((width - 2 * PADDING) / CHARACTER));
  const first = title === "" ? 8 : 26;
  const height = first + lines.length * LINE + (room === 0 ? 8 : PADDING) + room;
  const svg = [
    `<rect class="${kind}" width="${width}" height="${height}" rx="6"/>`,
    title && `<text class="${kind} title" x="${PADDING}" y="20">${escaped(title)}</text>`,
    ...lines.map((line, index) => `<text x="${PADDING}" y="${first + 9 + index * LINE}">${escaped(line)}</text>`),
  ];
  return { width, height, svg: svg.filter(Boolean).join("\n") };
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(/ +/)) {
    const line = lines.at(-1);
    if (line !== "" && line.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.filter((line) => line !== "");
}

function moved({ x, y }, svg) {
  return `<g transform="translate(${x} ${y})">\n${svg}\n</g>`;
}

/** A smooth line along points, that leaves and arrives upright, or level when it goes across. */
function arrow([start, ...rest], kind, isAcross = false) {
  let [x, y] = start;
  const curves = rest.map(([toX, toY]) => {
    const [middleX, middleY] = [(x + toX) / 2, (y + toY) / 2];
    const bends = isAcross ? `${middleX} ${y} ${middleX} ${toY}` : `${x} ${middleY} ${toX} ${middleY}`;
    [x, y] = [toX, toY];
    return `C${bends} ${x} ${y}`;
  });
  return `<path class="${kind}" marker-end="url(#${kind})" d="M${start.join(" ")}${curves.join("")}"/>`;
}

/** The line of an import against the direction of the others. */
function backwards(from, to) {
  return [from, to].map(({ x, y, width, height }) => [x + width - 12, y + height / 2]);
}

function page(width, height, content) {
  const total = { width: width + 40, height: height + 80 };
  const marker = (kind, colour) =>
    `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;
  const legend = [
    "An arrow: files here import files there. Arrows that others imply are left out, as are the errors.ts of each layer and the files of src itself, which all layers use.",
    "A dashed arrow points against the others: the two folders import each other, though no two files do.",
  ];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" width="${total.width}" height="${total.height}">`,
    "<!-- Made by npm run architecture. -->",
    `<style>text{font:10.5px sans-serif;fill:#444}.title{font-weight:bold;fill:#111}text.layer{font-size:15px}text.stage{font-size:12px}rect.layer{fill:#eef2f7;stroke:#8aa0b8}rect.stage{fill:#fff;stroke:#b8c4d0}path.layer,path.stage,path.closing{fill:none}path.layer{stroke:#345;stroke-width:2}path.stage{stroke:#789;stroke-width:1.2}path.closing{stroke:#c33;stroke-width:1.2;stroke-dasharray:4 3}</style>`,
    `<defs>${marker("layer", "#345")}${marker("stage", "#789")}${marker("closing", "#c33")}</defs>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    moved({ x: 20, y: 20 }, content.join("\n")),
    ...legend.map((line, index) => `<text x="20" y="${total.height - 30 + index * LINE}">${line}</text>`),
    "</svg>",
  ].join("\n")}\n`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
