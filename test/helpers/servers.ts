import net from "node:net";

export type ServerType = "postgres" | "mariadb";

/** A database server that the tests may use; databases are made in it and dropped again. */
export interface Server {
  readonly name: string;
  /** What TypeORM calls its driver. */
  readonly type: ServerType;
  /** What the server is called in messages. */
  readonly title: string;
  /** Where it answers. */
  readonly url: URL;
  /** What to do where it does not. */
  readonly remedy: string;
}

/** The servers at their usual ports; those of `npm run lab` are in lab.ts. */
export const servers: readonly Server[] = [
  server("postgres", "PostgreSQL", "RETORT_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
  server("mariadb", "MariaDB", "RETORT_TEST_MARIADB", "mysql://root@127.0.0.1:3306/"),
];

function server(type: ServerType, title: string, variable: string, standard: string): Server {
  const url = new URL(process.env[variable] || standard);
  return { name: type, type, title, url, remedy: `set ${variable} to the URL of one` };
}

/** Set by jest's global set-up, read by every worker: the names of the servers that do not answer, joined by commas. */
const ABSENT = "RETORT_TEST_ABSENT";

export function isAbsent({ name }: Server): boolean {
  return (process.env[ABSENT] ?? "").split(",").includes(name);
}

/** Whether the suites of a server are skipped. With CI=true none is: they fail where the server does not answer. */
export function isSkipped(server: Server): boolean {
  return isAbsent(server) && process.env["CI"] !== "true";
}

/** Asks every server once for the whole run, and remembers those that do not answer. */
export async function findAbsentServers(candidates: readonly Server[]): Promise<readonly Server[]> {
  const answers = await Promise.all(candidates.map(({ url }) => answersAt(url)));
  const absent = candidates.filter((_, index) => !answers[index]);
  process.env[ABSENT] = absent.map(({ name }) => name).join(",");
  return absent;
}

function answersAt(url: URL, milliseconds = 2000): Promise<boolean> {
  const port = Number(url.port || (url.protocol === "mysql:" ? 3306 : 5432));
  return new Promise((resolve) => {
    const socket = net.connect({ host: url.hostname, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(milliseconds, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
