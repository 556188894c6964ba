import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { once } from "node:events";
import path from "node:path";
import { pluralize } from "../../text";
import { Query } from "../../query/query";
import { noSuchFile, nothingToWrite, usage } from "../errors";
import { formatted } from "../print/formats";
import type { Repl } from "../repl";
import type { DotCommand } from "./command";
import { mayWrite, takeFile, type NamedFile } from "./file";
import { Progress } from "../print/progress";

const FORMATS = { ".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson" } as const;
type Format = (typeof FORMATS)[keyof typeof FORMATS];

/** Rows that are written at a time. */
const PORTION = 500;

export const exportRows: DotCommand = {
  name: "export",
  takes: "FILE QUERY",
  summary: "writes rows into a file (.csv, .json, .ndjson), however many they are",
  details: [".export users.csv User.query.orderBy('id')"],
  async run(argument, sitting) {
    const target = takeFile(argument, sitting);
    const format = FORMATS[path.extname(target?.name ?? "").toLowerCase() as keyof typeof FORMATS];
    if (!target?.rest || !format) throw usage("export", ".export users.csv User.query  (or .json, .ndjson)");
    const value = await rowsOf(target.rest, sitting);
    if (!(await mayWrite(target, sitting))) return false;
    const rows = await sitting.accounted(() => write(value, target, format, sitting));
    sitting.note([`${pluralize(rows, "row")} written to ${target.name}`]);
    return true;
  },
};

/** What is to be written; an entity alone means all of its rows. */
async function rowsOf(expression: string, sitting: Repl): Promise<unknown> {
  const value = await sitting.valueOf(expression);
  if (sitting.entities.ofTarget(value)) return sitting.db.query(value as never);
  if (value === undefined || value === null || typeof value === "function") throw nothingToWrite(expression);
  return value;
}

/** Writes rows beside the file and puts them in its place at the end: half a file is never taken for a whole one. */
async function write(value: unknown, { name, file }: NamedFile, format: Format, sitting: Repl): Promise<number> {
  const there = fs.statSync(file, { throwIfNoEntry: false });
  // A pipe or a device is nothing that another file could take the place of.
  const isSpecial = there?.isFile() === false;
  // What a link leads to is what is written over.
  const place = there ? fs.realpathSync(file) : file;
  const beside = isSpecial ? place : `${place}.${randomBytes(4).toString("hex")}.part`;
  try {
    const output = await opened(beside, isSpecial ? "w" : "wx", there?.mode);
    const rows = await writeRows(value, output, format, sitting);
    if (!isSpecial) fs.renameSync(beside, place);
    return rows;
  } catch (error) {
    if (!isSpecial) fs.rmSync(beside, { force: true });
    throw (error as NodeJS.ErrnoException).syscall ? noSuchFile(name, error) : error;
  }
}

async function opened(file: string, flags: string, mode: number | undefined): Promise<fs.WriteStream> {
  const output = fs.createWriteStream(file, { flags, ...(mode !== undefined && { mode }) });
  await once(output, "open");
  return output;
}

async function writeRows(value: unknown, output: fs.WriteStream, format: Format, sitting: Repl): Promise<number> {
  const total = value instanceof Query ? await (value as Query).count().catch(() => undefined) : undefined;
  const progress = new Progress(sitting, () => total);
  const rowFile = new RowFile(output, format, sitting);
  try {
    for await (const rows of portions(value)) {
      await rowFile.add(rows);
      progress.at(rowFile.rows);
      sitting.throwIfInterrupted();
    }
    await rowFile.end();
  } finally {
    progress.end();
    output.end();
    await once(output, "close");
  }
  return rowFile.rows;
}

async function* portions(value: unknown): AsyncGenerator<unknown[]> {
  if (!(value instanceof Query)) {
    yield Array.isArray(value) ? (value as unknown[]) : [value];
    return;
  }
  let rows: unknown[] = [];
  for await (const row of (value as Query).stream()) {
    rows.push(row);
    if (rows.length < PORTION) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** A file of rows; no more than a portion of it is in memory. */
class RowFile {
  rows = 0;

  constructor(
    private readonly output: fs.WriteStream,
    private readonly format: Format,
    private readonly sitting: Repl,
  ) {}

  async add(rows: readonly unknown[]): Promise<void> {
    const lines = [...formatted(rows, this.format === "json" ? "ndjson" : this.format, this.sitting)];
    // The names stand above the first portion only.
    if (this.format === "csv" && this.rows > 0) lines.shift();
    const first = this.rows === 0;
    this.rows += rows.length;
    if (this.format === "json")
      await this.put(lines.map((line, index) => `${first && index === 0 ? "[" : ","}\n${line}`).join(""));
    else await this.put(lines.map((line) => `${line}\n`).join(""));
  }

  async end(): Promise<void> {
    if (this.format === "json") await this.put(this.rows === 0 ? "[]\n" : "\n]\n");
  }

  private async put(text: string): Promise<void> {
    if (!this.output.write(text)) await once(this.output, "drain");
  }
}
