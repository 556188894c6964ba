/** Sends one statement and resolves to its rows. */
export type Send = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;
