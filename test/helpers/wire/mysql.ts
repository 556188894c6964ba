import { Frames, type Conversation, type Request } from "./conversation";

const HEADER = 4;
const LARGEST_PAYLOAD = 0xffffff;

const CLIENT_DEPRECATE_EOF = 1 << 24;
const SERVER_MORE_RESULTS_EXISTS = 8;
const [COM_QUERY, COM_STMT_PREPARE, COM_STMT_EXECUTE] = [0x03, 0x16, 0x17];
const [OK, EOF, ERR, LOCAL_INFILE] = [0x00, 0xfe, 0xff, 0xfb];

/** What the answer's next packet is; `columns` counts those whose definitions are still to come. */
type Expected = "log on" | "prepared" | "result" | { columns: number } | "end of columns" | "row" | "nothing";

/** @see https://mariadb.com/docs/server/reference/clientserver-protocol */
export class MysqlConversation implements Conversation {
  readonly #client = new Frames();
  readonly #server = new Frames();
  readonly #prepared = new Map<number, string>();
  #capabilities: number | undefined;
  #loggedOn = false;
  #expected: Expected = "log on";
  #preparing = "";

  readRequests(chunk: Buffer): Request[] {
    return [...this.#client.read(chunk, packetLength)].map((bytes) => ({ bytes, statement: this.#statementOf(bytes) }));
  }

  readAnswer(chunk: Buffer): boolean {
    let complete = false;
    for (const packet of this.#server.read(chunk, packetLength)) {
      if (this.#expected === "nothing") continue;
      this.#expected = this.#after(packet.subarray(HEADER));
      if (this.#expected === "nothing") complete = true;
    }
    return complete;
  }

  #statementOf(packet: Buffer): string | undefined {
    const payload = packet.subarray(HEADER);
    if (!this.#loggedOn) {
      this.#capabilities ??= payload.readUInt32LE(0);
      return undefined;
    }
    if (packet[3] !== 0) return undefined; // it goes on with a command: rows of a file, a password
    switch (payload[0]) {
      case COM_QUERY:
        this.#expected = "result";
        return payload.toString("utf8", 1);
      case COM_STMT_PREPARE:
        this.#expected = "prepared";
        this.#preparing = payload.toString("utf8", 1);
        return undefined;
      case COM_STMT_EXECUTE:
        this.#expected = "result";
        return this.#prepared.get(payload.readUInt32LE(1)) ?? "";
      default:
        this.#expected = "nothing";
        return undefined;
    }
  }

  /** What comes after the packet with this payload. */
  #after(payload: Buffer): Expected {
    const expected = this.#expected;
    const type = payload[0]!;
    if (expected === "log on") {
      this.#loggedOn = type === OK;
      return this.#loggedOn ? "nothing" : "log on";
    }
    if (type === ERR) return "nothing";
    if (expected === "prepared") {
      this.#prepared.set(payload.readUInt32LE(1), this.#preparing);
      return "nothing"; // the definitions that follow belong to no statement
    }
    if (expected === "result") {
      if (type === OK) return afterResult(statusOfOk(payload));
      return type === LOCAL_INFILE ? "result" : { columns: lengthEncoded(payload, 0).value };
    }
    if (typeof expected === "object") {
      if (expected.columns > 1) return { columns: expected.columns - 1 };
      return this.#endsWithOk() ? "row" : "end of columns";
    }
    if (expected === "end of columns") return "row";
    if (type !== EOF || payload.length >= (this.#endsWithOk() ? LARGEST_PAYLOAD : 9)) return "row";
    return afterResult(this.#endsWithOk() ? statusOfOk(payload) : payload.readUInt16LE(3));
  }

  #endsWithOk(): boolean {
    return ((this.#capabilities ?? 0) & CLIENT_DEPRECATE_EOF) !== 0;
  }
}

function afterResult(status: number): Expected {
  return (status & SERVER_MORE_RESULTS_EXISTS) === 0 ? "nothing" : "result";
}

/** A payload of the largest length goes on in the next packet. */
function packetLength(bytes: Buffer): number | undefined {
  for (let end = 0; ;) {
    if (bytes.length < end + HEADER) return undefined;
    const length = bytes.readUIntLE(end, 3);
    end += HEADER + length;
    if (length < LARGEST_PAYLOAD) return end;
  }
}

/** An OK packet: its type, the number of rows, the last id, and then the status. */
function statusOfOk(payload: Buffer): number {
  const rows = lengthEncoded(payload, 1);
  return payload.readUInt16LE(lengthEncoded(payload, rows.end).end);
}

function lengthEncoded(payload: Buffer, start: number): { value: number; end: number } {
  const first = payload[start]!;
  const bytes = { 0xfc: 2, 0xfd: 3, 0xfe: 8 }[first];
  if (bytes === undefined) return { value: first, end: start + 1 };
  // Only its end is of use where there are eight bytes.
  return { value: payload.readUIntLE(start + 1, Math.min(bytes, 6)), end: start + 1 + bytes };
}
