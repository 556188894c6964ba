import type { Connection } from "mysql2";
import { messageOf } from "../../errors";
import { cannotCancel } from "../errors";

/** A connection of a pool, with the statement that it runs, which is not public. */
export interface Running {
  readonly threadId: number;
  readonly _command?: { readonly sql?: string } | undefined;
}

interface PoolToCancel {
  _allConnections?: { toArray(): readonly Running[] };
  readonly config?: { readonly connectionConfig: object };
}

/** The package mysql2. */
export interface Mysql {
  readonly Connection: new (options: { config: object }) => Connection;
}

/**
 * Cancels the statements that a pool's connections run, over a connection of its own: the pool may have none left. A statement is only
 * ended where the server runs it under the number that our connection has; behind a proxy that number can be somebody else's.
 *
 * @throws RetortError `database/cannot-cancel`
 */
export async function cancelIn({ _allConnections, config }: PoolToCancel, mysql: Mysql): Promise<void> {
  const running = new Map<number, string>();
  for (const { threadId, _command } of _allConnections?.toArray() ?? [])
    if (threadId && _command?.sql !== undefined) running.set(threadId, _command.sql);
  if (running.size === 0 || !config) return;
  const connection = new mysql.Connection({ config: config.connectionConfig });
  connection.on("error", () => undefined);
  try {
    const listed = await query(
      connection,
      `SELECT id AS id, info AS info FROM information_schema.processlist WHERE id IN (${[...running.keys()].join(", ")})`,
    );
    const ours = listed.filter(({ id, info }) => info?.trim() === running.get(Number(id))?.trim());
    if (ours.length === 0) {
      // It may have ended in the meantime.
      if (_allConnections?.toArray().every(({ threadId, _command }) => _command?.sql !== running.get(threadId))) return;
      throw cannotCancel(
        "the server does not list it under the number of our connection, so there is a proxy in between",
      );
    }
    for (const { id } of ours) await query(connection, `KILL QUERY ${Number(id)}`).catch(ignoreEnded);
  } catch (error) {
    throw (error as { code?: unknown }).code === "database/cannot-cancel" ? error : cannotCancel(messageOf(error));
  } finally {
    connection.end(() => undefined);
  }
}

interface Listed {
  readonly id: number;
  readonly info: string | null;
}

function query(connection: Connection, sql: string): Promise<Listed[]> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as unknown as Listed[])));
  });
}

/** The connection of a statement can be closed before it is cancelled. */
function ignoreEnded(error: { code?: string }): void {
  if (error.code !== "ER_NO_SUCH_THREAD") throw error as Error;
}
