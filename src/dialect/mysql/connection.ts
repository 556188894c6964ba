import { PassThrough } from "node:stream";
import type { DataSource } from "typeorm";
import type { PoolConnection, ResultSetHeader } from "mysql2";
import type { ConnectionOptions, Dialect, Row } from "../dialect";
import type { DatabaseAddress } from "../events";
import type { Observers } from "../observers";
import { ServerConnection, type DriverResult } from "../server-connection";
import { readDriverError } from "./driver-error";
import { FloatReading } from "./float-reading";
import { areMysqlPoolsAwaited } from "./pools";

interface Answer {
  readonly answer: Row[] | ResultSetHeader;
  /** The names of the columns, where there are rows. */
  readonly columns: readonly string[] | undefined;
}

export class MysqlConnection extends ServerConnection<PoolConnection> {
  #streams = 0;
  readonly #reading: FloatReading;

  constructor(dialect: Dialect, dataSource: DataSource, observers: Observers, options: ConnectionOptions) {
    super(dialect, dataSource, observers, options);
    this.#reading = FloatReading.of(dataSource);
  }

  protected async send(client: PoolConnection, sql: string, parameters: readonly unknown[]): Promise<DriverResult> {
    const { answer, columns } = await this.#sent(client, sql, parameters);
    if (Array.isArray(answer)) return { columns, rows: answer, result: { changes: 0, lastId: undefined } };
    return { rows: [], result: { changes: answer.affectedRows, lastId: await this.#lastIdOf(client, answer) } };
  }

  protected readonly readDriverError = readDriverError;

  protected get isPoolAwaited(): boolean {
    return areMysqlPoolsAwaited(this.dataSource);
  }

  protected discard(client: PoolConnection): void {
    client.destroy();
  }

  protected addressOf({ config }: PoolConnection): DatabaseAddress {
    const { database, host, port, socketPath } = config;
    const place = socketPath ? { address: socketPath, port: undefined } : { address: host, port };
    return { system: this.dialect.systemName, namespace: database, ...place };
  }

  /** mysql2 reads row by row from the socket, and pauses while no rows are requested. */
  protected async *streamOutsideTransaction(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    let isComplete = false;
    const stream = new PassThrough({ objectMode: true, highWaterMark: batchSize });
    const onLost = (error: Error): void => void stream.destroy(error);
    // mysql2 reports a lost connection as an event of the connection only, and the stream would wait for ever.
    client.on("error", onLost);
    // The rows are piped: early releases of mysql2 say "close" before the last rows are read, which ends `for await` with an error.
    const source = client.query({ sql, values: parameters as unknown[], ...this.#reading.optionsFor(sql) }).stream();
    source.on("error", onLost).pipe(stream);
    let rows: Row[] = [];
    try {
      for await (const row of stream as AsyncIterable<Row>) {
        rows.push(row);
        if (rows.length < batchSize) continue;
        yield rows;
        rows = [];
      }
      isComplete = true;
    } finally {
      client.off("error", onLost);
      // The connection cannot be used until the rest is read, which nobody needs.
      if (!isComplete) client.destroy();
    }
    if (rows.length > 0) yield rows;
  }

  /** A connection is busy until all rows are read, so the server stores them in a temporary table. */
  protected async *streamInTransaction(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    const table = `retort_stream_${++this.#streams}`;
    const position = "retort_position";
    await this.send(
      client,
      `CREATE TEMPORARY TABLE ${table} (${position} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ${sql}`,
      parameters,
    );
    try {
      for (let last = 0; ; last += batchSize) {
        const read = `SELECT * FROM ${table} WHERE ${position} > ${last} AND ${position} <= ${last + batchSize} ORDER BY ${position}`;
        const { rows } = await this.send(client, read, []);
        if (rows.length === 0) return;
        for (const row of rows) row.shift();
        yield rows;
      }
    } finally {
      await this.send(client, `DROP TEMPORARY TABLE IF EXISTS ${table}`, []);
    }
  }

  #sent(client: PoolConnection, sql: string, parameters: readonly unknown[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const reading = this.#reading.optionsFor(sql);
      client.query({ sql, values: parameters as unknown[], ...reading }, (error, result, fields) => {
        if (error) return reject(error);
        this.#reading.learn(sql, fields);
        resolve({ answer: result as unknown as Row[] | ResultSetHeader, columns: fields?.map(({ name }) => name) });
      });
    });
  }

  /** The driver reads keys beyond 2^53 as numbers, which are not exact; then the server is asked for its digits. */
  async #lastIdOf(client: PoolConnection, { insertId }: ResultSetHeader): Promise<number | bigint | undefined> {
    if (Number.isSafeInteger(Number(insertId))) return Number(insertId) || undefined;
    const { answer } = await this.#sent(client, "SELECT CAST(LAST_INSERT_ID() AS CHAR)", []);
    return BigInt((answer as Row[])[0]![0] as string);
  }
}
