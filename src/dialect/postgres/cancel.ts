import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { messageOf } from "../../errors";
import { cannotCancel } from "../errors";

/** What is used of a client of pg's pool; some of it is not public. */
export interface CancellableClient {
  readonly host?: string;
  readonly port?: number;
  readonly ssl?: boolean | tls.ConnectionOptions;
  readonly processID?: number | null;
  readonly secretKey?: number | null;
  /** The query that runs: `_activeQuery` from pg 8.17 on. */
  readonly activeQuery?: unknown;
  readonly _activeQuery?: unknown;
}

/** Codes of PostgreSQL's protocol, https://www.postgresql.org/docs/current/protocol-message-formats.html */
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const TIMEOUT = 5_000;

export function isRunning(client: CancellableClient): boolean {
  // The old name is deprecated where the new one exists.
  return Boolean("_activeQuery" in client ? client._activeQuery : client.activeQuery);
}

/**
 * Cancels the query that a client runs, over a connection of its own, as the protocol provides. A pooler forwards that to the server
 * connection in use, where a process number that it has told the client would mean nothing, or somebody else's process.
 *
 * @throws RetortError `database/cannot-cancel`
 */
export async function cancelQuery(client: CancellableClient): Promise<void> {
  const { processID, secretKey } = client;
  if (typeof processID !== "number" || typeof secretKey !== "number")
    throw cannotCancel("the server has given no key to cancel with");
  try {
    const socket = await open(client);
    socket.setTimeout(TIMEOUT, () => socket.destroy(new Error("no answer")));
    // It stays open on this side: a pooler would drop the request of a client that has gone.
    socket.write(message(CANCEL_REQUEST, processID, secretKey));
    socket.resume();
    // The server closes the connection when it has taken the request.
    await once(socket, "close");
  } catch (error) {
    throw cannotCancel(messageOf(error));
  }
}

async function open({ host = "localhost", port = 5432, ssl }: CancellableClient): Promise<net.Socket> {
  const socket = host.startsWith("/") ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
  await once(socket, "connect");
  if (!ssl) return socket;
  socket.write(message(SSL_REQUEST));
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (answer.toString("latin1") !== "S") return socket;
  const secure = tls.connect({
    ...(typeof ssl === "object" && ssl),
    ...(!net.isIP(host) && { servername: host }),
    socket,
  });
  await once(secure, "secureConnect");
  return secure;
}

/** A message without a type: its length, then numbers. */
function message(...numbers: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 + 4 * numbers.length);
  [buffer.length, ...numbers].forEach((number, place) => buffer.writeInt32BE(number | 0, 4 * place));
  return buffer;
}
