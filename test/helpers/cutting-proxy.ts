import net from "node:net";
import type { ServerType } from "./servers";
import type { Conversation, Request } from "./wire/conversation";
import { MysqlConversation } from "./wire/mysql";
import { PostgresConversation } from "./wire/postgres";

/**
 * Where the connection is cut, in the order of what happens:
 * - `before request`: the server receives nothing of the statement;
 * - `inside request`: it receives the first half;
 * - `after request`: it receives and executes the statement, while the client is cut off at once;
 * - `before answer`: it has executed the statement, and the client receives nothing of the answer;
 * - `inside answer`: the client receives the first half of the answer;
 * - `after answer`: the client receives the answer, and then the connection is cut.
 */
export const cutPoints = [
  "before request",
  "inside request",
  "after request",
  "before answer",
  "inside answer",
  "after answer",
] as const;
export type CutPoint = (typeof cutPoints)[number];

export interface CutOptions {
  readonly at: CutPoint;
  /** Which statement from now on, of all connections: 1 is the next. Of those that match, where `matching` is given. */
  readonly nth?: number;
  readonly matching?: RegExp;
}

export interface Cut {
  /** The statement at which it was cut; undefined while it was not. */
  readonly statement: string | undefined;
  /** Resolves when the server has executed what it received of the statement, and its connection is closed. */
  readonly done: Promise<void>;
}

/** Stands between a client and a server, and cuts one connection where a test asks for it. */
export interface CuttingProxy {
  /** The same URL, at the proxy's address. */
  url(ofServer: string): string;
  /** The SQL that clients have sent, in order. BEGIN and COMMIT are statements; what is prepared counts when it is executed. */
  readonly statements: readonly string[];
  /** Arms one cut; it takes the place of one that has not happened. */
  cut(options: CutOptions): Cut;
  close(): Promise<void>;
}

export async function startCuttingProxy(type: ServerType, server: string | URL): Promise<CuttingProxy> {
  const { hostname, port } = new URL(server);
  const statements: string[] = [];
  const links = new Set<Link>();
  let armed: ArmedCut | undefined;

  const take = (statement: string) => {
    statements.push(statement);
    if (!armed?.isDue(statement)) return undefined;
    const due = armed;
    armed = undefined;
    return due;
  };
  const listener = net.createServer((client) => {
    const conversation = type === "postgres" ? new PostgresConversation() : new MysqlConversation();
    const link = new Link(client, net.connect({ host: hostname, port: Number(port) }), conversation, take);
    links.add(link);
    client.once("close", () => links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port: ownPort } = listener.address() as net.AddressInfo;

  return {
    statements,
    url: (ofServer) => Object.assign(new URL(ofServer), { host: `127.0.0.1:${ownPort}` }).href,
    cut: (options) => (armed = new ArmedCut(options)),
    close: () => {
      for (const link of links) link.close();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

class ArmedCut implements Cut {
  readonly at: CutPoint;
  readonly #matching: RegExp;
  #left: number;
  statement: string | undefined;
  readonly done: Promise<void>;
  finish!: () => void;

  constructor({ at, nth = 1, matching = /(?:)/ }: CutOptions) {
    this.at = at;
    this.#left = nth;
    this.#matching = matching;
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  isDue(statement: string): boolean {
    if (!this.#matching.test(statement) || --this.#left > 0) return false;
    this.statement = statement;
    return true;
  }
}

/** A client's connection, and the one that the proxy has with the server for it. */
class Link {
  readonly #client: net.Socket;
  readonly #server: net.Socket;
  readonly #conversation: Conversation;
  readonly #take: (statement: string) => ArmedCut | undefined;
  #cut: ArmedCut | undefined;
  /** The answer at which the connection is cut, as far as it has arrived. */
  readonly #answer: Buffer[] = [];

  constructor(
    client: net.Socket,
    server: net.Socket,
    conversation: Conversation,
    take: (statement: string) => ArmedCut | undefined,
  ) {
    this.#client = client.setNoDelay();
    this.#server = server.setNoDelay();
    this.#conversation = conversation;
    this.#take = take;
    client.on("data", (chunk) => this.#send(conversation.readRequests(chunk)));
    server.on("data", (chunk) => this.#receive(chunk));
    for (const socket of [client, server]) socket.on("error", () => undefined); // "close" follows
    client.on("close", () => this.#cut ?? server.destroy());
    server.on("close", () => {
      this.#cut?.finish();
      client.destroySoon();
    });
  }

  close(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #send(requests: readonly Request[]): void {
    for (const { bytes, statement } of requests) {
      if (this.#cut) return; // the client is cut off
      if (statement !== undefined) this.#cut = this.#take(statement);
      if (this.#cut) this.#cutRequest(bytes, this.#cut.at);
      else this.#server.write(bytes);
    }
  }

  #cutRequest(bytes: Buffer, at: CutPoint): void {
    if (at === "before request") return this.close();
    if (at === "inside request") {
      this.#server.write(bytes.subarray(0, bytes.length >> 1));
      this.#server.destroySoon();
      return void this.#client.destroy();
    }
    this.#server.write(bytes);
    if (at === "after request") this.#client.destroy();
  }

  #receive(chunk: Buffer): void {
    const complete = this.#conversation.readAnswer(chunk);
    if (!this.#cut) return void this.#client.write(chunk);
    this.#answer.push(chunk);
    if (!complete) return;
    const answer = Buffer.concat(this.#answer);
    if (this.#cut.at === "inside answer") this.#client.write(answer.subarray(0, answer.length >> 1));
    if (this.#cut.at === "after answer") this.#client.write(answer);
    this.#client.destroySoon();
    this.#server.destroy();
  }
}
