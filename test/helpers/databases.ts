import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { DataSourceOptions } from "typeorm";
import { administer } from "./administer";
import { isAbsent, isSkipped, servers, type Server, type ServerType } from "./servers";

export type DatabaseName = "sqlite" | ServerType;

/** An empty database of its own, dropped when the test file ends. */
export interface ScratchDatabase {
  /** Add `entities`, `migrations` … to it: `new DataSource({ ...scratch.options, entities: [User] })`. */
  readonly options: DataSourceOptions;
  /** For the command line: DATABASE_URL of a server; on SQLite there is none, the project's own file is used. */
  readonly env: Readonly<Record<string, string>>;
  /** Name of the database in its server, or the SQLite file. */
  readonly name: string;
  drop(): Promise<void>;
}

/** One kind of database, as `eachDatabase` hands it to the suites. */
export interface TestDatabase {
  readonly name: DatabaseName;
  create(): Promise<ScratchDatabase>;
}

const created = new Set<ScratchDatabase>();

// The module is loaded once a test file, so this hook is the file's own and runs after those of its suites.
afterAll(async () => {
  for (const database of [...created]) await database.drop();
});

const sqlite: TestDatabase = {
  name: "sqlite",
  create: () => Promise.resolve(createFile()),
};

function createFile(): ScratchDatabase {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-db-"));
  const file = path.join(folder, "scratch.sqlite");
  return remember({
    name: file,
    options: { type: "better-sqlite3", database: file },
    env: {},
    drop: () => fs.promises.rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  });
}

function onServer(server: Server): TestDatabase {
  return { name: server.type, create: () => createOn(server) };
}

/** Makes a database in the server. */
export async function createOn(server: Server): Promise<ScratchDatabase> {
  if (isAbsent(server)) throw new Error(missing(server));
  const name = `${databasePrefix()}${randomBytes(6).toString("hex")}`;
  await administer(server, (admin) => admin.create(name));
  const { href } = databaseUrl(server, name);
  return remember({
    name,
    options: { type: server.type, url: href },
    env: { DATABASE_URL: href },
    drop: () => administer(server, (admin) => admin.drop(name)),
  });
}

export function databaseUrl(server: Server, name: string): URL {
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url;
}

function remember(database: ScratchDatabase): ScratchDatabase {
  const drop = async () => {
    if (!created.delete(remembered)) return;
    await database.drop();
  };
  const remembered = { ...database, drop };
  created.add(remembered);
  return remembered;
}

/** Databases of one test run begin alike, so that the run can sweep away what a killed worker left. */
export function databasePrefix(): string {
  return `retort_test_${process.env["RETORT_TEST_RUN"] ?? "alone"}_`;
}

export function missing({ title, url, remedy }: Server): string {
  return `${title} does not answer at ${url.host} (${remedy})`;
}

export const databases: readonly TestDatabase[] = [sqlite, ...servers.map(onServer)];

/** The kind of database by its name, for a test that is about one only. */
export function database(name: DatabaseName): TestDatabase {
  return databases.find((candidate) => candidate.name === name)!;
}

/**
 * Declares the suite once a database. A server that does not answer has its suite skipped (the run says so in one line);
 * with CI=true the suite runs all the same, and its tests fail at `create()`.
 *
 * @example eachDatabase((database) => { test("…", async () => { const scratch = await database.create(); }); });
 */
export function eachDatabase(
  declare: (database: TestDatabase) => void,
  names: readonly DatabaseName[] = databases.map(({ name }) => name),
): void {
  for (const candidate of databases.filter(({ name }) => names.includes(name))) {
    const suite = servers.some((server) => server.name === candidate.name && isSkipped(server))
      ? describe.skip
      : describe;
    suite(candidate.name, () => declare(candidate));
  }
}
