import fs from "node:fs";
import path from "node:path";
import { awaiting } from "../awaited-work";
import type { Project } from "../config/project";
import type { Database } from "../session/database";
import { isRecord } from "../values";
import { startFileGivesNoNames } from "./errors";

type Exports = Readonly<Record<string, unknown>>;

const NAMES = [".retortrc.ts", ".retortrc.mts", ".retortrc.cts", ".retortrc.js", ".retortrc.mjs", ".retortrc.cjs"];

/**
 * The names that the project's start file adds to the prompt: its exports, and those of its default export, an object or a function that
 * is given the Database. None where there is no such file.
 * @see Flask's `shell_context_processor`
 * @throws cli/start-file, and the errors of loading the file
 */
export async function namesOfStartFile(project: Project, db: Database): Promise<Record<string, unknown>> {
  const name = NAMES.find((candidate) => fs.existsSync(path.join(project.root, candidate)));
  if (name === undefined) return {};
  return awaiting(name, async () => {
    const exports: unknown = await project.load(path.join(project.root, name));
    // `module.exports = (db) => …`
    const { default: main, ...named } = typeof exports === "function" ? { default: exports } : (exports as Exports);
    const given: unknown = typeof main === "function" ? await (main as (db: Database) => unknown)(db) : main;
    if (given !== undefined && given !== null && !isRecord(given)) throw startFileGivesNoNames(name);
    const { default: inner, ...more } = (given ?? {}) as Record<string, unknown>;
    // The `module.exports` of CommonJS is the default export as well.
    const names = { ...named, ...more, ...(isRecord(inner) ? inner : {}) };
    return Object.fromEntries(
      Object.entries(names).filter(([key]) => key !== "__esModule" && key !== "module.exports"),
    );
  });
}
