import { setTimeout as sleep } from "node:timers/promises";

/** One account as it is stored. */
export interface Account {
  readonly id: number;
  readonly cents: number;
}

/** What the money test needs of the code that it tests. */
export interface Bank {
  /**
   * Moves cents from one account to another in one transaction: reads both, and writes what it has computed from what it
   * read. Throws when the transaction fails.
   */
  transfer(from: number, to: number, cents: number): Promise<void>;
  /** Whether the transfer that threw this has left nothing behind, and may be done again. */
  isRetryable(error: unknown): boolean;
  /** All accounts, as the database has them. */
  accounts(): Promise<readonly Account[]>;
}

export interface MoneyOptions {
  readonly workers: number;
  readonly transfers: number;
  /** How many accounts there are: the fewer, the more often two transfers meet. Their ids are 1 … accounts. */
  readonly accounts: number;
}

export interface MoneyResult {
  readonly transfers: number;
  /** How often a transfer was done again. */
  readonly retries: number;
  readonly seconds: number;
  /** The cents of all accounts. */
  readonly sum: number;
  /** The accounts whose cents are not what the transfers that succeeded have made of them. */
  readonly wrong: readonly { readonly id: number; readonly stored: number; readonly expected: number }[];
}

const CENTS_AT_FIRST = 10_000;

/** The accounts before the first transfer. */
export function firstAccounts({ accounts }: MoneyOptions): Account[] {
  return Array.from({ length: accounts }, (_, index) => ({ id: index + 1, cents: CENTS_AT_FIRST }));
}

/**
 * Workers transfer money at the same time; each transfer is repeated until it succeeds. A lost update changes the sum, or
 * one account: every account is compared, since two lost updates may cancel each other out in the sum.
 */
export async function transferMoney(bank: Bank, options: MoneyOptions): Promise<MoneyResult> {
  const expected = new Map(firstAccounts(options).map(({ id, cents }) => [id, cents]));
  let [started, transfers, retries] = [0, 0, 0];
  const begun = performance.now();

  const work = async () => {
    while (started < options.transfers) {
      const number = started++;
      const [from, to] = pairOf(number, options.accounts);
      const cents = 1 + (number % 7);
      for (let attempt = 0; ; attempt++) {
        try {
          await bank.transfer(from, to, cents);
          break;
        } catch (error) {
          if (!bank.isRetryable(error)) throw error;
          retries++;
          await sleep(Math.random() * Math.min(2 ** attempt, 100));
        }
      }
      expected.set(from, expected.get(from)! - cents);
      expected.set(to, expected.get(to)! + cents);
      transfers++;
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));

  const seconds = (performance.now() - begun) / 1_000;
  const stored = await bank.accounts();
  const sum = stored.reduce((total, { cents }) => total + cents, 0);
  const wrong = stored
    .map(({ id, cents }) => ({ id, stored: cents, expected: expected.get(id)! }))
    .filter((account) => account.stored !== account.expected);
  return { transfers, retries, seconds, sum, wrong };
}

/** Two different accounts, the same ones in every run: each meets each, in both directions. */
function pairOf(number: number, accounts: number): [from: number, to: number] {
  const from = number % accounts;
  const distance = 1 + (Math.floor(number / accounts) % (accounts - 1));
  return [1 + from, 1 + ((from + distance) % accounts)];
}

export type Isolation = "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE";

/** What keeps a transfer from overwriting another one's: the isolation level itself, a version column, or row locks. */
export type Protection = "isolation" | "version" | "forUpdate";

export interface MoneyCase {
  readonly isolation: Isolation;
  readonly protection: Protection;
}

/** PostgreSQL, directly and through a pooler. */
export const postgresCases: readonly MoneyCase[] = [
  { isolation: "READ COMMITTED", protection: "version" },
  { isolation: "READ COMMITTED", protection: "forUpdate" },
  { isolation: "REPEATABLE READ", protection: "isolation" },
  { isolation: "SERIALIZABLE", protection: "isolation" },
];

/** MariaDB, and the nodes of a cluster. At REPEATABLE READ an update overwrites what another transaction has committed. */
export const mariadbCases: readonly MoneyCase[] = [
  { isolation: "READ COMMITTED", protection: "version" },
  { isolation: "READ COMMITTED", protection: "forUpdate" },
  { isolation: "REPEATABLE READ", protection: "version" },
  { isolation: "REPEATABLE READ", protection: "forUpdate" },
];

/** One MariaDB server only: a cluster's nodes do not see each other's read locks. */
export const serializableCase: MoneyCase = { isolation: "SERIALIZABLE", protection: "isolation" };
