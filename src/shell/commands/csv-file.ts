import fs from "node:fs";
import { pipeline } from "node:stream/promises";
import { createFile } from "./file";
import { csvColumns, csvHeader, csvRecord, formatted, type FormatOptions } from "../print/formats";

/** Records that were written while the file had so many columns. */
interface Segment {
  readonly columns: number;
  /** Bytes. */
  length: number;
}

/**
 * A file of CSV whose rows come in batches. Rows of a later batch may have columns that the first did not have (subtypes of an entity):
 * these come last, and the records before are completed at the end.
 */
export class CsvFile {
  private names: string[] = [];
  private readonly segments: Segment[] = [];
  private headerLength = 0;

  constructor(
    private readonly file: string,
    private readonly mode: number | undefined,
    private readonly options: FormatOptions,
  ) {}

  async *texts(batches: AsyncIterable<unknown[]>): AsyncGenerator<string> {
    for await (const rows of batches) {
      const names = csvColumns(rows, this.options, this.names);
      const lines = names ? this.records(rows, names) : [...formatted(rows, "csv", this.options)];
      const text = lines.map((line) => `${line}\n`).join("");
      const segment = this.segments.at(-1);
      if (segment) segment.length += Buffer.byteLength(text);
      yield text;
    }
  }

  private records(rows: readonly unknown[], names: string[]): string[] {
    const lines = rows.map((row) => csvRecord(row, names, this.options));
    const isFirst = this.segments.length === 0;
    if (names.length > this.names.length) this.segments.push({ columns: names.length, length: 0 });
    this.names = names;
    if (!isFirst || names.length === 0) return lines;
    const header = csvHeader(names);
    this.headerLength = Buffer.byteLength(`${header}\n`);
    return [header, ...lines];
  }

  /** Writes the file again with the columns that came later, where there are some. */
  async completeEarlierRecords(): Promise<void> {
    if (this.segments.length < 2) return;
    const completed = `${this.file}.csv`;
    try {
      await pipeline(this.completed(), await createFile(completed, this.mode));
      fs.renameSync(completed, this.file);
    } finally {
      fs.rmSync(completed, { force: true });
    }
  }

  private async *completed(): AsyncGenerator<Buffer | string> {
    yield `${csvHeader(this.names)}\n`;
    let start = 0;
    for (const [index, { columns, length }] of this.segments.entries()) {
      const end = start + length;
      const chunks = fs.createReadStream(this.file, { start: index === 0 ? this.headerLength : start, end: end - 1 });
      const missing = ",".repeat(this.names.length - columns);
      yield* missing === "" ? chunks : withFields(chunks as AsyncIterable<Buffer>, missing);
      start = end;
    }
  }
}

const [QUOTE, LINE_END] = [0x22, 0x0a];

/** Records with more fields at their ends. A line end between quotes belongs to a field. */
async function* withFields(chunks: AsyncIterable<Buffer>, fields: string): AsyncGenerator<Buffer | string> {
  let isQuoted = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (chunk[at] === QUOTE) isQuoted = !isQuoted;
      if (chunk[at] !== LINE_END || isQuoted) continue;
      yield chunk.subarray(start, at);
      yield fields;
      start = at;
    }
    yield chunk.subarray(start);
  }
}
