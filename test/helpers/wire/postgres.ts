import { Frames, type Conversation, type Request } from "./conversation";

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
export class PostgresConversation implements Conversation {
  readonly #client = new Frames();
  readonly #server = new Frames();
  #started = false;
  /** Prepared statement → its SQL, and portal → the SQL of its statement; the unnamed ones have the name "". */
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  /** The messages of the request that is not complete yet, and the SQL that it executes. */
  #messages: Buffer[] = [];
  #statement: string | undefined;

  readRequests(chunk: Buffer): Request[] {
    const requests: Request[] = [];
    for (const message of this.#client.read(chunk, (bytes) => this.#clientMessageLength(bytes))) {
      if (!this.#started) {
        this.#started = true;
        requests.push({ bytes: message, statement: undefined });
        continue;
      }
      this.#messages.push(message);
      if (this.#isComplete(message)) requests.push(this.#takeRequest());
    }
    return requests;
  }

  readAnswer(chunk: Buffer): boolean {
    let complete = false;
    for (const message of this.#server.read(chunk, messageLength)) {
      if (typeOf(message) === "Z") complete = true; // ReadyForQuery
    }
    return complete;
  }

  /** The first message has no type: it is the length, the version and the parameters. */
  #clientMessageLength(bytes: Buffer): number | undefined {
    if (this.#started) return messageLength(bytes);
    return bytes.length < 4 ? undefined : bytes.readInt32BE(0);
  }

  #isComplete(message: Buffer): boolean {
    switch (typeOf(message)) {
      case "P": {
        const [name, sql] = strings(message, 2);
        this.#prepared.set(name!, sql!);
        return false;
      }
      case "B": {
        const [portal, name] = strings(message, 2);
        this.#portals.set(portal!, this.#prepared.get(name!) ?? "");
        return false;
      }
      case "E":
        this.#statement = this.#portals.get(strings(message, 1)[0]!);
        return false;
      case "D": // Describe
      case "C": // Close
        return false;
      case "Q":
        this.#statement = strings(message, 1)[0];
        return true;
      default: // Sync ends what is prepared and executed; a password, rows of a COPY and Terminate stand alone
        return true;
    }
  }

  #takeRequest(): Request {
    const request = { bytes: Buffer.concat(this.#messages), statement: this.#statement };
    this.#messages = [];
    this.#statement = undefined;
    return request;
  }
}

function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0]!);
}

function messageLength(bytes: Buffer): number | undefined {
  return bytes.length < 5 ? undefined : 1 + bytes.readInt32BE(1);
}

/** The first strings of a message, each of which ends with a zero byte. */
function strings(message: Buffer, count: number): string[] {
  return message.subarray(5).toString("utf8").split("\0", count);
}
