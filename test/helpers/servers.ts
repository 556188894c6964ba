import net from "node:net";

/** A database server that the tests may use; databases are made in it and dropped again. */
export interface Server {
  readonly name: "postgres" | "mariadb";
  /** What the server is called in messages. */
  readonly title: string;
  /** Where it answers; the environment variable `variable` overrides it. */
  readonly url: URL;
  readonly variable: string;
}

export const servers: readonly Server[] = [
  server("postgres", "PostgreSQL", "RETORT_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
  server("mariadb", "MariaDB", "RETORT_TEST_MARIADB", "mysql://root@127.0.0.1:3306/"),
];

function server(name: Server["name"], title: string, variable: string, standard: string): Server {
  return { name, title, variable, url: new URL(process.env[variable] || standard) };
}

/** Set by jest's global set-up, read by every worker: the names of the servers that do not answer, joined by commas. */
const ABSENT = "RETORT_TEST_ABSENT";

export function isAbsent(name: Server["name"]): boolean {
  return (process.env[ABSENT] ?? "").split(",").includes(name);
}

/** Asks every server once for the whole run, and remembers those that do not answer. */
export async function findAbsentServers(): Promise<readonly Server[]> {
  const answers = await Promise.all(servers.map(({ url }) => answersAt(url)));
  const absent = servers.filter((_, index) => !answers[index]);
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
