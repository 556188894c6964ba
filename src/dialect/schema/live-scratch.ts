import { createHash, randomBytes } from "node:crypto";
import { SCRATCH_PREFIX } from "./scratch";

/*
 * The names of scratch databases, by which those of a process that was killed are found.
 */

/** How the names of the scratch databases of one project database begin. */
export function scratchPrefixOf(database: string): string {
  return `${SCRATCH_PREFIX}${createHash("sha256").update(database).digest("hex").slice(0, 8)}_`;
}

export function newScratchName(database: string): string {
  return scratchPrefixOf(database) + randomBytes(6).toString("hex");
}
