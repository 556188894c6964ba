import { pluralize } from "../../text";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { Query } from "../../query/query";
import { noSuchFile, nothingToWrite, usage } from "../errors";
import { formatted, type FormatOptions } from "../print/formats";
import type { ShellContext } from "../context";
import type { DotCommand } from "./command";
import { CsvFile } from "./csv-file";
import { createFile, mayWrite, takeFile, type NamedFile } from "./file";
import { Progress } from "../print/progress";
import { queryOfClass } from "./value";

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
  const value = queryOfClass(await shell.valueOf(expression), shell);
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
  const temporary = `${isSpecial ? path.join(os.tmpdir(), "retort-export") : destination}.${randomBytes(4).toString("hex")}.part`;
  const rows = new ExportedRows(value, format, shell);
  try {
    await rows.writeTo(temporary, existing?.mode);
    if (isSpecial) await pipeline(fs.createReadStream(temporary), fs.createWriteStream(destination));
    else fs.renameSync(temporary, destination);
    return rows.count;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall ? noSuchFile(name, error) : error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** The rows of a value as the text of a file. */
class ExportedRows {
  count = 0;
  private readonly options: FormatOptions;

  constructor(
    private readonly value: unknown,
    private readonly format: Format,
    private readonly shell: ShellContext,
  ) {
    this.options = { entities: shell.entities, secrets: shell.output.secrets };
  }

  async writeTo(file: string, mode: number | undefined): Promise<void> {
    const csv = this.format === "csv" ? new CsvFile(file, mode, this.options) : undefined;
    await pipeline(csv ? csv.texts(this.batches()) : this.texts(), await createFile(file, mode));
    await csv?.completeEarlierRecords();
  }

  private async *batches(): AsyncGenerator<unknown[]> {
    const { value, shell } = this;
    // How many rows a query has would take a second reading of all of them.
    const progress = new Progress(shell.output, () => undefined);
    try {
      for await (const rows of batches(value)) {
        yield rows;
        this.count += rows.length;
        progress.update(this.count);
        shell.throwIfInterrupted();
      }
    } finally {
      progress.end();
    }
  }

  /** JSON and newline-delimited JSON. */
  private async *texts(): AsyncGenerator<string> {
    for await (const rows of this.batches()) {
      const lines = [...formatted(rows, "ndjson", this.options)];
      const first = this.count === 0;
      if (this.format === "ndjson") yield lines.map((line) => `${line}\n`).join("");
      else yield lines.map((line, index) => `${first && index === 0 ? "[" : ","}\n${line}`).join("");
    }
    if (this.format === "json") yield this.count === 0 ? "[]\n" : "\n]\n";
  }
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
