import { createPool, type Connection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { Pool, type PoolClient } from "pg";
import { eachDatabase } from "./databases";
import { eachLabServer } from "./lab";
import {
  firstAccounts,
  mariadbCases,
  postgresCases,
  serializableCase,
  transferMoney,
  type Account,
  type Bank,
  type MoneyCase,
} from "./money";
import type { ServerType } from "./servers";

// Smaller than what a session has to stand: here the servers, and that the test notices a lost update, are what is tested.
const OPTIONS = { workers: 12, transfers: 120, accounts: 6 };
const POOL = 10;

type Row = Account & { readonly version: number };

/** A transaction with the bare driver. */
interface Transaction {
  readonly rows: (sql: string) => Promise<Row[]>;
  /** Gives the number of rows that were changed. */
  readonly change: (sql: string) => Promise<number>;
}

class StaleVersion extends Error {}

/** What may be done again: serialization failures and deadlocks of PostgreSQL, deadlocks and lock timeouts of MariaDB. */
const RETRYABLE = ["40001", "40P01", "ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT", "ER_CHECKREAD"];

interface BareCase extends Omit<MoneyCase, "protection"> {
  readonly protection: MoneyCase["protection"] | "none";
}

interface BareBank extends Bank {
  close(): Promise<void>;
}

/** A bank with the bare driver; `urls` gives the address of each new connection's server. */
function bankAt(type: ServerType, url: () => string, { isolation, protection }: BareCase): BareBank {
  const { transaction, close } = type === "postgres" ? onPostgres(url(), isolation) : onMariadb(url, isolation);
  const read = (where: string) => `SELECT id, cents, version FROM accounts ${where}`;
  return {
    transfer: (from, to, cents) =>
      transaction(async ({ rows, change }) => {
        const lock = protection === "forUpdate" ? " FOR UPDATE" : "";
        const accounts = await rows(`${read(`WHERE id IN (${from}, ${to}) ORDER BY id`)}${lock}`);
        for (const { id, cents: before, version } of accounts) {
          const after = id === from ? before - cents : before + cents;
          const unchanged = protection === "version" ? ` AND version = ${version}` : "";
          const set = `cents = ${after}, version = ${version + 1}`;
          const changed = await change(`UPDATE accounts SET ${set} WHERE id = ${id}${unchanged}`);
          if (changed !== 1) throw new StaleVersion();
        }
      }),
    isRetryable: (error) =>
      error instanceof StaleVersion || RETRYABLE.includes((error as { code?: string }).code ?? ""),
    accounts: () => transaction(({ rows }) => rows(read("ORDER BY id"))),
    close,
  };
}

function onPostgres(connectionString: string, isolation: string) {
  const pool = new Pool({ connectionString, max: POOL });
  const transaction = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const client: PoolClient = await pool.connect();
    try {
      await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
      const result = await work({
        rows: async (sql) => (await client.query<Row>(sql)).rows,
        change: async (sql) => (await client.query(sql)).rowCount ?? 0,
      });
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    } finally {
      client.release();
    }
  };
  return { transaction, close: () => pool.end() };
}

function onMariadb(url: () => string, isolation: string) {
  const pools = new Map<string, ReturnType<typeof createPool>>();
  const poolAt = (uri: string) => {
    if (!pools.has(uri)) pools.set(uri, createPool({ uri, connectionLimit: POOL }));
    return pools.get(uri)!;
  };
  const transaction = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const connection = await poolAt(url()).getConnection();
    const run = (sql: string) => (connection as Connection).query<RowDataPacket[] & ResultSetHeader>(sql);
    try {
      await run(`SET TRANSACTION ISOLATION LEVEL ${isolation}`);
      await run("START TRANSACTION");
      const result = await work({
        rows: async (sql) => (await run(sql))[0] as unknown as Row[],
        change: async (sql) => (await run(sql))[0].affectedRows,
      });
      await run("COMMIT");
      return result;
    } catch (error) {
      await run("ROLLBACK");
      throw error;
    } finally {
      connection.release();
    }
  };
  return { transaction, close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.end()))) };
}

interface Place {
  /** Where a new connection goes. */
  url(): string;
  readonly writableUrl: string;
}

async function makeAccounts(type: ServerType, { writableUrl }: Place): Promise<void> {
  const { transaction, close } = (type === "postgres" ? onPostgres : onMariadbAt)(writableUrl, "READ COMMITTED");
  const values = firstAccounts(OPTIONS).map(({ id, cents }) => `(${id}, ${cents}, 1)`);
  for (const sql of [
    "DROP TABLE IF EXISTS accounts",
    "CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL, version int NOT NULL)",
    `INSERT INTO accounts VALUES ${values.join()}`,
  ]) {
    await transaction(({ change }) => change(sql));
  }
  await close();
}

const onMariadbAt = (url: string, isolation: string) => onMariadb(() => url, isolation);

/** Declares the money test for each case, and shows that it fails where nothing protects the transfers. */
function declareMoneyTests(type: ServerType, cases: readonly MoneyCase[], create: () => Promise<Place>): void {
  let place: Place;
  beforeAll(async () => {
    place = await create();
  });

  const run = async (money: BareCase) => {
    await makeAccounts(type, place);
    const bank = bankAt(type, () => place.url(), money);
    try {
      return await transferMoney(bank, OPTIONS);
    } finally {
      await bank.close();
    }
  };

  test.each(cases)("no transfer is lost: $isolation, $protection", async (money) => {
    expect(await run(money)).toMatchObject({ transfers: OPTIONS.transfers, wrong: [] });
  });

  test("transfers are lost at READ COMMITTED when nothing protects them", async () => {
    const { wrong } = await run({ isolation: "READ COMMITTED", protection: "none" });
    expect(wrong).not.toEqual([]);
  });
}

eachLabServer(
  (server) => {
    const cases = server.name === "galera" ? mariadbCases : postgresCases;
    declareMoneyTests(server.type, cases, () => server.create());
  },
  ["primary", "pooler", "galera"],
);

eachDatabase(
  (database) => {
    declareMoneyTests("mariadb", [...mariadbCases, serializableCase], async () => {
      const { env } = await database.create();
      return { url: () => env["DATABASE_URL"]!, writableUrl: env["DATABASE_URL"]! };
    });
  },
  ["mariadb"],
);
