import path from "node:path";
import { nodeTooOld } from "./errors";
import { readPackage } from "./package";
import { packageFolder } from "./resolve";

/**
 * Refuses a better-sqlite3 that is built for a later Node than this one: loading its binary would end the process without a message.
 * Only its package.json is read.
 * @param file a file that imports it
 * @throws RetortError `config/node-too-old`
 */
export function expectLoadable(file: string): void {
  const folder = packageFolder("better-sqlite3", path.dirname(file));
  const { version, engines } = (folder && readPackage(folder)?.json) || {};
  const lowest = Number(/^>=\s*(\d+)/.exec(engines?.node ?? "")?.[1] ?? 0);
  const current = Number(process.versions.node.split(".")[0]);
  if (current < lowest)
    throw nodeTooOld(path.dirname(file), `better-sqlite3 ${version}`, lowest, process.versions.node);
}
