import type { DataSource } from "typeorm";

/** What may be done over connections, and how what they do is ended: told to the database, not kept to by us. */
export interface DatabaseControl {
  /** Makes the database refuse every write, on every connection that the DataSource has and will make. */
  forbidWrites(dataSource: DataSource): Promise<void>;
  /** The statement that lets one connection write again. */
  readonly allowWrites: string;
  /** Ends the statements that run on the DataSource's connections; their callers get errors. Does nothing where none runs. */
  cancel(dataSource: DataSource): Promise<void>;
}
