import fs from "node:fs";
import path from "node:path";
import { repository } from "./repository";

const { version } = JSON.parse(fs.readFileSync(path.join(repository, "node_modules/typeorm/package.json"), "utf8")) as {
  version: string;
};

/** Whether the tests run on TypeORM 0.3 (`npm run test:typeorm-0.3`): for the few things that 1.x does differently. */
export const isTypeorm03 = version.startsWith("0.3.");

/** For `toThrow`: TypeORM 0.3 may reject with better-sqlite3's own error, which jest does not take for an Error. */
export function asError(error: unknown): never {
  throw error instanceof Error ? error : new Error((error as Error).message, { cause: error });
}
