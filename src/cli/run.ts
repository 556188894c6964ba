import fs from "node:fs";
import path from "node:path";
import { awaiting } from "../awaited-work";
import { RetortError } from "../errors";
import { namesOf } from "../shell/names";
import type { CommandContext } from "./command";
import { fileMissing, fileThrew } from "./errors";
import { errorLocation } from "./error-location";
import { PendingWork } from "./pending-work";
import { errorText } from "./report";
import { namesOfStartFile } from "./start-file";

/**
 * `retort run FILE [args…]`: runs a file of the project with the prompt's names as globals. It commits nothing by itself, and notes
 * what the file left uncommitted, since it is lost.
 */
export async function run(context: CommandContext): Promise<void> {
  const [name, ...args] = context.args as [string, ...string[]];
  const file = path.resolve(context.io.cwd, name);
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) throw fileMissing(name);
  const project = await context.project();
  const db = await context.database({ use: "write" });
  const names = { ...project.settings.shell?.names, ...(await namesOfStartFile(project, db)) };
  defineGlobals(namesOf(db, { names }));
  process.argv = [process.argv[0]!, file, ...args];
  const { redirectRunPrint } = require("../shell/print/run-print") as typeof import("../shell/print/run-print");
  redirectRunPrint(db, project.settings.shell, context.io.stdout, context.io.env);
  const pending = new PendingWork(db.dataSource);
  try {
    await awaiting(name, async () => {
      const exported = await project.load(file, { isMain: true });
      await defaultFunction(exported)?.();
    });
  } catch (error) {
    throw failure(error, name);
  }
  await pending.finished();
  const unsaved = db.session.new.length + db.session.dirty.length + db.session.deleted.length;
  if (unsaved > 0) context.note(`retort: ${name} left ${unsaved} unsaved, and did not commit`);
}

function defineGlobals(names: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** `export default async function …`, or `module.exports = async () => …`; not a class. */
function defaultFunction(exported: unknown): (() => unknown) | undefined {
  const value = typeof exported === "function" ? exported : (exported as { default?: unknown } | null)?.default;
  if (typeof value !== "function" || /^class\b/.test(Function.prototype.toString.call(value))) return undefined;
  return value as () => unknown;
}

function failure(error: unknown, name: string): RetortError {
  if (error instanceof RetortError && error.code.startsWith("config/")) return error;
  const inner = error instanceof RetortError ? error : undefined;
  return fileThrew(errorLocation(error) ?? name, errorText(error), error, inner?.hint);
}
