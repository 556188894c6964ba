import { pluralize } from "../../text";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { once } from "node:events";
import path from "node:path";
import { Query } from "../../query/query";
import { noSuchFile, nothingToWrite, usage } from "../errors";
import { formatted, type FormatOptions } from "../print/formats";
import type { ShellContext } from "../context";
import type { DotCommand } from "./command";
import { mayWrite, takeFile, type NamedFile } from "./file";
import { Progress } from "../print/progress";

const FORMATS = { ".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson" } as const;
type Format = (typeof FORMATS)[keyof typeof FORMATS];

/** Rows that are held in memory and written at a time. */
const BATCH_SIZE = 500;

export const exportRows: DotCommand = {
  name: "export",
  takes: "FILE QUERY",
  summary: "writes the rows of a query to a file (.csv, .json, .ndjson)",
  details: [".export users.csv User.query.orderBy('id')"],
  async run(argument, shell) {
    const target = takeFile(argument, shell);
    const format = FORMATS[path.extname(target?.name ?? "").toLowerCase() as keyof typeof FORMATS];
    if (!target?.rest || !format) throw usage("export", ".export users.csv User.query  (or .json, .ndjson)");
    const value = await rowsOf(target.rest, shell);
    if (!(await mayWrite(target, shell))) return false;
    const rows = await shell.summarized(() => write(value, target, format, shell));
    shell.output.message(`${pluralize(rows, "row")} written to ${target.name}`);
    return true;
  },
};

/** The value to write; for an entity class a query of all its rows. */
async function rowsOf(expression: string, shell: ShellContext): Promise<unknown> {
  const value = await shell.valueOf(expression);
  if (shell.entities.ofTarget(value)) return shell.db.query(value as never);
  if (value === undefined || value === null || typeof value === "function") throw nothingToWrite(expression);
  return value;
}

/** Writes to a temporary file and renames it at the end, so that a file is never incomplete. */
async function write(value: unknown, { name, file }: NamedFile, format: Format, shell: ShellContext): Promise<number> {
  const existing = fs.statSync(file, { throwIfNoEntry: false });
  // A pipe or a device cannot be replaced by a file.
  const isSpecial = existing?.isFile() === false;
  // Of a symbolic link the target is replaced.
  const destination = existing ? fs.realpathSync(file) : file;
  const temporary = isSpecial ? destination : `${destination}.${randomBytes(4).toString("hex")}.part`;
  try {
    const output = await openStream(temporary, isSpecial ? "w" : "wx", existing?.mode);
    const rows = await writeRows(value, output, format, shell);
    if (!isSpecial) fs.renameSync(temporary, destination);
    return rows;
  } catch (error) {
    if (!isSpecial) fs.rmSync(temporary, { force: true });
    throw (error as NodeJS.ErrnoException).syscall ? noSuchFile(name, error) : error;
  }
}

async function openStream(file: string, flags: string, mode: number | undefined): Promise<fs.WriteStream> {
  const output = fs.createWriteStream(file, { flags, ...(mode !== undefined && { mode }) });
  await once(output, "open");
  return output;
}

async function writeRows(value: unknown, output: fs.WriteStream, format: Format, shell: ShellContext): Promise<number> {
  const total = value instanceof Query ? await (value as Query).count().catch(() => undefined) : undefined;
  const progress = new Progress(shell.output, () => total);
  const rowFile = new RowFile(output, format, { entities: shell.entities, secrets: shell.output.secrets });
  try {
    for await (const rows of batches(value)) {
      await rowFile.add(rows);
      progress.update(rowFile.rows);
      shell.throwIfInterrupted();
    }
    await rowFile.end();
  } finally {
    progress.end();
    output.end();
    await once(output, "close");
  }
  return rowFile.rows;
}

async function* batches(value: unknown): AsyncGenerator<unknown[]> {
  if (!(value instanceof Query)) {
    yield Array.isArray(value) ? (value as unknown[]) : [value];
    return;
  }
  let rows: unknown[] = [];
  for await (const row of (value as Query).stream()) {
    rows.push(row);
    if (rows.length < BATCH_SIZE) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** Writes batches of rows in a format. */
class RowFile {
  rows = 0;

  constructor(
    private readonly file: fs.WriteStream,
    private readonly format: Format,
    private readonly options: FormatOptions,
  ) {}

  async add(rows: readonly unknown[]): Promise<void> {
    const lines = [...formatted(rows, this.format === "json" ? "ndjson" : this.format, this.options)];
    // Each batch of CSV begins with the column names.
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
    if (!this.file.write(text)) await once(this.file, "drain");
  }
}
