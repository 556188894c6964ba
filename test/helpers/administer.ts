import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import type { Server } from "./servers";

/** What the tests ask of a server as its administrator. */
export interface Administrator {
  create(database: string): Promise<void>;
  /** Ends the connections to the database first: a test that failed may have left some open. */
  drop(database: string): Promise<void>;
  /** Names of the databases that begin so. */
  list(prefix: string): Promise<string[]>;
}

/** Connects, does the work, and disconnects. */
export function administer<T>(server: Server, work: (administrator: Administrator) => Promise<T>): Promise<T> {
  return server.type === "postgres" ? onPostgres(server, work) : onMariadb(server, work);
}

async function onPostgres<T>(server: Server, work: (administrator: Administrator) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server.url.href });
  await client.connect();
  try {
    return await work({
      create: async (name) => void (await client.query(`CREATE DATABASE "${name}"`)),
      drop: async (name) => void (await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)),
      list: async (prefix) => {
        const { rows } = await client.query<{ datname: string }>(
          "SELECT datname FROM pg_database WHERE starts_with(datname, $1)",
          [prefix],
        );
        return rows.map((row) => row.datname);
      },
    });
  } finally {
    await client.end();
  }
}

async function onMariadb<T>(server: Server, work: (administrator: Administrator) => Promise<T>): Promise<T> {
  const connection = await createConnection(server.url.href);
  const names = async (sql: string, parameter: string) => {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [parameter]);
    return rows.map((row) => String(row["name"]));
  };
  const endConnections = async (database: string) => {
    const ids = await names("SELECT id AS name FROM information_schema.processlist WHERE db = ?", database);
    for (const id of ids) await connection.query(`KILL ${id}`).catch(() => undefined); // it may just have gone by itself
  };
  try {
    return await work({
      create: async (name) => void (await connection.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`)),
      drop: async (name) => {
        await endConnections(name);
        await connection.query(`DROP DATABASE IF EXISTS \`${name}\``);
      },
      list: (prefix) =>
        names("SELECT schema_name AS name FROM information_schema.schemata WHERE LOCATE(?, schema_name) = 1", prefix),
    });
  } finally {
    await connection.end();
  }
}
