/** Sends one statement and gives its rows; what Retort keeps its own books with. */
export type Send = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;
