import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import { isBusy } from "../../../dialect/sqlite/driver-error";
import { cannotWrite, lockTimeout } from "../../errors";
import type { LockWait, RunLock } from "./contract";

/** Time between two tries for a lock that another process holds, in milliseconds. */
export const RETRY_EVERY = 25;

/** For a database in memory, which no other process sees. */
export const IN_MEMORY_LOCK: RunLock = { isHeld: () => Promise.resolve(true), release: () => Promise.resolve() };

/**
 * Holds an SQLite lock on a file of its own beside the database. The operating system releases it when the process
 * ends, however it ends; the file that a killed process leaves is not locked. The holder of the lock removes the file, and
 * a process that waited for a removed file waits for the new one.
 */
export async function lockFile(file: string, sqlite: typeof BetterSqlite3, wait: LockWait): Promise<RunLock> {
  const deadline = performance.now() + wait.timeout;
  let isNotified = false;
  for (;;) {
    const handle = withWriteError(() => tryLock(file, sqlite));
    if (handle) return heldLock(file, handle);
    if (performance.now() >= deadline)
      throw lockTimeout(wait.timeout, "another run of migrations has been holding the lock");
    if (!isNotified) wait.waiting();
    isNotified = true;
    await sleep(RETRY_EVERY);
  }
}

function tryLock(file: string, sqlite: typeof BetterSqlite3): BetterSqlite3.Database | undefined {
  // Closing any handle of a file that this process has locked would release the lock, so only a new file is opened here.
  if (!fs.existsSync(file)) fs.closeSync(fs.openSync(file, "a"));
  const before = identity(file);
  const handle = new sqlite(file, { timeout: 0 });
  try {
    // The same file before opening and after locking: then the locked file is the one that other processes see.
    handle.exec("BEGIN EXCLUSIVE");
    if (before !== undefined && identity(file) === before) return handle;
  } catch (error) {
    // SQLite reports a file that its holder has just removed as one that cannot be read: the next try opens the new one.
    const isRemoved = identity(file) !== before;
    if (!isBusy(error) && !isDamaged(error) && !isRemoved) {
      handle.close();
      throw error;
    }
    // Nothing is stored in it: the next try makes a new one.
    if (isDamaged(error) && !isRemoved) fs.rmSync(file, { force: true });
  }
  handle.close();
  return undefined;
}

function isDamaged(error: unknown): boolean {
  return /^SQLITE_(?:NOTADB|CORRUPT)/.test((error as { code?: string }).code ?? "");
}

function withWriteError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw cannotWrite(error);
  }
}

function heldLock(file: string, handle: BetterSqlite3.Database): RunLock {
  return {
    isHeld: () => Promise.resolve(handle.inTransaction),
    release: () => {
      fs.rmSync(file, { force: true });
      handle.close();
      return Promise.resolve();
    },
  };
}

/** What tells a file from one that took its name. The number of a removed file is given again, at once on some file systems. */
function identity(file: string): string | undefined {
  const stat = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.birthtimeNs}`;
}
