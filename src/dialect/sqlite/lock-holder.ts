import fs from "node:fs";

/**
 * The byte that SQLite locks to write (https://www.sqlite.org/lockingv3.html), and the one in the -shm file of WAL
 * mode.
 */
const RESERVED_BYTE = 0x40000001;
const WAL_WRITE_BYTE = 120;

/** The other process that holds the write lock of a database file: `process 4711`. Known on Linux only. */
export function lockHolder(file: string): string | undefined {
  return holderOf(file, RESERVED_BYTE) ?? holderOf(`${file}-shm`, WAL_WRITE_BYTE);
}

function holderOf(file: string, byte: number): string | undefined {
  try {
    const inode = String(fs.statSync(file).ino);
    for (const line of fs.readFileSync("/proc/locks", "utf8").split("\n")) {
      // 12: POSIX  ADVISORY  WRITE 4711 08:01:123456 1073741825 1073741825
      const [, , , mode, pid, place = "", from, to] = line.split(/\s+/);
      if (mode !== "WRITE" || !place.endsWith(`:${inode}`) || Number(pid) <= 0 || Number(pid) === process.pid) continue;
      if (Number(from) <= byte && (to === "EOF" || Number(to) >= byte)) return `process ${pid}`;
    }
  } catch {
    // No file, or no /proc/locks: the message does not name the process.
  }
  return undefined;
}
