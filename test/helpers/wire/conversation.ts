/** What a client sends before it waits for an answer. */
export interface Request {
  readonly bytes: Buffer;
  /** The SQL that it executes; undefined where it does something else: log on, prepare, disconnect. */
  readonly statement: string | undefined;
}

/**
 * One connection's traffic, understood as far as it takes to know where a statement and its answer end. Not encrypted, not
 * compressed, and one request at a time, which is how pg and mysql2 send them.
 */
export interface Conversation {
  /** Takes what the client has sent; gives the requests that are complete now. */
  readRequests(chunk: Buffer): Request[];
  /** Takes what the server has sent; true when the answer to the last request is complete now. */
  readAnswer(chunk: Buffer): boolean;
}

/** Splits a stream of bytes into frames; keeps the rest until more arrives. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** `lengthOf` gives the length of the frame at the beginning of the bytes, or undefined while that is not known. */
  *read(chunk: Buffer, lengthOf: (bytes: Buffer) => number | undefined): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let length; (length = lengthOf(this.#rest)) !== undefined && length <= this.#rest.length;) {
      const frame = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      yield frame;
    }
  }
}
