import type { DataSource } from "typeorm";

/** A text for a terminal, written while the main thread is blocked. */
export interface Unstoppable {
  readonly fd: number;
  readonly text: string;
}

/** Forbids writes and cancels statements, enforced by the database and not by our own code. */
export interface DatabaseControl {
  /**
   * The hosts that the DataSource's connections lead to, as the driver resolved them from all of its options and the environment: a name,
   * an address, or the path of a socket. Empty for a database in a file; undefined where it cannot be known (a stream of the project's own).
   */
  hosts(dataSource: DataSource): readonly (string | undefined)[];
  /**
   * Makes the database refuse every write, on all present and future connections of the DataSource, except in `allowWrites`. Changes
   * nothing for others who use the same server or its pooler.
   */
  forbidWrites(dataSource: DataSource): Promise<void>;
  /**
   * Prepares for `cancel` where statements run in this process, which could not be ended there: reads outside of a transaction that may
   * take long run in another one.
   *
   * @param unstoppable what is written where a statement that cannot be ended runs for a second; undefined: nothing
   */
  makeStoppable(dataSource: DataSource, unstoppable: Unstoppable | undefined): void;
  /** Cancels the statements that run on the DataSource's connections; their callers receive errors. */
  cancel(dataSource: DataSource): Promise<void>;
}

/** Does something with a driver's pools now, and again whenever the DataSource is destroyed and initialised, which makes new ones. */
export async function onEveryConnect<T extends { connect(): Promise<void> }>(
  driver: T,
  work: (driver: T) => Promise<void>,
): Promise<void> {
  await work(driver);
  const connect = driver.connect.bind(driver);
  driver.connect = async () => {
    await connect();
    await work(driver);
  };
}
