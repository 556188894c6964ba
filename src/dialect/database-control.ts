import type { DataSource } from "typeorm";

/** Forbids writes and cancels statements, enforced by the database and not by our own code. */
export interface DatabaseControl {
  /** Makes the database refuse every write, on all present and future connections of the DataSource. */
  forbidWrites(dataSource: DataSource): Promise<void>;
  /** The statement that allows writes again on one connection. */
  readonly allowWrites: string;
  /** Cancels the statements that run on the DataSource's connections; their callers receive errors. */
  cancel(dataSource: DataSource): Promise<void>;
}
